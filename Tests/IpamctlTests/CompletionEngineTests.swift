import Testing

@testable import ipamctl

/// What is offered, without an etcd.
struct CompletionEngineTests {
    /// Offers the same values for every question, and keeps the questions.
    private final class Fixed: LiveValues {
        let values: [String]
        private(set) var requests: [LiveRequest] = []

        init(_ values: [String] = []) { self.values = values }

        func candidates(for request: LiveRequest) -> [Completion.Candidate] {
            requests.append(request)
            return values.map { .init($0) }
        }
    }

    private func completion(_ line: String, _ live: Fixed = Fixed()) -> Completion {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        return Completer().completion(of: Array(words.dropLast()), current: words.last ?? "", live: live)
    }

    private func values(_ line: String, _ live: Fixed = Fixed()) -> [String] {
        completion(line, live).candidates.map(\.value)
    }

    @Test func commandsAreOfferedWithTheirAbstractsAndHiddenOnesAreNot() {
        let all = completion("")
        let names = all.candidates.map(\.value)
        #expect(names.contains("networks") && names.contains("completion") && names.contains("help"), "\(names)")
        #expect(!names.contains { $0.hasPrefix("_") }, "\(names)")
        #expect(all.candidates.first { $0.value == "version" }?.description == "Print the version")
        #expect(values("re") == ["reserve", "release", "restore"])
        #expect(values("desc") == ["describe"], "an alias only if no command begins so")
        #expect(values("help re") == ["reserve", "release", "restore"])
        #expect(values("help ") == names.filter { $0 != "help" })
        #expect(values("frobnicate ").isEmpty)
    }

    @Test func optionsThatAreNotGivenYetAreOffered() {
        #expect(values("reserve --not") == ["--note"])
        #expect(values("reserve --note x --not").isEmpty)
        #expect(values("reserve --note=x --not").isEmpty)
        #expect(values("list --state used --sta") == ["--state"], "it may be repeated")
        #expect(values("hold k8s -n k8s --netw").isEmpty, "its short form was given")
        #expect(values("list -v") == ["-v"])
        #expect(values("networks ").contains("--output"), "there is nothing else")
        #expect(values("reserve -- --not").isEmpty)
    }

    @Test func globalOptionsMayStandBeforeTheCommand() {
        #expect(values("--netw") == ["--network"])
        #expect(values("-n k8s li") == ["list"])
        #expect(values("--output js") == ["json"])
        #expect(values("--endpoints http://a:1 -v rel") == ["release"])
        let live = Fixed(["k8s"])
        #expect(values("--network ", live) == ["k8s"])
        #expect(live.requests == [LiveRequest(.networks, startingWith: "")])
    }

    @Test func enumeratedValuesAreOfferedInEachForm() {
        #expect(values("list -o ") == ["table", "wide", "json", "yaml", "csv", "name"])
        #expect(values("list --output j") == ["json"])
        #expect(values("list --output=j") == ["json"], "only the value is replaced")
        #expect(values("list -oj") == ["-ojson"])
        #expect(values("networks -o prom") == ["prometheus"])
        #expect(values("list -o prom").isEmpty)
        #expect(values("list --state used --state ") == ["reserved", "free"], "a repeated value is of no use")
        #expect(values("completion ") == ["bash", "zsh", "fish"])
        #expect(values("completion bash ").contains("--help"))
        #expect(values("reserve --family ") == ["ipv4", "ipv6"])
    }

    @Test func filesAndFoldersAreLeftToTheShell() {
        #expect(completion("reserve -f pl") == Completion(paths: .files))
        #expect(completion("list --config=/etc/") == Completion(paths: .files))
        #expect(completion("audit --cni-cache ") == Completion(paths: .folders))
        #expect(completion("reserve --note ") == Completion())
    }

    @Test func liveValuesAreAskedForWithTheirKindAndNetwork() {
        let cases: [(String, LiveKind, String)] = [
            ("show ", .addresses, ""), ("history 10.", .addresses, "10."), ("release fd00:", .addresses, "fd00:"),
            ("reserve 10.188.", .freeAddresses, "10.188."), ("hold k", .networks, "k"), ("adopt ", .networks, ""),
            ("list --pod default/", .pods, "default/"), ("list --pod=de", .pods, "de"),
            ("watch --namespace ", .namespaces, ""), ("audit --node n", .nodes, "n"),
            ("reserve 10.188.0.9 --for ", .holders, ""), ("release --container 4b", .containers, "4b"),
            ("audit --context ", .contexts, ""),
        ]
        for (line, kind, prefix) in cases {
            let live = Fixed()
            _ = completion(line, live)
            #expect(live.requests == [LiveRequest(kind, startingWith: prefix)], "\(line): \(live.requests)")
        }
        let live = Fixed()
        _ = completion("-n k8s show --timeout 5s 10", live)
        #expect(live.requests.map(\.network?.text) == ["k8s"])
    }

    @Test func listsAreCompletedAfterTheirLastComma() {
        let live = Fixed(["10.188.0.7", "10.188.0.8", "10.188.0.9"])
        #expect(values("release 10.188.0.7,10.", live) == ["10.188.0.7,10.188.0.8", "10.188.0.7,10.188.0.9"])
        #expect(
            values("release 10.188.0.7 ", live) == ["10.188.0.8", "10.188.0.9"], "what is given is not offered again")
        #expect(values("show 10.188.0.7 ", live).allSatisfy { $0.hasPrefix("-") }, "one address is all it takes")
    }

    @Test func subcommandsAreCompleted() {
        #expect(values("config ") == ["check", "show", "generate"])
        #expect(values("config sh") == ["show"])
        #expect(values("help config ") == ["check", "show", "generate"])
        #expect(values("config check --na") == ["--nad"])
        #expect(values("config generate --type mac") == ["macvlan"])
        #expect(values("config show --columns o") == ["origin"])
        #expect(completion("config check ").paths == .files)
        #expect(completion("config frob x") == Completion())
        let live = Fixed()
        _ = completion("config show -n k", live)
        #expect(live.requests == [LiveRequest(.networks, startingWith: "k")])
    }

    @Test func whatAShellWouldInterpretIsNotOffered() {
        let live = Fixed(["n1", "n;reboot", "n$(reboot)", "n 2", "n\u{1B}[2J", "n`x`", "arn:aws:eks/n@3"])
        #expect(values("list --node ", live) == ["n1", "arn:aws:eks/n@3"])
    }

    @Test func theAnswerIsCobrasProtocol() {
        #expect(completion("versi").text == "version\tPrint the version\n:4\n")
        #expect(completion("reserve -f ").text == ":0\n")
        #expect(completion("audit --cni-cache ").text == ":16\n")
        #expect(completion("completion ").text == "bash\nzsh\nfish\n:36\n")
        #expect(Completion([.init("10.", "9 addresses", isComplete: false)]).text == "10.\t9 addresses\n:6\n")
        #expect(Completion([.init("a", "two\nlines\tand \u{1B}[2J")]).text == "a\ttwo lines and \u{FFFD}[2J\n:4\n")
    }

    /// A new option must say what it takes: enumerate its values, or be in the table of ``ValueKind``.
    @Test func everyValueOfTheTreeHasAKind() {
        let tree = CommandTree.ipamctl
        var values = 0
        for command in tree.commands where command.isShown && command.name != "help" {
            for value in command.options.compactMap(\.value) + command.arguments {
                values += 1
                #expect(ValueKind(value, of: command.path) != nil, "\(command.path) \(value.name)")
                if value.name == "--columns" {
                    #expect(!ResultColumns.names(of: command.path).isEmpty, "\(command.path)")
                }
            }
        }
        #expect(values > 100)
    }

    @Test func valuesThatAreTooManyAreSummedUp() {
        let names = (0..<30).map { Completion.Candidate("default/web-\($0)") }
        #expect(CommonStarts.candidates(names, limit: 30, noun: "name") == names)
        let starts = CommonStarts.candidates(names, limit: 29, noun: "name")
        #expect(starts.prefix(2).map(\.value) == ["default/web-0", "default/web-1"])
        #expect(starts.prefix(2).map(\.isComplete) == [true, false], "web-0 is the only one that begins so")
        #expect(starts[1].description == "11 names")
        #expect(!Completion(starts).isFollowedBySpace)
    }
}
