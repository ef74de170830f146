import IPAMKit
import YAML

/// A CNI configuration as text: a file, or `spec.config` of a NetworkAttachmentDefinition.
struct ConfigDocument: Sendable {
    /// A path, or "standard input"; nil for a NetworkAttachmentDefinition from Kubernetes.
    let file: String?
    /// The NetworkAttachmentDefinition, such as `default/database`; nil for a CNI file.
    var definition: String?
    let text: [UInt8]
    /// What to add to the lines and columns of the text to find its place in the file; nil if the text does not stand in it
    /// line by line.
    var offset: (lines: Int, columns: Int)?

    /// The name that Multus gives to a configuration without one; nil for a CNI file.
    var defaultName: String? {
        definition.map { String($0[($0.lastIndex(of: "/").map($0.index(after:)) ?? $0.startIndex)...]) }
    }

    /// What could not be read, instead of a document.
    struct Problem: Error {
        var place: JSONPlace?
        var status = Check.Status.failed
        let file: String
        var definition: String?
        let message: String
        var next: String?
    }

    /// The documents of one file.
    ///
    /// - Parameter bytes: JSON, or a manifest in YAML or JSON whose NetworkAttachmentDefinitions count.
    static func documents(in bytes: [UInt8], of name: String) -> [Result<ConfigDocument, Problem>] {
        guard isManifest(bytes, name) else {
            return [.success(ConfigDocument(file: name, text: bytes, offset: (0, 0)))]
        }
        let nodes: [YAMLNode]
        do throws(YAMLError) {
            nodes = try YAMLReader.documents(bytes)
        } catch {
            let place = JSONPlace(line: error.mark.line, column: error.mark.column)
            return [.failure(Problem(place: place, file: name, message: "not valid YAML: \(error.problem)"))]
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let found = nodes.flatMap(definitions).map { document(of: $0, in: lines, name) }
        guard found.isEmpty else { return found }
        return [
            .failure(Problem(status: .skipped, file: name, message: "there is no NetworkAttachmentDefinition in it"))
        ]
    }

    /// Whether a file is a manifest rather than a CNI file, which has no `kind`.
    private static func isManifest(_ bytes: [UInt8], _ name: String) -> Bool {
        if [".yaml", ".yml"].contains(where: name.hasSuffix) { return true }
        if let object = (try? JSONValue(parsing: bytes))?.object {
            return object["kind"] != nil && object["apiVersion"] != nil
        }
        // Runtimes read these names as JSON (libcni, `ConfFiles`), and no text of JSON begins with a byte order mark.
        if [".conf", ".conflist", ".json"].contains(where: name.hasSuffix) || bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            return false
        }
        return bytes.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }.map { ![0x7B, 0x5B].contains($0) } ?? false
    }

    /// The NetworkAttachmentDefinitions in a document, which may be a list.
    private static func definitions(in node: YAMLNode) -> [YAMLNode] {
        switch node["kind"]?.string {
        case "NetworkAttachmentDefinition": [node]
        case "List", "NetworkAttachmentDefinitionList": (node["items"]?.elements ?? []).flatMap(definitions)
        default: []
        }
    }

    private static func document(of node: YAMLNode, in lines: [ArraySlice<UInt8>], _ file: String)
        -> Result<ConfigDocument, Problem>
    {
        for (key, value) in [("metadata", node["metadata"]), ("spec", node["spec"])] {
            guard let value else { continue }
            guard case .mapping = value.content else {
                return .failure(
                    Problem(
                        place: JSONPlace(line: value.mark.line, column: value.mark.column), file: file,
                        message: "\(key) must be a mapping, not \(value.kindName)"))
            }
        }
        guard let short = node["metadata"]?["name"]?.string else {
            return .failure(
                Problem(
                    place: JSONPlace(line: node.mark.line, column: node.mark.column), file: file,
                    message: "metadata.name of the NetworkAttachmentDefinition is missing, or not a string"))
        }
        let namespace = node["metadata"]?["namespace"]?.string.map { $0 + "/" } ?? ""
        let name = namespace + short
        guard let config = node["spec"]?["config"] else {
            return .failure(
                Problem(
                    status: .skipped, file: file, definition: name,
                    message: "it has no spec.config: Multus reads a CNI file with this name on the node"))
        }
        guard let text = config.string else {
            return .failure(
                Problem(
                    place: JSONPlace(line: config.mark.line, column: config.mark.column), file: file,
                    definition: name,
                    message: "spec.config must be a string with JSON in it, not \(config.kindName)",
                    next: "write 'config: |' and the JSON on indented lines"))
        }
        return .success(
            ConfigDocument(
                file: file, definition: name, text: Array(text.utf8), offset: offset(of: config.mark, in: lines)))
    }

    /// The offset of a literal block scalar (YAML 1.2 section 8.1.2), whose lines are those of the file without their
    /// indentation; nil for any other scalar.
    private static func offset(of mark: YAMLMark, in lines: [ArraySlice<UInt8>]) -> (lines: Int, columns: Int)? {
        guard lines.indices.contains(mark.line - 1),
            lines[mark.line - 1].dropFirst(mark.column - 1).first == UInt8(ascii: "|")
        else { return nil }
        let first = lines.dropFirst(mark.line).first { line in line.contains { $0 != 0x20 && $0 != 0x0D } }
        return first.map { (mark.line, $0.prefix { $0 == 0x20 }.count) }
    }
}
