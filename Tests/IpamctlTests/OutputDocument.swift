import Foundation
import IPAMKit
import TestSupport

/// The tables of docs/output.md.
struct OutputDocument {
    struct Field {
        let path: String
        let type: String
        let isAlwaysPresent: Bool
    }

    private var tables: [String: [[String]]] = [:]

    init() throws {
        let file = BuildProducts.packageRoot.appendingPathComponent("docs/output.md")
        var current: String?
        for line in try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("<!-- ") {
                current = String(line.dropFirst("<!-- ".count).dropLast(" -->".count))
                if let current { tables[current] = [] }
            } else if line.hasPrefix("|"), let table = current {
                let cells = line.dropFirst().dropLast().components(separatedBy: "|")
                tables[table]?.append(cells.map { $0.trimmingCharacters(in: .whitespaces) })
            } else if !line.isEmpty {
                current = nil
            }
        }
        // The header, and the line below it.
        for name in tables.keys { tables[name]?.removeFirst(2) }
    }

    /// The rows of a table of columns: title, formats, left out.
    func columns(_ result: String) -> [[String]]? {
        tables["columns: \(result)"]?.map { Array($0.prefix(3)) }
    }

    /// The cells of another table.
    func rows(_ name: String) -> [[String]] { tables[name] ?? [] }

    /// The fields of a JSON value, with those of the objects that have tables of their own.
    func fields(_ name: String, _ prefix: String = "", _ depth: Int = 0) -> [Field] {
        (tables["json: \(name)"] ?? []).flatMap { row -> [Field] in
            let path = prefix + row[0].trimmingCharacters(in: ["`"])
            guard let end = row[1].firstIndex(of: "]"), row[1].hasPrefix("["), depth < 3 else {
                return [Field(path: path, type: row[1], isAlwaysPresent: row[2] == "always")]
            }
            let nested = String(row[1][..<end].dropFirst())
            return [Field(path: path, type: "object", isAlwaysPresent: row[2] == "always")]
                + fields(nested, path + ".", depth + 1)
        }
    }

    /// What differs between a value, or each element of an array, and the document; empty if nothing does.
    ///
    /// - Parameter seen: gets the paths of all fields of the value.
    func differences(_ value: JSONValue, _ name: String, seen: inout Set<String>) -> [String] {
        let fields = fields(name)
        guard !fields.isEmpty else { return ["the document does not have \(name)"] }
        let documented = Dictionary(fields.map { ($0.path, $0) }) { first, _ in first }
        var differences: [String] = []
        for element in value.array ?? [value] {
            walk(element, "", documented, &seen, &differences)
        }
        return differences
    }

    private func walk(
        _ value: JSONValue, _ prefix: String, _ documented: [String: Field], _ seen: inout Set<String>,
        _ differences: inout [String]
    ) {
        for member in value.object?.members ?? [] {
            let path = prefix + member.key
            seen.insert(path)
            guard let field = documented[path] else {
                differences.append("\(path) is not documented")
                continue
            }
            if !Self.matches(member.value, field.type) {
                differences.append("\(path) is documented as \(field.type): \(member.value.excerpt)")
            }
            if field.type == "map" { continue }
            if field.type == "array of objects" {
                for element in member.value.array ?? [] { walk(element, "\(path)[].", documented, &seen, &differences) }
            } else {
                walk(member.value, path + ".", documented, &seen, &differences)
            }
        }
        for field in documented.values where field.isAlwaysPresent && field.path.hasPrefix(prefix) {
            let key = String(field.path.dropFirst(prefix.count))
            if !key.contains("."), value[key] == nil { differences.append("\(field.path) is missing") }
        }
    }

    private static func matches(_ value: JSONValue, _ type: String) -> Bool {
        switch type {
        case "string": value.string != nil
        case "boolean": value.bool != nil
        case "integer":
            if case .number(let text) = value { text.allSatisfy { $0.isNumber || $0 == "-" } } else { false }
        case "object", "map": value.object != nil
        case "array of strings": value.array.map { $0.allSatisfy { $0.string != nil } } ?? false
        case "array of objects": value.array.map { $0.allSatisfy { $0.object != nil } } ?? false
        case "array of arrays": value.array.map { $0.allSatisfy { $0.array != nil } } ?? false
        default: false
        }
    }
}
