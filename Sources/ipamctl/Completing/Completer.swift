import IPAMKit

/// Finds out what can stand in place of the word at the cursor, for the scripts of the shells and for kubectl.
struct Completer: Sendable {
    let tree: CommandTree

    init(tree: CommandTree = .ipamctl) {
        self.tree = tree
    }

    /// - Parameters:
    ///   - words: the words before the one at the cursor, without the program's name and without quotes.
    ///   - current: the word at the cursor, up to the cursor; may be empty. In `--option=value` and `-o=value`, the candidates
    ///     replace the value only.
    ///   - live: is asked at most once.
    func completion(of words: [String], current: String, live: some LiveValues) -> Completion {
        let line = PartialCommandLine(words, of: tree)
        if line.isUnknown { return Completion() }
        if let option = line.awaiting {
            return option.value.map { values(of: $0, startingWith: current, line, live) } ?? Completion()
        }
        if !line.hasTerminator, current.hasPrefix("-") {
            if let (option, before, value) = line.joined(current), let kind = option.value {
                let completion = values(of: kind, startingWith: value, line, live)
                return before.hasSuffix("=") ? completion : completion.prefixed(with: before)
            }
            return options(startingWith: current, line)
        }
        guard let command = line.command else { return commands(startingWith: current, isHelp: false) }
        if command.name == Self.help {
            guard let word = line.arguments.first else { return commands(startingWith: current, isHelp: true) }
            guard line.arguments.count == 1, let named = tree.command(word) else { return Completion() }
            return subcommands(of: named, startingWith: current)
        }
        if !command.subcommands.isEmpty { return subcommands(of: command, startingWith: current) }
        guard let argument = command.argument(after: line.arguments.count) else {
            return current.isEmpty && !line.hasTerminator ? options(startingWith: "", line) : Completion()
        }
        var completion = values(of: argument, startingWith: current, line, live)
        completion.candidates.removeAll { line.arguments.contains($0.value) }
        return completion
    }

    private static let help = "help"

    // MARK: Commands and options

    private func commands(startingWith prefix: String, isHelp: Bool) -> Completion {
        let shown = tree.root.subcommands.filter { $0.isShown && !(isHelp && $0.name == Self.help) }
        let byName = shown.filter { $0.name.hasPrefix(prefix) }
        if !byName.isEmpty || prefix.isEmpty {
            return Completion(byName.map { .init($0.name, Self.phrase($0.abstract)) })
        }
        let byAlias = shown.flatMap { command in
            command.aliases.map { Completion.Candidate($0, Self.phrase(command.abstract)) }
        }
        return Completion(byAlias.filter { $0.value.hasPrefix(prefix) })
    }

    private func subcommands(of command: CommandTree.Command, startingWith prefix: String) -> Completion {
        let shown = command.subcommands.filter { $0.isShown && $0.name != Self.help && $0.name.hasPrefix(prefix) }
        return Completion(shown.map { .init($0.name, Self.phrase($0.abstract)) })
    }

    /// The options that are not given yet, by their preferred spellings; short ones only if they are typed.
    private func options(startingWith prefix: String, _ line: PartialCommandLine) -> Completion {
        var candidates: [Completion.Candidate] = []
        for option in line.options where option.isShown {
            let isGiven = line.given.contains { $0.option.name == option.name }
            guard !isGiven || option.isRepeating else { continue }
            let isTyped = !prefix.hasPrefix("--") && option.names.contains(prefix)
            guard isTyped || option.name.hasPrefix(prefix) else { continue }
            candidates.append(.init(isTyped ? prefix : option.name, Self.phrase(option.abstract)))
        }
        return Completion(candidates)
    }

    /// The first sentence of a help text, without its full stop; nil for an empty text.
    private static func phrase(_ text: String) -> String? {
        let line = text.prefix { !$0.isNewline }
        let sentence = line.firstRange(of: ". ").map { line[..<$0.lowerBound] } ?? line
        guard !sentence.isEmpty else { return nil }
        return String(sentence.last == "." ? sentence.dropLast() : sentence)
    }

    // MARK: Values

    private func values(
        of value: CommandTree.Value, startingWith prefix: String, _ line: PartialCommandLine, _ live: some LiveValues
    ) -> Completion {
        guard let kind = ValueKind(value, of: line.command?.path ?? "") else { return Completion() }
        return values(kind, of: value, startingWith: prefix, line, live)
    }

    private func values(
        _ kind: ValueKind, of value: CommandTree.Value, startingWith prefix: String, _ line: PartialCommandLine,
        _ live: some LiveValues
    ) -> Completion {
        switch kind {
        case .text: return Completion()
        case .file: return Completion(paths: .files)
        case .folder: return Completion(paths: .folders)
        case .words(let words):
            // An option that may be repeated need not take the same value twice.
            let given = line.values(of: value.name)
            return Completion(
                words.filter { $0.hasPrefix(prefix) && !given.contains($0) }
                    .map { .init($0, value.descriptions[$0]) })
        case .live(let kind):
            guard prefix.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return Completion() }
            let found = live.candidates(for: LiveRequest(kind, startingWith: prefix, network: line.network))
            return Completion(found.filter { $0.isSafe && $0.value.hasPrefix(prefix) })
        case .list(let element):
            guard let comma = prefix.lastIndex(of: ",") else {
                return values(element, of: value, startingWith: prefix, line, live)
            }
            let before = String(prefix[...comma])
            let listed = before.split(separator: ",").map(String.init)
            var completion = values(
                element, of: value, startingWith: String(prefix[prefix.index(after: comma)...]), line, live)
            completion.candidates.removeAll { listed.contains($0.value) }
            return completion.prefixed(with: before)
        }
    }
}

extension CommandTree.Command {
    /// The positional argument that follows `count` others; nil if no more are taken.
    fileprivate func argument(after count: Int) -> CommandTree.Value? {
        if count < arguments.count { return arguments[count] }
        return arguments.last.flatMap { $0.isRepeating ? $0 : nil }
    }
}

extension Completion {
    /// The same candidates with the part of the word before them.
    fileprivate func prefixed(with before: String) -> Completion {
        var completion = self
        completion.candidates = candidates.map {
            Candidate(before + $0.value, $0.description, isComplete: $0.isComplete)
        }
        return completion
    }
}
