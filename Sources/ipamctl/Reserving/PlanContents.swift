import IPAMKit
import StrictJSON
import YAML

/// What a file of `reserve -f` has in it. The format is found from the content; the file's extension decides only if the
/// content does not.
enum PlanContents {
    /// CSV: a plan, or a list as `ipamctl list -o csv` writes it.
    case table(String)
    /// YAML or JSON: a plan, or a list as `ipamctl list -o yaml|json` writes it.
    case plan(PlanNode)
    /// Documents of Kubernetes' API.
    case manifest(String)

    /// - Parameters:
    ///   - text: the content.
    ///   - name: the file's path, or `standard input`.
    /// - Throws: ``Failure`` for a text that is neither CSV, nor YAML, nor JSON, and for several documents that are not a
    ///   manifest.
    init(_ text: String, name: String) throws(Failure) {
        let scalars = text.unicodeScalars
        let content = scalars.first == "\u{FEFF}" ? String(scalars.dropFirst()) : text
        switch Self.syntax(of: content, name: name) {
        case .csv: self = .table(text)
        case .json: self = try Self.documents(ofJSON: content, name)
        case .yaml: self = try Self.documents(ofYAML: content, name)
        }
    }

    // MARK: Formats

    private enum Syntax { case csv, json, yaml }

    private static func syntax(of text: String, name: String) -> Syntax {
        let lines = text.split(whereSeparator: \.isNewline).lazy.map { $0.drop { $0 == " " || $0 == "\t" } }
        guard let line = lines.first(where: { !$0.isEmpty && $0.first != "#" }) else {
            return [".yaml", ".yml", ".json"].contains { name.lowercased().hasSuffix($0) } ? .yaml : .csv
        }
        if line.first == "{" || line.first == "[" { return .json }
        let isYAML = line == "-" || line.hasPrefix("- ") || line.hasPrefix("---") || line.hasPrefix("%YAML")
        return isYAML || beginsWithKey(line) ? .yaml : .csv
    }

    /// Whether a line begins with the key of a YAML mapping: a word, a colon, and a blank or the end of the line. In CSV, an
    /// IPv6 address has a colon, too, but no blank after it.
    private static func beginsWithKey(_ line: Substring) -> Bool {
        let word = line.drop { $0 == "\"" || $0 == "'" }.prefix {
            $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0))
        }
        let rest = line[word.endIndex...].drop { $0 == "\"" || $0 == "'" }
        guard !word.isEmpty, rest.first == ":" else { return false }
        return rest.dropFirst().first.map { $0 == " " || $0 == "\t" } ?? true
    }

    // MARK: Documents

    /// The flow style of YAML looks like JSON: what is not JSON may still be YAML, unless the extension says otherwise.
    private static func documents(ofJSON text: String, _ name: String) throws(Failure) -> PlanContents {
        do throws(JSONSyntaxError) {
            let value = try JSONValue(parsing: text)
            if isManifest(value) { return .manifest(text) }
            return .plan(PlanNode(value, line: nil))
        } catch {
            if !name.lowercased().hasSuffix(".json"), let contents = try? documents(ofYAML: text, name) {
                return contents
            }
            throw Failure(.usage, "\(name): \(error)", hint: PlanEntry.fileHint)
        }
    }

    private static func documents(ofYAML text: String, _ name: String) throws(Failure) -> PlanContents {
        let documents: [YAMLNode]
        do throws(YAMLError) {
            documents = try YAMLReader.documents(Array(text.utf8))
        } catch {
            throw Failure(
                .usage, "\(name), line \(error.mark.line), column \(error.mark.column): \(error.problem)",
                hint: PlanEntry.fileHint)
        }
        if documents.contains(where: { isManifest($0.json) }) { return .manifest(text) }
        guard let document = documents.first else {
            throw Failure(.usage, "\(name) has no addresses", hint: PlanEntry.fileHint)
        }
        guard documents.count == 1 else {
            throw Failure(
                .usage, "\(name), line \(documents[1].mark.line): a second document begins here",
                hint: "write one plan in a file")
        }
        return .plan(PlanNode(document))
    }

    private static func isManifest(_ value: JSONValue) -> Bool {
        value["apiVersion"]?.string != nil && value["kind"]?.string != nil
    }
}

/// A value of a plan in YAML or JSON, and the lines of its elements if they are known.
struct PlanNode {
    let value: JSONValue
    /// The line of the text on which the value begins, counted from 1; nil for JSON.
    let line: Int?
    private let node: YAMLNode?

    init(_ value: JSONValue, line: Int?) {
        self.value = value
        self.line = line
        node = nil
    }

    init(_ node: YAMLNode) {
        self.node = node
        value = node.json
        line = node.mark.line
    }

    /// The elements of a list; nil for anything else.
    var elements: [PlanNode]? {
        if let node { return node.elements.map { $0.map(PlanNode.init) } }
        return value.array?.map { PlanNode($0, line: nil) }
    }

    /// The value of a member; nil if it is absent or null.
    subscript(key: String) -> PlanNode? {
        if let node { return node[key].map(PlanNode.init) }
        return value[key].flatMap { $0.isNull ? nil : PlanNode($0, line: nil) }
    }
}
