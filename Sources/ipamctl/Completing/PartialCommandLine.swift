import IPAMKit

/// The words before the cursor, without the program's name, as the parser will read them.
struct PartialCommandLine {
    /// The command; nil if there is none yet.
    private(set) var command: CommandTree.Command?
    /// Whether the first word is not the name of a command.
    private(set) var isUnknown = false
    /// The options given so far.
    private(set) var given: [Given] = []
    /// The positional arguments given so far.
    private(set) var arguments: [String] = []
    /// Whether `--` was given: only arguments follow.
    private(set) var hasTerminator = false
    /// The option whose value is the next word.
    private(set) var awaiting: CommandTree.Option?

    private let tree: CommandTree

    /// An option on the command line.
    struct Given {
        let option: CommandTree.Option
        /// Nil for a flag, and if the value is the word at the cursor.
        let value: String?
    }

    init(_ words: [String], of tree: CommandTree) {
        self.tree = tree
        for word in words { take(word) }
        if let awaiting { given.append(Given(option: awaiting, value: nil)) }
    }

    /// The options that are allowed at the cursor.
    var options: [CommandTree.Option] {
        command?.options ?? tree.root.options + tree.globalOptions
    }

    /// Finds an option by one of its spellings.
    func option(_ name: some StringProtocol) -> CommandTree.Option? {
        options.first { option in option.names.contains { $0 == name } }
    }

    /// The option and the value of `--option=value`, `-o=value` and, for global options, `-ovalue`; nil for any other word.
    ///
    /// - Returns: `before` is all of the word that is not the value.
    func joined(_ word: String) -> (option: CommandTree.Option, before: String, value: String)? {
        guard word.hasPrefix("-") else { return nil }
        if let sign = word.firstIndex(of: "=") {
            guard let option = option(word[..<sign]), option.value != nil else { return nil }
            return (option, String(word[...sign]), String(word[word.index(after: sign)...]))
        }
        let short = String(word.prefix(2))
        guard !word.hasPrefix("--"), let option = option(short), option.value != nil,
            GlobalOption(short)?.takesNextArgument == true
        else { return nil }
        return (option, short, String(word.dropFirst(2)))
    }

    /// The values of an option by its preferred spelling, in order.
    func values(of name: String) -> [String] {
        given.filter { $0.option.name == name }.compactMap(\.value)
    }

    private mutating func take(_ word: String) {
        if let option = awaiting {
            given.append(Given(option: option, value: word))
            awaiting = nil
        } else if hasTerminator || word == "-" || !word.hasPrefix("-") {
            takeArgument(word)
        } else if word == "--" {
            hasTerminator = true
        } else if let option = option(word) {
            if option.value == nil { given.append(Given(option: option, value: nil)) } else { awaiting = option }
        } else if let joined = joined(word) {
            given.append(Given(option: joined.option, value: joined.value))
        }
    }

    private mutating func takeArgument(_ word: String) {
        if let command, !isUnknown, arguments.isEmpty, !command.subcommands.isEmpty {
            self.command = command.subcommand(word)
            isUnknown = self.command == nil
            return
        }
        guard command == nil, !isUnknown else {
            arguments.append(word)
            return
        }
        command = tree.command(word)
        isUnknown = command == nil
    }
}

extension PartialCommandLine {
    /// The network that the words name; nil if they name none.
    var network: NetworkName? { values(of: "--network").last.flatMap { try? NetworkName($0) } }

    /// The options that say how to reach etcd and Kubernetes; nil if one of their values is not valid.
    var globalOptions: GlobalOptions? {
        var words: [String] = []
        for given in given where GlobalOption(given.option.name) != nil && given.option.name != "--output" {
            if let value = given.value { words += ["\(given.option.name)=\(value)"] }
        }
        return try? GlobalOptions.parse(words)
    }
}
