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

    @Test func whatFollowsABarIsForAShell() throws {
        let bar = try ShellWords.statements(in: "list -o csv | awk '{print; x}' | sort; show x\nnetworks")
        #expect(bar.map(\.words) == [["list", "-o", "csv"], ["show", "x"], ["networks"]])
        #expect(bar.map(\.target) == [.filter(" awk '{print; x}' | sort"), nil, nil])
        #expect(throws: Failure.self) { try ShellWords.statements(in: "list | grep 'a") }
        let comment = try ShellWords.statements(in: "list | cat # then; release 10.188.0.9\nnetworks")
        #expect(comment.map(\.words) == [["list"], ["networks"]] && comment[0].target == .filter(" cat "))
        #expect(try ShellWords.statements(in: "list | tr a#b x").map(\.target) == [.filter(" tr a#b x")])
    }

    @Test func whatFollowsAnAngleIsAFile() throws {
        let files = try ShellWords.statements(
            in: "list>a; list >> 'b c'; list > ~/d # save; show x\nlist '>' x", home: "/h")
        #expect(files.map(\.words) == [["list"], ["list"], ["list"], ["list", ">", "x"]])
        #expect(
            files.map(\.target) == [
                .file("a", appends: false), .file("b c", appends: true), .file("/h/d", appends: false), nil,
            ])
    }

    @Test(arguments: [
        ("show 'x", "the quote ' is not closed"), ("show \"x", "the quote \" is not closed"),
        ("list && networks", "&& is not supported in this shell"), ("list &", "& is not supported in this shell"),
        ("list || networks", "|| is not supported in this shell"),
        ("reserve -f < x", "< is not supported in this shell"),
        ("list 2>/dev/null", "2> is not supported in this shell"), ("list 2>&1", "2> is not supported in this shell"),
        ("list >", "there is no file after >"), ("list > a b", "unexpected word \"b\" after the file"),
        ("list > a > b", "the result is redirected twice"), ("list > a | cat", "the result is redirected twice"),
        ("list\0", "the line has a NUL character"),
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

    @Test(arguments: [("list | grep x /tm", "/tm"), ("list > /tm", "/tm"), ("list > ", ""), ("list >> 'a b", "a b")])
    func filesAreWantedBehindABarOrAnAngle(text: String, current: String) {
        let beginning = ShellWords.beginning(of: text)
        #expect(beginning.isFilter && beginning.words.isEmpty && beginning.current == current)
    }

    @Test func aWordThatIsEscapedIsReadAgain() throws {
        for word in ["a b", "it's", #"x"y\z"#, "a;b|c<d>e&f#g", "~/x", "fd00::1", "größe"] {
            #expect(try words(ShellWords.escaped(word)) == [[word]])
            #expect(try words("\"\(ShellWords.escaped(word, in: "\""))\"") == [[word]])
            #expect(try words("'\(ShellWords.escaped(word, in: "'"))'") == [[word]])
        }
    }

    @Test(arguments: [
        (["list \\", "-n k8s"], [true, false]), (["show 'a", "b", "c' x"], [true, true, false]), (["list"], [false]),
        (["list '\\'"], [false]), (["a && 'b"], [false]), (["list | grep 'a", "b' x"], [true, false]),
        (["a \\", "'b \\", "c'"], [true, true, false]), (["a \"b\\\"", "c\""], [true, false]),
    ])
    func aLineIsContinuedAfterABackslashOrInAQuote(lines: [String], expected: [Bool]) {
        var continuation = ShellWords.Continuation()
        #expect(lines.map { continuation.isOpen(after: $0) } == expected)
    }

    @Test(arguments: [
        ("list --user root:secret", true), ("list --user=root:secret", true), ("--user 'root:x' list", true),
        ("version \\\n--user root:x", true), ("--us\\er root:x & y", true), ("# list --user root:x", true),
        ("networks --endpoints http://root:x@127.0.0.1", true), ("networks --endpoints http://127.0.0.1", false),
        ("list", false), ("show 'x --user a:b", true), ("list | x --user a:b", true),
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
            #expect(statements.allSatisfy { !$0.words.isEmpty || $0.target != nil }, "\(random): \(text)")
            // What was split can be written again.
            for statement in statements where statement.target == nil {
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
        let list = completion(values, "").0.list(columns: 40, rows: 24)?.split(separator: "\n") ?? []
        #expect(list.allSatisfy { $0.count <= 40 } && list.count == 10)
        let few = completion(values, "").0.list(columns: 40, rows: 8)?.split(separator: "\n") ?? []
        #expect(few.count == 6 && few.last == "... and 15 more")
        let described = TabCompletion(
            [.init("list", String(repeating: "x", count: 100)), .init("l", "y")], current: "l")
        #expect(described.list(columns: 40, rows: 24)?.split(separator: "\n").map(\.count) == [39, 7])
        #expect(described.list(columns: 40, rows: 4) == "list  l   \n", "descriptions need a line each")
    }

    /// Anybody may have made a file.
    @Test func controlCharactersOfNamesAreNotWrittenToTheTerminal() {
        let names = ["a\u{1B}[31mred", "a\u{7}", "a\u{202E}b", "a\nb"]
        let list = completion(names, "a").0.list(columns: 80, rows: 24) ?? ""
        #expect(!list.unicodeScalars.contains { $0 != "\n" && ($0.value < 0x20 || $0.value == 0x202E) })
    }
}
