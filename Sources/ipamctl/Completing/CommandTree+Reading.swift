import IPAMKit

extension CommandTree {
    /// Reads the description that the parser gives of a program (ArgumentParserToolInfo, `ToolInfoV0`).
    ///
    /// - Parameter dump: `{"serializationVersion": 0, "command": {...}}`. Of a text of another form, the tree is empty.
    init(dump: String) {
        let json = (try? JSONValue(parsing: dump)) ?? .null
        root = Command(json["command"] ?? .null, path: nil)
    }
}

extension CommandTree.Command {
    /// - Parameter path: the words before its name; nil for the program itself.
    fileprivate init(_ json: JSONValue, path: String?) {
        let arguments = json["arguments"]?.array ?? []
        let name = json["commandName"]?.string ?? ""
        self.name = name
        let words = path.map { $0.isEmpty ? name : "\($0) \(name)" } ?? ""
        self.path = words
        aliases = json["aliases"]?.array?.compactMap(\.string) ?? []
        abstract = json["abstract"]?.string ?? ""
        isShown = json["shouldDisplay"]?.bool ?? true
        subcommands = json["subcommands"]?.array?.map { Self($0, path: words) } ?? []
        options = arguments.compactMap(CommandTree.Option.init)
        self.arguments = arguments.filter { $0["kind"]?.string == "positional" }.map { argument in
            CommandTree.Value(argument, name: "<\(argument["valueName"]?.string ?? "")>")
        }
    }
}

extension CommandTree.Option {
    /// Nil for a positional argument.
    fileprivate init?(_ json: JSONValue) {
        let names = (json["names"]?.array ?? []).compactMap(Self.spelling)
        guard let first = json["preferredName"].flatMap(Self.spelling) ?? names.first,
            let kind = json["kind"]?.string, kind != "positional"
        else { return nil }
        self.names = [first] + names.filter { $0 != first }
        value = kind == "option" ? CommandTree.Value(json, name: first) : nil
        isRepeating = json["isRepeating"]?.bool ?? false
        isShown = json["shouldDisplay"]?.bool ?? true
        abstract = json["abstract"]?.string ?? ""
    }

    /// `{"kind": "long"|"short"|"longWithSingleDash", "name": "network"}` with its dashes.
    private static func spelling(_ json: JSONValue) -> String? {
        json["name"]?.string.map { (json["kind"]?.string == "long" ? "--" : "-") + $0 }
    }
}

extension CommandTree.Value {
    fileprivate init(_ json: JSONValue, name: String) {
        self.name = name
        allowed = json["allValues"]?.array?.compactMap(\.string) ?? []
        var descriptions: [String: String] = [:]
        for member in json["allValueDescriptions"]?.object?.members ?? [] {
            descriptions[member.key] = member.value.string
        }
        self.descriptions = descriptions
        isRepeating = json["isRepeating"]?.bool ?? false
    }
}
