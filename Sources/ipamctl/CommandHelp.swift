/// What a command's help says below its first line. `--help` prints it, and `scripts/generate-manual` writes it into the
/// command's manual page.
struct CommandHelp {
    /// A command line that a reader can copy. The tests run every one of them.
    struct Example {
        /// What the command does, in one line. If the command ends with another exit status than 0, it says so: `exit
        /// status 5`.
        let purpose: String
        /// One shell command, at most 78 columns wide; longer ones continue after `\` on an indented line.
        let commandLine: String

        init(_ purpose: String, _ commandLine: String) {
            self.purpose = purpose
            self.commandLine = commandLine
        }
    }

    /// Paragraphs, separated by empty lines; empty if the first line of the help says all.
    let description: String
    let examples: [Example]

    init(_ description: String = "", examples: [Example]) {
        self.description = description
        self.examples = examples
    }

    /// The line before the examples, which the generator of the manual looks for.
    private static let heading = "Examples:"

    /// The text for a command's configuration: the description, then each example below a comment that says what it does.
    var discussion: String {
        let lines = examples.flatMap { example in
            ["# " + example.purpose] + example.commandLine.split(separator: "\n").map(String.init)
        }
        return ([description, ([Self.heading] + lines.map { "  " + $0 }).joined(separator: "\n")])
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }
}
