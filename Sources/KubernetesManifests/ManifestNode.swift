import IPAMKit
import YAML

/// A value of a manifest, with its path for error messages.
struct ManifestNode {
    let node: YAMLNode
    /// Such as `spec.template`; empty for the object itself.
    let path: String
    let file: String

    var place: PlannedObject.Place { PlannedObject.Place(file: file, line: node.mark.line) }

    func error(_ problem: String, hint: String? = nil) -> ManifestError {
        ManifestError(place: place, problem: problem, hint: hint)
    }

    private func path(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value of a key; nil if it is absent or null.
    subscript(key: String) -> ManifestNode? {
        node[key].map { ManifestNode(node: $0, path: path(key), file: file) }
    }

    /// The mapping of a key; nil if it is absent or null.
    func mapping(_ key: String) throws(ManifestError) -> ManifestNode? {
        guard let found = self[key] else { return nil }
        guard case .mapping = found.node.content else { throw found.isNot("a mapping") }
        return found
    }

    /// The mapping of a key.
    func requiredMapping(_ key: String) throws(ManifestError) -> ManifestNode {
        guard let found = try mapping(key) else { throw error("\(path(key)) is missing") }
        return found
    }

    /// The elements of a key's list; empty if it is absent or null.
    func elements(_ key: String) throws(ManifestError) -> [ManifestNode] {
        guard let found = self[key] else { return [] }
        guard let elements = found.node.elements else { throw found.isNot("a list") }
        return elements.enumerated().map { ManifestNode(node: $1, path: "\(found.path)[\($0)]", file: file) }
    }

    /// The string of a key; nil if it is absent or null.
    func string(_ key: String) throws(ManifestError) -> String? {
        guard let found = self[key] else { return nil }
        guard let text = found.node.string else { throw found.isNot("a string", hint: "put the value in quotes") }
        return text
    }

    /// True or false of a key; false if it is absent or null.
    func bool(_ key: String) throws(ManifestError) -> Bool {
        guard let found = self[key] else { return false }
        guard let value = found.node.json.bool else { throw found.isNot("true or false") }
        return value
    }

    /// The number of a key, from 0 to the largest 32-bit number; nil if it is absent or null.
    func count(_ key: String) throws(ManifestError) -> Int? {
        guard let found = self[key] else { return nil }
        guard case .number = found.node.json else { throw found.isNot("a number") }
        guard let number = found.node.json.int, (0...Int(Int32.max)).contains(number) else {
            throw found.error("\(found.path) must be a whole number from 0 to \(Int32.max)")
        }
        return number
    }

    func isNot(_ kind: String, hint: String? = nil) -> ManifestError {
        error("\(path) must be \(kind), not \(node.kindName)", hint: hint)
    }
}
