import Foundation
import IPAMKit
import TestSupport
import Testing

/// A plugin that runs: to be waited for, or killed.
struct PluginProcess: Sendable {
    private let process: SpawnedProcess
    private let output: Task<ProcessOutput, any Error>

    /// Starts it with exactly this environment, on this machine or on one that is made up; its input is fed from now on.
    ///
    /// - Parameter mounts: a shell script that runs before it, in a mount namespace that is its own.
    init(
        _ arguments: [String] = [], environment: [String: String], stdin: String, on node: SimulatedNode? = nil,
        mounts: String? = nil
    ) throws {
        var command = (program: try BuildProducts.product("kube-ipam").path, arguments: arguments)
        if let mounts {
            command.arguments =
                ["-m", "/bin/sh", "-c", "\(mounts) && exec \"$@\"", "sh", command.program] + command.arguments
            command.program = "unshare"
        }
        if let node { command = node.command(command.program, command.arguments) }
        let process = try SpawnedProcess(
            command.program, command.arguments, environment: environment, stdin: Data(stdin.utf8))
        self.process = process
        output = Task {
            // The node's files go with its last reference.
            defer { withExtendedLifetime(node) {} }
            return try await process.output()
        }
    }

    var hasEnded: Bool { process.hasEnded }

    func kill() {
        process.kill()
    }

    /// What it said when it has ended.
    func answer() async throws -> PluginAnswer {
        PluginAnswer(try await output.value)
    }
}

/// What the plugin answered.
struct PluginAnswer: Sendable {
    let output: ProcessOutput

    init(_ output: ProcessOutput) {
        self.output = output
    }

    /// Why there is no result.
    struct NoResult: Error, CustomStringConvertible {
        let description: String
    }

    /// Standard output as JSON; nil when it is none.
    var json: JSONValue? { try? JSONValue(parsing: Array(output.stdout)) }

    /// The result of a call that succeeded.
    ///
    /// - Throws: ``NoResult`` when it failed, or printed no JSON, or said anything on standard error.
    func result() throws -> JSONValue {
        guard output.status == 0, output.stderr.isEmpty, let json else {
            throw NoResult(description: "\(self)")
        }
        return json
    }

    /// The addresses of a result, without their prefix lengths.
    ///
    /// - Throws: As ``result()``.
    func addresses() throws -> [String] {
        try CNIResult.addresses(inPrevResult: result()).map(\.description)
    }

    /// The only address of a result.
    ///
    /// - Throws: As ``result()``, and when there is not exactly one.
    func address() throws -> String {
        let addresses = try addresses()
        guard addresses.count == 1 else { throw NoResult(description: "not one address: \(self)") }
        return addresses[0]
    }

    /// What a failure says beside its sentence, such as the next step.
    var details: String? { json?["details"]?.string }

    /// Whether a call that answers nothing succeeded.
    var isSilentSuccess: Bool { output.status == 0 && output.stdout.isEmpty && output.stderr.isEmpty }

    /// The error of a call that failed as the specification wants it: status 1, one object on standard output with
    /// version, code and message, nothing on standard error. Nil otherwise.
    var failure: PluginFailure? {
        guard output.status == 1, output.stderr.isEmpty, let json, json["cniVersion"]?.string != nil,
            let code = json["code"]?.int, let message = json["msg"]?.string
        else { return nil }
        return PluginFailure(code, message)
    }
}

extension PluginAnswer: CustomStringConvertible {
    var description: String { "status \(output.status): \(output.stdoutText)\(output.stderrText)" }
}

/// The code and the sentence of an error.
struct PluginFailure: Hashable, Sendable, CustomStringConvertible {
    let code: Int
    let message: String

    init(_ code: Int, _ message: String) {
        self.code = code
        self.message = message
    }

    var description: String { "\(code): \(message)" }
}
