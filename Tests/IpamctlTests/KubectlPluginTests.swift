import Foundation
import TestSupport
import Testing

@testable import ipamctl

/// ipamctl as a plugin of kubectl: by the name that it is called with.
struct KubectlPluginTests {
    /// It has links to ipamctl, as 'make install' makes them.
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory(prefix: "plugin")
        for name in ["kubectl-ipam", "kubectl_complete-ipam"] {
            try FileManager.default.createSymbolicLink(
                at: folder.file(name), withDestinationURL: try BuildProducts.product("ipamctl"))
        }
    }

    private func run(_ name: String, _ arguments: String...) async throws -> ProcessOutput {
        try await runProcess(folder.file(name).path, arguments, environment: [:])
    }

    @Test func helpErrorsAndHintsNameKubectl() async throws {
        let commands = CommandTree.ipamctl.root.subcommands.filter { $0.isShown && $0.name != "help" }
        for arguments in [["--help"]] + commands.map({ [$0.name, "--help"] }) {
            let help = try await runProcess(folder.file("kubectl-ipam").path, arguments, environment: [:]).checked()
            #expect(help.stdoutText.contains("USAGE: kubectl ipam "), "\(help.stdoutText)")
            #expect(!help.stdoutText.contains(/(^|[ '])ipamctl [a-z]/.anchorsMatchLineEndings()), "\(help.stdoutText)")
            #expect(help.lines.allSatisfy { $0.count <= 80 }, "\(help.lines.filter { $0.count > 80 })")
        }
        let unknown = try await run("kubectl-ipam", "lst")
        #expect(
            unknown.stderrText == """
                kubectl ipam: unknown command "lst"
                hint: did you mean 'kubectl ipam list'?

                """)
        let wrong = try await run("kubectl-ipam", "list", "--frob")
        #expect(wrong.stderrText.contains("hint: see 'kubectl ipam list --help'\n"), "\(wrong.stderrText)")
        #expect(try await run("kubectl-ipam", "version").checked().stdoutText.hasPrefix("ipamctl "))
    }

    /// kubectl passes the words after the plugin's name, the last one to be completed.
    @Test func kubectlAsksWhatCanFollow() async throws {
        let first = try await run("kubectl_complete-ipam", "").checked()
        #expect(first.lines.contains("networks\tList the networks and how full they are"), "\(first.stdoutText)")
        #expect(first.lines.last == ":36" && first.stderr.isEmpty)
        #expect(try await run("kubectl_complete-ipam", "list", "-o", "y").checked().stdoutText == "yaml\n:4\n")
        #expect(try await run("kubectl_complete-ipam", "reserve", "--", "--no").checked().stdoutText == ":4\n")
        #expect(try await run("kubectl_complete-ipam").checked().lines.last == ":36")
    }
}
