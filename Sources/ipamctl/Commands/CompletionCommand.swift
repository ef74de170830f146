import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the script that completes commands in a shell.",
        discussion: CommandHelp(
            """
            The script completes commands, options, and values such as networks, addresses, reservations, pods and nodes \
            as they are in etcd. If etcd does not answer within 300 ms, or within \(StoreValues.patienceVariable), such \
            as 2s, these values are left out.

            For the running bash: 'source <(ipamctl completion bash)'; zsh likewise.

            For the running fish: 'ipamctl completion fish | source'.

            For one user: bash with the package bash-completion reads \
            ~/.local/share/bash-completion/completions/ipamctl, zsh _ipamctl in a folder of fpath, and fish \
            ~/.config/fish/completions/ipamctl.fish. 'make install' has installed all three for all users. 'kubectl \
            ipam' is completed by kubectl's own script.
            """,
            examples: [
                .init(
                    "Complete in bash, for all users", "ipamctl completion bash >/etc/bash_completion.d/ipamctl"),
                .init("Write the script for zsh, for a folder of fpath", "ipamctl completion zsh >_ipamctl"),
                .init("Write the script for fish", "ipamctl completion fish >ipamctl.fish"),
            ]
        ).discussion)

    @Argument(help: "The shell.")
    var shell: CompletionShell

    func run() { Terminal.print(shell.script) }
}

/// The shells that have a script.
enum CompletionShell: String, ExpressibleByArgument, CaseIterable {
    case bash, zsh, fish

    /// The script, with a line break at its end.
    var script: String {
        switch self {
        case .bash: Self.bashScript
        case .zsh: Self.zshScript
        case .fish: Self.fishScript
        }
    }
}
