import StrictJSON
import TestSupport
import Testing

@Suite struct JSONTests {
    private func problem(_ text: String) -> JSONSyntaxError? {
        do {
            _ = try JSONValue(parsing: text)
            return nil
        } catch { return error }
    }

    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1e5", "1.5E-3", "-12.75", #""""#, #""a\"b\\c""#, "[]", "{}", "[1,[2,{}]]",
        #"{"a":1,"b":[true,null]}"#, #""é€😀""#, #"{"/a":"b/c"}"#,
    ])
    func compactTextSurvives(text: String) throws {
        #expect(try JSONValue(parsing: text).serialized() == text)
    }

    /// A note that somebody stored must not steer the terminal of who reads it, nor turn the text around.
    @Test func controlsAndMarksOfDirectionAreWrittenAsEscapes() throws {
        let text = "a\u{7F}\u{80}\u{9B}\u{9F}\u{061C}\u{200E}\u{2028}\u{202E}\u{2066}\u{2069}z é \u{A0}漢😀"
        let written = JSONValue.string(text).serialized()
        #expect(
            written == #""a\u007f\u0080\u009b\u009f\u061c\u200e\u2028\u202e\u2066\u2069z é "# + "\u{A0}" + #"漢😀""#)
        #expect(try JSONValue(parsing: written) == .string(text))
        let object: JSONValue = ["\u{202E}key": "\u{9B}31m"]
        #expect(object.serialized(pretty: true) == "{\n  \"\\u202ekey\": \"\\u009b31m\"\n}")
    }

    @Test func escapesAreReadAndWrittenByTheRFC() throws {
        let value = try JSONValue(parsing: #""\u0041\n\t\/\"\\\ud83d\ude00\u0001\b\f\r""#)
        #expect(value.string == "A\n\t/\"\\😀\u{1}\u{8}\u{C}\r")
        #expect(value.serialized() == #""A\n\t/\"\\😀\u0001\b\f\r""#)
    }

    @Test(arguments: [
        "", " ", "nul", "truex", "01", "-", "1.", ".5", "1e", "+1", "1_0", "NaN", "Infinity", "'a'", "[1,]",
        "{\"a\":1,}",
        "[1 2]", "{a:1}", "{\"a\" 1}", "{\"a\":}", "[", "{", "[1", "\"abc", #""\x""#, #""\u12g4""#, #""\ud800""#,
        #""\ude00""#, #""\ud800\u0041""#, #""\ude00\ude00""#, "\"a\nb\"", "\"\0\"", "{}\0", "1 2", "{} x", "// c\n1",
        "\u{FEFF}{}",
        "[1,,2]",
        "\u{A0}1", "{\"a\":1,\"a\":2}", #"{"a":1,"\u0061":2}"#,
    ])
    func whatTheRFCForbidsIsRefused(text: String) {
        #expect(problem(text) != nil, "\(text.debugDescription) was taken")
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
            [0xC3],
            [0x5B, 0x31, 0x80, 0x5D],
        ] as [[UInt8]])
    func brokenUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
    }

    @Test func invalidUTF8IsFoundWhereItStands() {
        let bytes = Array("[\"é".utf8) + [0xFF, 0x22, 0x5D]
        #expect(throws: JSONSyntaxError(line: 1, column: 4, problem: .invalidUTF8)) { try JSONValue(parsing: bytes) }
    }

    @Test func depthIsLimited() throws {
        let allowed = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try JSONValue(parsing: allowed) }
        #expect(problem("[" + allowed + "]")?.problem == .tooDeep(limit: 64))
        #expect(problem(String(repeating: "[", count: 1_000_000))?.problem == .tooDeep(limit: 64))
    }

    @Test func errorsNameLineAndColumnInCharacters() {
        #expect(problem("{\n  \"é\": x\n}")?.description == "line 2, column 8: expected a value before \"x\"")
        #expect(
            problem("[1\n2]")?.description
                == "line 2, column 1: expected \",\" or \"]\" before \"2\": a comma is missing after the element before it at the end of line 1"
        )
        #expect(
            problem(#"{"a":1 "b":2}"#)?.description
                == #"line 1, column 8: expected "," or "}" before "b": a comma is missing after the value of "a""#)
        #expect(problem("{\"a\":1")?.description == "line 1, column 7: expected \",\" or \"}\", but the text ends")
        #expect(problem("{\"a\":1]")?.description == "line 1, column 7: expected \",\" or \"}\" before \"]\"")
        #expect(problem("[1,]")?.description == "line 1, column 3: a comma is not allowed before \"]\"")
        #expect(problem("{}}")?.description == "line 1, column 3: expected the end of the text before \"}\"")
        #expect(problem("{\"a\":\0}")?.description == "line 1, column 6: a NUL byte is not allowed")
        #expect(problem("[01]")?.description == "line 1, column 2: \"01\" is not a JSON number")
        #expect(
            problem("{\"a\":1,\n\"a\":2}")?.description
                == "line 2, column 1: the key \"a\" appears twice in one object")
        #expect(problem("\"abc")?.description == "line 1, column 1: the string that starts here has no closing quote")
    }

    @Test func duplicatesAreFoundAmongManyMembers() {
        let members = (0..<100).map { "\"k\($0)\":0" } + ["\"k40\":1"]
        #expect(problem("{" + members.joined(separator: ",") + "}")?.problem == .duplicateKey("k40"))
    }

    @Test func prettyTextIndentsByTwo() throws {
        let value: JSONValue = ["name": "x", "list": [1, ["a": true]], "none": [], "empty": [:]]
        let expected = """
            {
              "name": "x",
              "list": [
                1,
                {
                  "a": true
                }
              ],
              "none": [],
              "empty": {}
            }
            """
        #expect(value.serialized(pretty: true) == expected)
        #expect(try JSONValue(parsing: expected) == value)
    }

    @Test func numbersKeepTheirText() throws {
        let text = "[1.0,1e2,12345678901234567890123]"
        let value = try JSONValue(parsing: text)
        #expect(value.serialized() == text)
        #expect(value.array?[0].int == nil)
        #expect(value.array?[1].double == 100)
    }

    @Test func objectsAreEqualInAnyOrder() {
        let left: JSONObject = ["a": 1, "b": ["c": 2, "d": 3]]
        let right: JSONObject = ["b": ["d": 3, "c": 2], "a": 1]
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left != ["a": 1])
        #expect(left.keys == ["a", "b"])
    }

    @Test func membersAreSetAndRemoved() {
        var object: JSONObject = ["a": 1, "b": 2]
        object["c"] = 3
        object["a"] = "x"
        object["b"] = nil
        #expect(JSONValue.object(object).serialized() == #"{"a":"x","c":3}"#)
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func mutatedTextNeverTrapsAndWhatIsTakenSurvives(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let original = Array(
            #"{"a":[1,-2.5e+3,"x\n\u00e9\ud83d\ude00é"],"b":{"c":null,"d":[true,false,{}]}, "e" : "" }"#.utf8)
        for _ in 0..<4000 {
            var bytes = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) where bytes.count > 1 {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(original[Int.random(in: 0..<original.count, using: &generator)], at: place)
                default: bytes.removeLast(bytes.count - max(place, 1))
                }
            }
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            #expect(try JSONValue(parsing: value.serialized()) == value, "seed \(seed), \(bytes)")
            #expect(try JSONValue(parsing: value.serialized(pretty: true)) == value, "seed \(seed), \(bytes)")
        }
    }
}
