import Foundation

/// Brings a port of this machine's 127.0.0.1 into a network namespace: what connects to it there gets through to the same
/// port here. It goes with its last reference.
public final class NamespaceRelay: Sendable {
    private let process: SupervisedProcess
    private let folder: TemporaryDirectory

    /// Starts it and waits until it listens.
    ///
    /// - Throws: `TestSupportError.serverFailed` when it does not within 20 seconds, with what it said.
    public init(port: UInt16, into namespace: NetworkNamespace) async throws {
        folder = try TemporaryDirectory(prefix: "relay")
        process = try SupervisedProcess(
            name: "relay", log: folder.file("log"), executable: "python3",
            arguments: PythonProgram.namespaceRelay.command(namespace.path, String(port)))
        try process.start()
        let deadline = ContinuousClock.now + .seconds(20)
        while !process.logText.contains("ready") {
            guard process.isRunning, deadline > .now else {
                throw TestSupportError.serverFailed(name: "the relay into \(namespace.name)", detail: process.logText)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Ends it. Once is enough.
    public func stop() {
        process.stop()
    }
}
