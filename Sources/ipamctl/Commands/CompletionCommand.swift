import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion", abstract: "Print the script that completes commands in a shell.",
        discussion: """
            The script completes commands, options, and values such as networks, addresses, reservations, pods and nodes \
            as they are in etcd. If etcd does not answer within 300 ms, or within \(StoreValues.patienceVariable), such \
            as 2s, these values are left out.

            bash: for the running shell; for one user, with the package bash-completion; for all users:
              source <(ipamctl completion bash)
              ipamctl completion bash \\
                >~/.local/share/bash-completion/completions/ipamctl
              ipamctl completion bash >/etc/bash_completion.d/ipamctl

            zsh, likewise; for one user, ~/.zfunc must be in fpath before compinit:
              source <(ipamctl completion zsh)
              ipamctl completion zsh >~/.zfunc/_ipamctl
              ipamctl completion zsh >/usr/local/share/zsh/site-functions/_ipamctl

            fish, likewise:
              ipamctl completion fish | source
              ipamctl completion fish >~/.config/fish/completions/ipamctl.fish
              ipamctl completion fish \\
                >/usr/local/share/fish/vendor_completions.d/ipamctl.fish

            'make install' has installed all three. 'kubectl ipam' is completed by kubectl's own script.
            """)

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
