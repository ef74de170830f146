import Foundation

/// A page of the manual in `man/`, as it is written in mdoc(7).
public struct ManualPage: Sendable, CustomStringConvertible {
    /// `ipamctl-list.1`
    public let name: String
    public let text: String

    /// Something that a reader can copy, and what it is for.
    public struct Example: Sendable {
        /// The text before it.
        public let purpose: String
        public let lines: [String]

        public var text: String { lines.joined(separator: "\n") }

        /// The exit status that the purpose announces: `exit status 5`; otherwise 0.
        public var status: Int32 {
            purpose.firstMatch(of: /exit status (\d+)/).flatMap { Int32($0.1) } ?? 0
        }
    }

    /// A described name: an option, a key, a code.
    public struct Item: Sendable {
        /// The subsection in which it stands, or the section.
        public let section: String
        /// The rest of the `.It` line.
        public let head: String
        /// The first literal text in its description.
        public let literal: String?

        /// The names after a macro: those of `Ic subnet Pq string` for `Ic` are `subnet`.
        public func names(_ macro: String) -> [String] {
            var words = head.split(separator: " ").map(String.init)
            guard words.first == macro else { return [] }
            words.removeFirst()
            return words.prefix { $0 != "Pq" }.filter { $0 != "," && $0 != macro }
        }
    }

    public init(_ name: String) throws {
        self.name = name
        text = try String(contentsOf: Self.folder.appendingPathComponent(name), encoding: .utf8)
    }

    public var description: String { name }

    public static let folder = BuildProducts.packageRoot.appendingPathComponent("man")

    /// The pages whose names begin with `prefix`, in order.
    public static func all(_ prefix: String = "") throws -> [ManualPage] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix(prefix) }.sorted()
            .map(ManualPage.init)
    }

    private var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    /// What a reader sees of a line of text.
    private static func shown(_ line: Substring) -> String {
        String(line.hasPrefix(#"\&"#) ? line.dropFirst(2) : line).replacingOccurrences(of: #"\e"#, with: #"\"#)
    }

    /// The options that the page names: `-n`, `--network`.
    public var options: Set<String> {
        Set(
            lines.filter { $0.hasPrefix(".") }.flatMap { $0.matches(of: /\bFl (-?[A-Za-z0-9][A-Za-z0-9-]*)/) }.map {
                "-" + $0.1
            })
    }

    /// The examples of the section EXAMPLES.
    public var examples: [Example] {
        let section = lines.drop { $0 != ".Sh EXAMPLES" }.dropFirst().prefix { !$0.hasPrefix(".Sh ") }
        var examples: [Example] = []
        var purpose: [String] = []
        var literal: [String]?
        for line in section {
            if line.hasPrefix(".Bd") {
                literal = []
            } else if line == ".Ed" {
                examples.append(Example(purpose: purpose.joined(separator: " "), lines: literal ?? []))
                (purpose, literal) = ([], nil)
            } else if literal != nil {
                literal?.append(Self.shown(line))
            } else if !line.hasPrefix(".") {
                purpose.append(Self.shown(line))
            }
        }
        return examples
    }

    /// All items of lists.
    public var items: [Item] {
        var items: [Item] = []
        var section = ""
        var literal: [String]?
        for line in lines {
            if line.hasPrefix(".Sh ") || line.hasPrefix(".Ss ") {
                section = String(line.dropFirst(4))
            } else if line.hasPrefix(".It ") {
                items.append(Item(section: section, head: String(line.dropFirst(4)), literal: nil))
            } else if line.hasPrefix(".Bd") {
                literal = []
            } else if line == ".Ed" {
                if let last = items.popLast() {
                    let text = last.literal ?? literal?.joined(separator: "\n")
                    items.append(Item(section: last.section, head: last.head, literal: text))
                }
                literal = nil
            } else {
                literal?.append(Self.shown(line))
            }
        }
        return items
    }
}
