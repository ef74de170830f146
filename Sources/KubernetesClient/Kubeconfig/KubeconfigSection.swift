import YAML

/// A mapping of a kubeconfig, with access to its fields by name.
struct KubeconfigSection {
    let path: String
    /// Its name in error messages, such as `user "admin"`; empty for the whole file.
    let title: String
    let mark: YAMLMark
    private let members: [String: YAMLNode]

    /// - Throws: ``KubeconfigError`` if `node` is not a mapping.
    init(_ node: YAMLNode, path: String, title: String) throws(KubeconfigError) {
        self.path = path
        self.title = title
        mark = node.mark
        if case .mapping(let members) = node.content {
            self.members = members
            return
        }
        members = [:]
        guard node.isNull else {
            throw .value(
                .init(path: path, line: node.mark.line), field: title.isEmpty ? "the file" : title,
                problem: "must be a mapping of fields, not \(node.kindName)")
        }
    }

    /// The name of a field in error messages, such as `user "admin": token`.
    func name(_ field: String) -> String {
        title.isEmpty ? field : "\(title): \(field)"
    }

    /// The place of a field, or of the section if it has no such field.
    func place(_ field: String? = nil) -> KubeconfigError.Place {
        let mark = field.flatMap { self.members[$0]?.mark } ?? mark
        return .init(path: path, line: mark.line)
    }

    func wrong(_ field: String, _ problem: String) -> KubeconfigError {
        .value(place(field), field: name(field), problem: problem)
    }

    /// The value of a field; nil if it is absent or null.
    func node(_ field: String) -> YAMLNode? {
        members[field].flatMap { $0.isNull ? nil : $0 }
    }

    /// Whether a field has a value that is neither null nor empty.
    func isGiven(_ field: String) -> Bool {
        guard let node = node(field) else { return false }
        return switch node.content {
        case .scalar(let text, _): !text.isEmpty
        case .sequence(let elements): !elements.isEmpty
        case .mapping: true
        }
    }

    /// The string of a field; nil if it is absent, null or empty, which mean the same in a kubeconfig.
    func text(_ field: String) throws(KubeconfigError) -> String? {
        guard let node = node(field) else { return nil }
        guard case .scalar(let text, _) = node.content else {
            throw wrong(field, "must be a string, not \(node.kindName)")
        }
        guard !text.utf8.contains(0) else { throw wrong(field, "contains a NUL character") }
        return text.isEmpty ? nil : text
    }

    /// The Boolean value of a field; false if it is absent.
    func flag(_ field: String) throws(KubeconfigError) -> Bool {
        guard let node = node(field) else { return false }
        guard case .scalar(let text, isPlain: true) = node.content else {
            throw wrong(field, "must be true or false, without quotes")
        }
        switch text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: throw wrong(field, "must be true or false")
        }
    }

    /// The bytes of a field in Base64; nil if it is absent.
    func data(_ field: String) throws(KubeconfigError) -> [UInt8]? {
        guard let text = try text(field) else { return nil }
        guard let bytes = Base64.bytes(text) else { throw wrong(field, "is not Base64 (RFC 4648 section 4)") }
        return bytes
    }

    /// The entries of one of the three lists, each `{name: ..., context|cluster|user: {...}}`.
    func entries(_ kind: KubeconfigError.Entry) throws(KubeconfigError) -> [(name: String, section: KubeconfigSection)]
    {
        let list = "\(kind.rawValue)s"
        guard let node = node(list) else { return [] }
        guard case .sequence(let elements) = node.content else {
            throw wrong(list, "must be a list, not \(node.kindName)")
        }
        var entries: [(name: String, section: KubeconfigSection)] = []
        var known: Set<String> = []
        for element in elements {
            let outer = try KubeconfigSection(element, path: path, title: "an entry of \(list)")
            guard let name = try outer.text("name") else {
                throw .missing(outer.place(), field: outer.name("name"), expected: "each \(kind) needs one")
            }
            guard known.insert(name).inserted else {
                throw .value(outer.place(), field: "\(kind) \(name.quoted)", problem: "is defined twice")
            }
            let title = "\(kind) \(name.quoted)"
            let inner = outer.node(kind.rawValue) ?? YAMLNode(emptyMappingAt: element.mark)
            entries.append((name, try KubeconfigSection(inner, path: path, title: title)))
        }
        return entries
    }
}
