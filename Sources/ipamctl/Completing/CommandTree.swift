import IPAMKit

/// The commands of ipamctl with their options and arguments, as the parser knows them. A new command or option is part of it
/// without further work.
struct CommandTree: Sendable {
    /// ipamctl itself; its subcommands include `help`.
    let root: Command

    /// A command.
    struct Command: Sendable {
        /// Such as `list`.
        let name: String
        /// The words that call it, without the program's: `list`, `config check`.
        let path: String
        /// Other names of the command, such as `ls`.
        let aliases: [String]
        /// One sentence; empty if the command has none.
        let abstract: String
        /// Whether help shows the command.
        let isShown: Bool
        let subcommands: [Command]
        let options: [Option]
        /// The positional arguments in order.
        let arguments: [Value]

        /// Finds a subcommand by its name or an alias.
        func subcommand(_ name: String) -> Command? {
            subcommands.first { $0.name == name || $0.aliases.contains(name) }
        }
    }

    /// An option or a flag.
    struct Option: Sendable {
        /// Its spellings with their dashes, the preferred one first: `--network`, `-n`.
        let names: [String]
        /// What the option takes; nil for a flag.
        let value: Value?
        /// Whether it may be given more than once.
        let isRepeating: Bool
        /// Whether help shows the option.
        let isShown: Bool
        /// The help text.
        let abstract: String

        /// The preferred spelling, such as `--network`.
        var name: String { names[0] }
    }

    /// The value of an option, or a positional argument.
    struct Value: Sendable {
        /// The option's preferred spelling, such as `--network`, or the argument's name in the usage, such as `<address>`.
        let name: String
        /// The values that are allowed; empty if the parser does not enumerate them.
        let allowed: [String]
        /// Descriptions of some of the allowed values.
        let descriptions: [String: String]
        /// Whether the argument takes several words.
        let isRepeating: Bool
    }

    /// The tree of this program.
    static let ipamctl = CommandTree(dump: Ipamctl._dumpHelp())

    /// Finds a command by its name or an alias.
    func command(_ name: String) -> Command? { root.subcommand(name) }

    /// Finds the command of a command line.
    ///
    /// - Parameter words: those after the program's name.
    /// - Returns: the command, and how many words name it; nil if the first word is not a command.
    func command(of words: some Sequence<String>) -> (command: Command, words: Int)? {
        var found: (command: Command, words: Int)?
        for word in words {
            guard let next = (found?.command ?? root).subcommand(word) else { break }
            found = (next, (found?.words ?? 0) + 1)
        }
        return found
    }

    /// All commands that do something: not those that only have subcommands.
    var commands: [Command] { root.subcommands.flatMap { $0.subcommands.isEmpty ? [$0] : $0.subcommands } }

    /// The options that may stand before the command: ``GlobalOption``, each once.
    var globalOptions: [Option] {
        var found: [Option] = []
        for option in commands.flatMap(\.options) where GlobalOption(option.name) != nil {
            if !found.contains(where: { $0.name == option.name }) { found.append(option) }
        }
        return found
    }
}
