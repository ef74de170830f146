import Foundation
import TestSupport
import Testing

/// `ipamctl completion`, and the files in completions/.
struct CompletionScriptTests {
    static let files = ["bash": "ipamctl.bash", "zsh": "_ipamctl", "fish": "ipamctl.fish"]

    @Test(arguments: ["bash", "zsh", "fish"]) func theFilesAreWhatIpamctlPrints(shell: String) async throws {
        let printed = try await runProcess(
            try BuildProducts.product("ipamctl").path, ["completion", shell], environment: [:]
        ).checked().stdoutText
        let file = BuildProducts.packageRoot.appendingPathComponent("completions/\(Self.files[shell] ?? "")")
        #expect(try String(contentsOf: file, encoding: .utf8) == printed, "'make completions' writes \(file.path)")
    }

    @Test func anotherShellIsAUsageError() async throws {
        let output = try await runProcess(
            try BuildProducts.product("ipamctl").path, ["completion", "tcsh"], environment: [:])
        #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
        #expect(output.stderrText.contains("one of 'bash', 'zsh' or 'fish'"), "\(output.stderrText)")
    }
}
