/// What is offered for the value of an option or for a positional argument.
indirect enum ValueKind: Hashable, Sendable {
    /// Names and addresses that exist now.
    case live(LiveKind)
    /// These words.
    case words([String])
    /// The path of a file.
    case file
    /// The path of a folder.
    case folder
    /// One or more of another kind, separated by commas.
    case list(of: ValueKind)
    /// A text that nobody can guess, such as a note.
    case text

    /// The kind of a value; nil if it is neither enumerated nor in the table.
    ///
    /// - Parameters:
    ///   - value: of an option or an argument of `command`.
    ///   - command: the words of the command, such as `list`, or `config check`.
    init?(_ value: CommandTree.Value, of command: String) {
        if !value.allowed.isEmpty {
            self = .words(value.allowed)
        } else if ["--columns", "--sort-by"].contains(value.name) {
            self = .list(of: .words(ResultColumns.names(of: command)))
        } else if let kind = Self.table["\(command) \(value.name)"] ?? Self.table[value.name] {
            self = kind
        } else {
            return nil
        }
    }

    /// By `COMMAND NAME` or NAME, which is an option's preferred spelling or an argument in the usage. Every value that the
    /// parser does not enumerate is here.
    private static let table: [String: ValueKind] = [
        "<address>": .live(.addresses),
        "<addresses>": .list(of: .live(.addresses)),
        "reserve <addresses>": .list(of: .live(.freeAddresses)),
        "<file>": .file,
        "<network>": .live(.networks),
        "<text>": .text,
        "--at": .text,
        "--bridge": .text,
        "--cacert": .file,
        "--cert": .file,
        "--cni-bin": .folder,
        "--cni-cache": .folder,
        "--cidr": .text,
        "--command": .text,
        "--config": .file,
        "--container": .live(.containers),
        "--context": .live(.contexts),
        "--endpoints": .text,
        "--exclude": .text,
        "--expires": .text,
        "--expiring": .text,
        "--file": .file,
        "--fixed-end": .text,
        "--fixed-start": .text,
        "--for": .live(.holders),
        "--from-report": .file,
        "--gateway": .text,
        "--grace": .text,
        "--key": .file,
        "--kubeconfig": .file,
        "--limit": .text,
        "--master": .text,
        "--nad": .text,
        "--name": .text,
        "--namespace": .live(.namespaces),
        "--network": .live(.networks),
        "--next": .text,
        "--node": .live(.nodes),
        "--note": .text,
        "--output-file": .file,
        "--plan": .live(.plans),
        "--pod": .live(.pods),
        "--range-end": .text,
        "--range-set": .text,
        "--range-start": .text,
        "--reason": .text,
        "--report": .file,
        "--resolv-conf": .file,
        "--route": .text,
        "--since": .text,
        "--since-revision": .text,
        "--start": .text,
        "--subnet": .text,
        "--svg": .file,
        "--timeout": .text,
        "--user": .text,
        "--workload": .live(.workloads),
    ]
}
