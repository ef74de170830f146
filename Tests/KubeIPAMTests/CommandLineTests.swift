import Foundation
import IPAMKit
import TestSupport
import Testing

/// What a person sees who runs the plugin by hand.
struct CommandLineTests {
    private func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> ProcessOutput {
        try await PluginProcess(arguments, environment: environment, stdin: "").answer().output
    }

    @Test func withoutCommandItExplainsItselfOnStandardError() async throws {
        let output = try await run([])
        #expect(output.status == 0)
        #expect(output.stdout.isEmpty)
        #expect(output.stderrText.hasPrefix("kube-ipam \(ProductVersion.text): a CNI IPAM plugin"))
        #expect(output.stderrText.contains("CNI_COMMAND (ADD, DEL, CHECK, GC, STATUS, VERSION)"))
    }

    @Test(arguments: ["--version", "-v", "version"])
    func versionIsOneLine(argument: String) async throws {
        let output = try await run([argument])
        #expect(output.status == 0)
        #expect(output.stdoutText == "kube-ipam \(ProductVersion.text)\n")
        #expect(output.stderr.isEmpty)
    }

    @Test(arguments: ["--help", "-h", "help"])
    func helpGoesToStandardOutput(argument: String) async throws {
        let output = try await run([argument])
        #expect(output.status == 0)
        #expect(output.stdoutText.contains("kube-ipam --version"))
        #expect(output.stderr.isEmpty)
    }

    @Test(arguments: [[:], ["CNI_COMMAND": "ADD"]])
    func unknownArgumentIsAUsageError(environment: [String: String]) async throws {
        let output = try await run(["--frobnicate"], environment: environment)
        #expect(output.status == 64)
        #expect(output.stdout.isEmpty)
        #expect(output.stderrText == "kube-ipam: unknown argument \"--frobnicate\"\nhint: kube-ipam --help\n")
    }
}
