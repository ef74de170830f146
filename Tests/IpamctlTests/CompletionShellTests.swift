import Foundation
import TestSupport
import Testing

/// The scripts in the shells that they are for, on a terminal.
@Suite(.needs(.etcd, .root)) struct CompletionShellTests {
    /// A shell, and how it finds the script.
    enum Shell: CaseIterable {
        /// Without the package bash-completion: `source <(ipamctl completion bash)`.
        case bash
        /// The package loads the installed file.
        case bashWithPackage
        /// From a folder of fpath.
        case zsh
        /// `source <(ipamctl completion zsh)`
        case sourcedZsh
        /// From the user's folder.
        case fish
    }

    private static let prompt = "%"
    private static let controlU = "\u{15}"

    /// A home folder for one shell, with its configuration.
    private struct Home {
        let folder: TemporaryDirectory
        let shell: Shell

        var program: String {
            switch shell {
            case .bash, .bashWithPackage: "bash"
            case .zsh, .sourcedZsh: "zsh"
            case .fish: "fish"
            }
        }

        var arguments: [String] {
            program == "bash" ? ["--noprofile", "--rcfile", folder.file("rc").path, "-i"] : ["-i"]
        }

        init(_ shell: Shell) throws {
            self.shell = shell
            folder = try TemporaryDirectory(prefix: "home")
            func write(_ text: String, _ path: String) throws {
                let file = folder.file(path)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            func script(_ name: String) throws -> String {
                try String(
                    contentsOf: BuildProducts.packageRoot.appendingPathComponent("completions/\(name)"), encoding: .utf8
                )
            }
            let start = "PS1='\(prompt) '\nbind 'set enable-bracketed-paste off'\n"
            let compinit = "PROMPT='%% '\nautoload -Uz compinit\ncompinit -u -d \(folder.path)/dump\n"
            switch shell {
            case .bash:
                try write(start + "source <(ipamctl completion bash)\n", "rc")
            case .bashWithPackage:
                try write(start + "source /usr/share/bash-completion/bash_completion\n", "rc")
                try write(script("ipamctl.bash"), "data/bash-completion/completions/ipamctl")
            case .zsh:
                try write("fpath=(\(folder.path)/site-functions $fpath)\n" + compinit, ".zshrc")
                try write(script("_ipamctl"), "site-functions/_ipamctl")
            case .sourcedZsh:
                try write(compinit + "source <(ipamctl completion zsh)\n", ".zshrc")
            case .fish:
                try write(
                    "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\n"
                        + "function fish_prompt; echo -n '\(prompt) '; end\n", "config/fish/config.fish")
                try write(script("ipamctl.fish"), "config/fish/completions/ipamctl.fish")
            }
        }

        var environment: [String: String] {
            [
                "HOME": folder.path, "ZDOTDIR": folder.path, "XDG_CONFIG_HOME": folder.file("config").path,
                "XDG_DATA_HOME": folder.file("data").path, "HISTFILE": "/dev/null",
            ]
        }
    }

    /// Types in a shell on the site's machine.
    private func run(
        _ shell: Shell, _ site: AdminSite, environment: [String: String] = CompletionValuesTests.patience,
        _ steps: [ScreenStep]
    ) async throws -> ScreenRun {
        let home = try Home(shell)
        let command = PrivateFolder.command(
            showing: site.files.path, at: AdminSite.folder, home.program, home.arguments)
        let programs = try BuildProducts.product("ipamctl").deletingLastPathComponent().path
        var all = site.environment().merging(home.environment) { $1 }.merging(environment) { $1 }
        all["PATH"] = "\(programs):\(all["PATH"] ?? "")"
        return try await runOnScreen(
            command.program, command.arguments, environment: all, size: (100, 30),
            steps: [.wait("^\(Self.prompt)")] + steps)
    }

    /// Types a line, and waits until it is completed; then clears it.
    private func completing(_ typed: String, to line: String) -> [ScreenStep] {
        let pattern = NSRegularExpression.escapedPattern(for: line)
        return [.type("\(typed)\t"), .wait("^\(Self.prompt) \(pattern)$"), .type(Self.controlU), .leave("\(pattern)$")]
    }

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0", ip: "10.188.0.9")
        try await site.add("c2", "default/web-1", node: "n2", ip: "10.188.1.7")
        return site
    }

    @Test(arguments: Shell.allCases) func wordsAreCompleted(shell: Shell) async throws {
        let site = try await site()
        var steps: [ScreenStep] = []
        for (typed, line) in [
            ("ipamctl sho", "ipamctl show"), ("ipamctl list --names", "ipamctl list --namespace"),
            ("ipamctl -n ", "ipamctl -n k8s"), ("ipamctl show 10.188.1", "ipamctl show 10.188.1.7"),
            ("ipamctl show fd00:188::3", "ipamctl show fd00:188::3"), ("ipamctl show fd", "ipamctl show fd00:188::"),
            ("ipamctl list --pod default/w", "ipamctl list --pod default/web-1"),
            ("ipamctl list --pod=default/w", "ipamctl list --pod=default/web-1"),
            ("ipamctl list -ojs", "ipamctl list -ojson"), ("ipamctl list -o js", "ipamctl list -o json"),
            ("ipamctl hold k8s --rea", "ipamctl hold k8s --reason"),
            ("ipamctl audit --config=/etc/hostn", "ipamctl audit --config=/etc/hostname"),
            ("ipamctl audit --cni-cache /etc/cni/net", "ipamctl audit --cni-cache /etc/cni/net.d/"),
        ] { steps += completing(typed, to: line) }
        _ = try await run(shell, site, steps)
    }

    @Test(arguments: Shell.allCases) func candidatesAreListedWithTheirDescriptions(shell: Shell) async throws {
        let site = try await site()
        let list = try await run(
            shell, site,
            [
                .type("ipamctl show 10.188\t"), .wait("show 10\\.188\\.$"), .type("\t\t"), .wait("db-0 on n1"),
                .wait("web-1 on n2"), .capture,
            ])
        #expect(list.text.contains("10.188.0.9"), "\(list.text)")
        // readline takes the colon for the end of a word.
        let longer = try await run(
            shell, site,
            [.type("ipamctl show fd00:188:\t\t\t"), .wait("00:188::2 +(\\(|--)"), .wait("00:188::3 +(\\(|--)")])
        #expect(longer.text.contains("web-1 on n2"), "\(longer.text)")
        let options = try await run(
            shell, site,
            [.type("ipamctl unhold --ye\t"), .wait("--yes$"), .type("\u{15}ipamctl unhold --d\t"), .wait("--dry-run$")])
        #expect(!options.text.contains("not found"), "\(options.text)")
    }

    @Test(arguments: Shell.allCases) func withoutAnEtcdTheLineStaysAsItIs(shell: Shell) async throws {
        let site = try await site()
        site.server.stop()
        let run = try await run(
            shell, site, environment: [:],
            [
                .type("ipamctl show 1\t"), .type("\t"), .type("x\u{15}echo all"), .type(" is well\r"),
                .wait("^all is well$"),
            ])
        #expect(!run.text.contains("reachable") && !run.text.contains("hint"), "\(run.text)")
    }
}
