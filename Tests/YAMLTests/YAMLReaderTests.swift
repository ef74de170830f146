import StrictJSON
import TestSupport
import Testing
import YAML

@Suite struct YAMLReaderTests {
    private func documents(_ text: String) throws -> [JSONValue] {
        try YAMLReader.documents(Array(text.utf8)).map(\.json)
    }

    private func problem(_ text: String) -> YAMLError? {
        do throws(YAMLError) {
            _ = try YAMLReader.documents(Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test func documentsAreReadInTheirOrderAndEmptyOnesAreSkipped() throws {
        #expect(try documents("a: 1\n---\n---\n# nothing\n---\n- b\n...\n") == [["a": 1], ["b"]])
        #expect(try documents("") == [])
    }

    @Test(arguments: [
        ("10.188.0.216", JSONValue.string("10.188.0.216")), ("16", 16), ("\"16\"", "16"), ("-3", -3), ("+3", 3),
        ("0x1F", 31), ("010", 8), ("0o17", 15), ("1.50", .number("1.5")), ("1e3", .number("1000.0")), ("~", .null),
        ("yes", true), ("off", false), ("True", true), ("'true'", "true"), ("fd00::1", "fd00::1"), ("25%", "25%"),
        ("08", .number("08")), ("0.0.0.0", "0.0.0.0"), ("1-2", "1-2"), (".5", .number("0.5")), ("---5", "---5"),
        ("99999999999999999999", .number("99999999999999999999")), (".inf", ".inf"), ("e3", "e3"),
    ])
    func aPlainScalarHasTheTypeThatKubectlGivesIt(_ text: String, _ expected: JSONValue) throws {
        #expect(try documents("v: \(text)") == [["v": expected]])
    }

    @Test func anAliasStandsForTheValueOfItsAnchor() throws {
        #expect(try documents("a: &x {ip: 10.0.0.1}\nb: *x\n") == [["a": ["ip": "10.0.0.1"], "b": ["ip": "10.0.0.1"]]])
        // An anchor is valid in its own document only (YAML 1.2 section 3.2.2.2).
        #expect(problem("a: &x 1\n---\nb: *x\n")?.mark == YAMLMark(line: 3, column: 4))
    }

    @Test func nestedAliasesThatStandForBillionsOfValuesAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<10 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(problem(text)?.problem.hasPrefix("there are more than 1000000 values") == true)
        // The limit holds for all documents together.
        let many = Array(
            repeating: "- &a [1, 2, 3, 4, 5, 6, 7, 8, 9]\n" + String(repeating: "- *a\n", count: 999), count: 150)
        #expect(problem(many.joined(separator: "---\n"))?.problem.hasPrefix("there are more than") == true)
    }

    @Test func aSecondDocumentIsAnErrorIfOnlyOneIsAllowed() {
        #expect(throws: YAMLError.self) { try YAMLReader.document(Array("a: 1\n---\nb: 2\n".utf8)) }
    }

    @Test(arguments: [51, 52] as [UInt64])
    func anyBytesAreReadOrRefused(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<3000 {
            let count = Int.random(in: 0...60, using: &generator)
            let letters = Array("a0:-[]{}&*!|>'\"#%@`, \n\t?~<=.e\u{FF}".utf8)
            let bytes = (0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] }
            for document in (try? YAMLReader.documents(bytes)) ?? [] {
                #expect(document.height <= YAMLReader.deepest, "\(generator), \(bytes)")
                #expect(document.json.height <= document.height, "\(generator), \(bytes)")
            }
        }
    }
}

extension JSONValue {
    fileprivate var height: Int {
        switch self {
        case .array(let elements): (elements.map(\.height).max() ?? 0) + 1
        case .object(let object): (object.members.map(\.value.height).max() ?? 0) + 1
        case .null, .bool, .number, .string: 1
        }
    }
}
