import HTTPTransport

/// The files that a kubeconfig names, relative to its own folder.
struct KubeconfigFiles {
    let folder: String

    /// PEM text that is either in a field (`FIELD-data`) or in a file (`FIELD`).
    struct Material {
        /// As the transport takes it. A file stays a file: who renews it need not tell us.
        let pem: TLSOptions.PEM
        let bytes: [UInt8]
        /// The field that it came from.
        let field: String
    }

    /// - Throws: ``KubeconfigError`` when both fields are there, or what they say cannot be read.
    func material(_ field: String, of section: KubeconfigSection) throws(KubeconfigError) -> Material? {
        let dataField = "\(field)-data"
        let data = try section.data(dataField)
        let named = try section.text(field)
        if let data {
            guard named == nil else {
                throw section.wrong(field, "and \(dataField) are both there: leave one of them out")
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
