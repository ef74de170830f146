/// A mapping of a kubeconfig, whose fields are asked for by name.
struct KubeconfigSection {
    let path: String
    /// What it is, for people, such as `user "admin"`; empty for the whole file.
    let title: String
    let mark: YAMLMark
    private let members: [String: YAMLNode]

    /// - Throws: ``KubeconfigError`` when `node` is no mapping.
    init(_ node: YAMLNode, path: String, title: String) throws(KubeconfigError) {
        self.path = path
        self.title = title
        mark = node.mark
        switch node.content {
        case .mapping(let members): self.members = members
        case _ where node.isNull: members = [:]
        default:
            throw .value(
                .init(path: path, line: node.mark.line), field: title.isEmpty ? "the file" : title,
                problem: "must be a mapping of fields, not \(node.kindForPeople)")
        }
    }

    /// A field for people: `user "admin": token`.
    func name(_ field: String) -> String {
        title.isEmpty ? field : "\(title): \(field)"
    }

    /// Where a field stands, or the section where it does not.
    func place(_ field: String? = nil) -> KubeconfigError.Place {
        let mark = field.flatMap { self.members[$0]?.mark } ?? mark
        return .init(path: path, line: mark.line)
    }

    func wrong(_ field: String, _ problem: String) -> KubeconfigError {
        .value(place(field), field: name(field), problem: problem)
    }

    /// A field's value; nil where it is absent or null.
    func node(_ field: String) -> YAMLNode? {
        members[field].flatMap { $0.isNull ? nil : $0 }
    }

    /// Whether a field says anything.
    func isGiven(_ field: String) -> Bool {
        guard let node = node(field) else { return false }
        return switch node.content {
        case .scalar(let text, _): !text.isEmpty
        case .sequence(let elements): !elements.isEmpty
        case .mapping: true
        }
    }

    /// A field's text; nil where it is absent, null or empty, which mean the same in a kubeconfig.
    func text(_ field: String) throws(KubeconfigError) -> String? {
        guard let node = node(field) else { return nil }
        guard case .scalar(let text, _) = node.content else {
            throw wrong(field, "must be a text, not \(node.kindForPeople)")
        }
        guard !text.utf8.contains(0) else { throw wrong(field, "contains a NUL character") }
        return text.isEmpty ? nil : text
    }

    /// A field's truth; false where it is absent.
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

    /// The bytes of a field that is written in Base64; nil where it is absent.
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
            throw wrong(list, "must be a list, not \(node.kindForPeople)")
        }
        var entries: [(name: String, section: KubeconfigSection)] = []
        var known: Set<String> = []
        for element in elements {
            let outer = try KubeconfigSection(element, path: path, title: "an entry of \(list)")
            guard let name = try outer.text("name") else {
                throw .missing(outer.place(), field: outer.name("name"), expected: "each \(kind) needs one")
            }
            guard known.insert(name).inserted else {
                throw .value(outer.place(), field: "\(kind) \(name.quoted)", problem: "is there a second time")
            }
            let title = "\(kind) \(name.quoted)"
            let inner = outer.node(kind.rawValue) ?? YAMLNode(content: .mapping([:]), mark: element.mark, height: 1)
            entries.append((name, try KubeconfigSection(inner, path: path, title: title)))
        }
        return entries
    }
}
