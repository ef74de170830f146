import TestSupport
import Testing

@testable import ipamctl

@Suite struct ShellWordsTests {
    private func words(_ text: String) throws -> [[String]] {
        try ShellWords.statements(in: text, home: "/home/ann").map(\.words)
    }

    @Test(arguments: [
        ("list -o json", [["list", "-o", "json"]]), ("  list\t-n  k8s ", [["list", "-n", "k8s"]]), ("", []),
        ("list; networks;", [["list"], ["networks"]]), ("list\nnetworks", [["list"], ["networks"]]),
        (#"reserve --note "mysql primary""#, [["reserve", "--note", "mysql primary"]]),
        (#"reserve --note 'it"s \ x'"#, [["reserve", "--note", #"it"s \ x"#]]),
        (#"a "b\"c\\d\e\$" x"#, [["a", #"b"c\d\e$"#, "x"]]), (#"a b\ c\'d"#, [["a", "b c'd"]]),
        ("a ''", [["a", ""]]), (#"a""b'c'd"#, [["abcd"]]), ("# all of it", []), ("list # the rest", [["list"]]),
        ("list a#b", [["list", "a#b"]]), ("reserve -f ~/plan.csv", [["reserve", "-f", "/home/ann/plan.csv"]]),
        ("a~/b ~x", [["a~/b", "~x"]]), ("list \\\n -n k8s", [["list", "-n", "k8s"]]),
        ("reserve --note 'größe 数据'", [["reserve", "--note", "größe 数据"]]), ("list $HOME *", [["list", "$HOME", "*"]]),
    ])
    func areSplitAsAShellDoes(text: String, expected: [[String]]) throws {
        #expect(try words(text) == expected)
    }

    @Test func statementsHaveTheLineOnWhichTheyBegin() throws {
        let text = "# a plan\nlist\n\nreserve \\\n  10.188.0.9; show 10.188.0.9\n--note 'a\nb' x\nnetworks"
        #expect(try ShellWords.statements(in: text).map(\.line) == [2, 4, 5, 6, 8])
        #expect(try ShellWords.statements(in: "list", firstLine: 7).map(\.line) == [7])
    }

    @Test func theRestBehindABarOrAnAngleIsForAShell() throws {
        let bar = try ShellWords.statements(in: "list -o csv | awk '{print; x}' | sort; show x\nnetworks")
        #expect(bar.map(\.words) == [["list", "-o", "csv"], ["show", "x"], ["networks"]])
        #expect(bar.map(\.filter) == [" awk '{print; x}' | sort", nil, nil])
        #expect(throws: Failure.self) { try ShellWords.statements(in: "list | grep 'a") }
        #expect(try ShellWords.statements(in: "list >> /tmp/x y").map(\.filter) == ["cat >> /tmp/x y"])
        #expect(try ShellWords.statements(in: "list '>' x").map(\.filter) == [nil])
    }

    @Test(arguments: [
        ("show 'x", "the quote ' is not closed"), ("show \"x", "the quote \" is not closed"),
        ("list && networks", "&& is not supported in this shell"), ("list &", "& is not supported in this shell"),
        ("list || networks", "|| is not supported in this shell"),
        ("reserve -f < x", "< is not supported in this shell"),
    ])
    func whatTheShellDoesNotHaveIsRefused(text: String, message: String) throws {
        let failure = #expect(throws: Failure.self) { try words(text) }
        #expect(failure?.message.hasPrefix(message) == true && failure?.status == .usage && failure?.hint != nil)
    }

    @Test(arguments: [
        ("li", [], "li", nil), ("list ", ["list"], "", nil), ("list; show 10.1", ["show"], "10.1", nil),
        (#"reserve --note "mysql pri"#, ["reserve", "--note"], "mysql pri", "\"" as Unicode.Scalar?),
        ("show 'a", ["show"], "a", "'"), (#"show a\ b"#, ["show"], "a b", nil),
    ])
    func theBeginningOfALineHasTheWordAtTheCursor(
        text: String, words: [String], current: String, quote: Unicode.Scalar?
    ) {
        let beginning = ShellWords.beginning(of: text)
        #expect(beginning == .init(words: words, current: current, quote: quote, isFilter: false))
    }

    @Test func nothingIsOfferedBehindABar() {
        #expect(ShellWords.beginning(of: "list | gr").isFilter)
    }

    @Test func aWordThatIsEscapedIsReadAgain() throws {
        for word in ["a b", "it's", #"x"y\z"#, "a;b|c<d>e&f#g", "fd00::1", "größe"] {
            #expect(try words(ShellWords.escaped(word)) == [[word]])
            #expect(try words("\"\(ShellWords.escaped(word, in: "\""))\"") == [[word]])
        }
    }

    @Test(arguments: [("list \\", true), ("show 'a", true), ("list", false), ("list '\\'", false), ("a && b", false)])
    func aLineIsContinuedAfterABackslashOrInAQuote(text: String, isContinued: Bool) {
        #expect(ShellWords.isContinued(text) == isContinued)
    }

    @Test(arguments: [
        ("list --user root:secret", true), ("list --user=root:secret", true), ("--user 'root:x' list", true),
        ("list --user root", false), ("list", false), ("show 'x --user a:b", true), ("list | x --user a:b", true),
        ("list; networks --user a:b", true),
    ])
    func passwordsAreRecognised(line: String, hasSecret: Bool) {
        #expect(ShellHistory.hasSecret(line) == hasSecret)
    }

    @Test func anythingCanBeSplit() {
        var random = SeededGenerator()
        let characters: [Character] = ["a", " ", "'", "\"", "\\", ";", "\n", "|", ">", "#", "~", "/", "ü", "&", "<"]
        for _ in 0..<2_000 {
            let text = String(
                (0..<Int.random(in: 0...24, using: &random)).map { _ in
                    characters[Int.random(in: 0..<characters.count, using: &random)]
                })
            let statements = (try? ShellWords.statements(in: text)) ?? []
            #expect(statements.allSatisfy { !$0.words.isEmpty || $0.filter != nil }, "\(random): \(text)")
            // What was split can be written again.
            for statement in statements where statement.filter == nil {
                let again = statement.words.map { $0.isEmpty ? "''" : ShellWords.escaped($0) }.joined(separator: " ")
                if statement.words.contains(where: { $0.contains("\n") || $0.hasPrefix("~") }) { continue }
                #expect((try? ShellWords.statements(in: again).map(\.words)) == [statement.words], "\(text)")
            }
            _ = ShellWords.beginning(of: text)
        }
    }
}

@Suite struct TabCompletionTests {
    private func completion(_ values: [String], _ typed: String) -> (TabCompletion, ShellWords.Beginning) {
        let beginning = ShellWords.beginning(of: typed)
        return (
            TabCompletion(values.map { .init($0) }, current: beginning.current), beginning
        )
    }

    @Test(arguments: [
        (["list", "show"], "li", "st "), (["show", "shell"], "sh", nil),
        (["10.188.0.1", "10.188.0.20"], "show 10", ".188.0."),
        (["mysql primary"], "x my", "sql\\ primary "), (["mysql primary"], "x \"my", "sql primary\" "),
        (["list"], "x", nil),
        (["fd00::1"], "show fd", "00::1 "), (["größe"], "x gr", "öße "),
    ])
    func theCommonBeginningIsInserted(values: [String], typed: String, insertion: String?) {
        let (completion, beginning) = completion(values, typed)
        #expect(completion.insertion(at: beginning) == insertion)
    }

    @Test func theListFitsTheTerminal() {
        let values = (0..<30).map { "10.188.0.\($0)" }
        let list = completion(values, "").0.list(columns: 40)
        #expect(list?.split(separator: "\n").allSatisfy { $0.count <= 40 } == true)
        #expect(list?.split(separator: "\n").count == 10)
        let described = TabCompletion(
            [
                .init("list", String(repeating: "x", count: 100)),
                .init("l", "y"),
            ],
            current: "l")
        #expect(described.list(columns: 40)?.split(separator: "\n").map(\.count) == [39, 7])
    }
}
