import Foundation

/// A port that leads to another one of 127.0.0.1, as long as it runs: cutting it breaks every connection through it,
/// freezing it makes them silent. It goes with its last reference.
public final class TCPRelay: Sendable {
    private let process: SupervisedProcess
    private let folder: TemporaryDirectory
    private let port: UInt16
    private let host: LoopbackAddress

    /// `http://127.0.0.1:PORT` of this end.
    public var url: String { "http://\(host):\(port)" }

    /// Starts it and waits until it listens.
    ///
    /// - Parameters:
    ///   - target: The port that it leads to.
    ///   - host: The address that it is at.
    ///   - wanted: The port that it is at; nil for any.
    public init(to target: UInt16, at host: LoopbackAddress = .first, port wanted: UInt16? = nil) async throws {
        folder = try TemporaryDirectory(prefix: "relay")
        self.host = host
        port = if let wanted { wanted } else { try LoopbackPorts.take(1)[0] }
        process = try SupervisedProcess(
            name: "relay", log: folder.file("log"), executable: "python3",
            arguments: PythonProgram.tcpRelay.command("\(host)", String(port), String(target)))
        try await mend()
    }

    /// Breaks all connections; who connects is refused.
    public func cut() async throws {
        try await offPool { try self.process.kill() }
    }

    /// Listens again, on the same port.
    ///
    /// - Throws: `TestSupportError.serverFailed` when it does not within 20 seconds, with what it said.
    public func mend() async throws {
        let before = starts
        try await offPool { try self.process.start() }
        let deadline = ContinuousClock.now + .seconds(20)
        while starts == before {
            guard process.isRunning, deadline > .now else {
                throw TestSupportError.serverFailed(name: "the relay", detail: process.logText)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Lets connections stand without a word.
    public func freeze() async throws {
        try await offPool { try self.process.freeze() }
    }

    /// Lets it go on.
    public func thaw() async throws {
        try await offPool { try self.process.thaw() }
    }

    /// How many connections it has accepted.
    public var accepted: Int { process.logText.split(separator: "\n").count { $0 == "accepted" } }

    private var starts: Int { process.logText.split(separator: "\n").count { $0 == "ready" } }
}
