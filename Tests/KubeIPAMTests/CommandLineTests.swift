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

    /// Whoever closed it gets a status that says so, and no file or socket gets the text instead.
    @Test(arguments: [["--version"], ["--help"], []])
    func aStandardOutputThatIsClosedIsAFailure(arguments: [String]) async throws {
        let output = try await runProcess(
            "sh",
            ["-c", #"exec "$@" >&-"#, "sh", BuildProducts.product("kube-ipam").path] + arguments,
            environment: ["PATH": "/usr/bin:/bin", "CNI_COMMAND": "VERSION"],
            stdin: Data(#"{"cniVersion":"1.0.0"}"#.utf8))
        #expect(output.status == 1 && output.stderr.isEmpty, "\(output.stderrText)")
    }

    @Test(arguments: [[:], ["CNI_COMMAND": "ADD"]])
    func unknownArgumentIsAUsageError(environment: [String: String]) async throws {
        let output = try await run(["--frobnicate"], environment: environment)
        #expect(output.status == 64)
        #expect(output.stdout.isEmpty)
        #expect(output.stderrText == "kube-ipam: unknown argument \"--frobnicate\"\nhint: kube-ipam --help\n")
    }
}
