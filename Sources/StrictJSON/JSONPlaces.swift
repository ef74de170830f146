/// A place in a text. Lines and columns count from 1, columns in characters (Unicode scalars).
public struct JSONPlace: Hashable, Sendable, Comparable {
    /// The line.
    public let line: Int
    /// The column.
    public let column: Int

    /// Makes a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// Orders places as they follow each other in a text.
    public static func < (left: JSONPlace, right: JSONPlace) -> Bool {
        (left.line, left.column) < (right.line, right.column)
    }
}

/// Where the members and the elements of a JSON text stand. ``JSONValue`` does not record it, because only messages about a
/// file need it.
public struct JSONPlaces: Sendable {
    /// The place of the key of a member, of an element, or of the text's own value.
    public let place: JSONPlace
    /// The members of an object by their keys; empty for all other values.
    public private(set) var members: [String: JSONPlaces] = [:]
    /// The elements of an array; empty for all other values.
    public private(set) var elements: [JSONPlaces] = []

    /// Finds the places in a JSON text.
    ///
    /// - Throws: ``JSONSyntaxError`` if it is not JSON; see ``JSONValue/init(parsing:)-(Collection<UInt8>)``.
    public init(of text: some Collection<UInt8>) throws(JSONSyntaxError) {
        _ = try JSONValue(parsing: text)
        var scanner = Scanner(bytes: Array(text))
        scanner.skipBlanks()
        self = scanner.value(at: scanner.place)
    }

    fileprivate init(place: JSONPlace) {
        self.place = place
    }

    /// Walks through a text that is known to be JSON.
    private struct Scanner {
        let bytes: [UInt8]
        var index = 0
        var line = 1
        var column = 1

        var place: JSONPlace { JSONPlace(line: line, column: column) }
        private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

        private mutating func advance() {
            if bytes[index] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[index] & 0xC0 != 0x80 {
                column += 1
            }
            index += 1
        }

        mutating func skipBlanks() {
            while let byte = current, [0x20, 0x0A, 0x09, 0x0D].contains(byte) { advance() }
        }

        /// - Parameter place: that of the key or of the element.
        mutating func value(at place: JSONPlace) -> JSONPlaces {
            var found = JSONPlaces(place: place)
            switch current {
            case UInt8(ascii: "{"):
                list { scanner in
                    let place = scanner.place
                    let key = scanner.string()
                    scanner.skipBlanks()
                    scanner.advance()
                    scanner.skipBlanks()
                    found.members[key] = scanner.value(at: place)
                }
            case UInt8(ascii: "["):
                list { scanner in found.elements.append(scanner.value(at: scanner.place)) }
            case UInt8(ascii: "\""): _ = string()
            default:
                while let byte = current, ![UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte) {
                    advance()
                }
            }
            skipBlanks()
            return found
        }

        /// Calls `item` at the beginning of each member or element, up to the closing bracket.
        private mutating func list(_ item: (inout Scanner) -> Void) {
            advance()
            skipBlanks()
            while let byte = current, byte != UInt8(ascii: "}"), byte != UInt8(ascii: "]") {
                item(&self)
                if current == UInt8(ascii: ",") { advance() }
                skipBlanks()
            }
            if current != nil { advance() }
        }

        /// The string at the cursor, without escapes.
        private mutating func string() -> String {
            let start = index
            advance()
            while let byte = current, byte != UInt8(ascii: "\"") {
                advance()
                if byte == UInt8(ascii: "\\"), current != nil { advance() }
            }
            if current != nil { advance() }
            return (try? JSONValue(parsing: bytes[start..<index]))?.string ?? ""
        }
    }
}
