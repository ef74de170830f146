import HTTPTransport

/// Reads the files that a kubeconfig names, relative to its folder.
struct KubeconfigFiles {
    let folder: String

    /// PEM text, from a field (`FIELD-data`) or from a file (`FIELD`).
    struct Material {
        /// For the transport. A file stays a file, so that a renewed certificate is used without reading the kubeconfig again.
        let pem: TLSOptions.PEM
        let bytes: [UInt8]
        /// The name of the field.
        let field: String
    }

    /// The PEM text of a field or of its file; nil if neither is set.
    ///
    /// - Throws: ``KubeconfigError`` if both are set, or if the value or the file cannot be read.
    func material(_ field: String, of section: KubeconfigSection) throws(KubeconfigError) -> Material? {
        let dataField = "\(field)-data"
        let data = try section.data(dataField)
        let named = try section.text(field)
        if let data {
            guard named == nil else {
                throw section.wrong(field, "and \(dataField) are both set: remove one of them")
            }
            return Material(pem: .bytes(data), bytes: data, field: dataField)
        }
        guard let named else { return nil }
        let path = absolute(named)
        return Material(pem: .file(path), bytes: try bytes(path, field, of: section), field: field)
    }

    func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        return folder.hasSuffix("/") || folder.isEmpty ? folder + path : "\(folder)/\(path)"
    }

    func bytes(_ path: String, _ field: String, of section: KubeconfigSection) throws(KubeconfigError) -> [UInt8] {
        do throws(SmallFile.Problem) {
            return try SmallFile.bytes(path)
        } catch {
            throw .file(section.place(field), field: section.name(field), path: path, problem: error.clause)
        }
    }
}
