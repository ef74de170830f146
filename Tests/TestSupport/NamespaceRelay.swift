import Foundation

/// Brings a port of this machine's 127.0.0.1 into a network namespace: what connects to it there gets through to the same
/// port here. It goes with its last reference.
public final class NamespaceRelay: Sendable {
    private let process: SupervisedProcess
    private let folder: TemporaryDirectory

    /// A socket stays in the namespace that it was made in, whichever one its process is in.
    private static let script = """
        import ctypes, os, socket, sys, threading
        path, port = sys.argv[1], int(sys.argv[2])
        libc = ctypes.CDLL(None, use_errno=True)
        def enter(namespace):
            if libc.setns(namespace, 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        here = os.open("/proc/self/ns/net", os.O_RDONLY)
        enter(os.open(path, os.O_RDONLY))
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        enter(here)
        print("ready", flush=True)
        def copy(source, target):
            try:
                while data := source.recv(65536):
                    target.sendall(data)
            except OSError:
                pass
            try:
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass
        while True:
            client = listener.accept()[0]
            server = socket.create_connection(("127.0.0.1", port))
            for ends in (client, server), (server, client):
                threading.Thread(target=copy, args=ends, daemon=True).start()
        """

    /// Starts it and waits until it listens.
    ///
    /// - Throws: `TestSupportError.serverFailed` when it does not within 20 seconds, with what it said.
    public init(port: UInt16, into namespace: NetworkNamespace) async throws {
        folder = try TemporaryDirectory(prefix: "relay")
        process = try SupervisedProcess(
            name: "relay", log: folder.file("log"), executable: "python3",
            arguments: ["-c", Self.script, namespace.path, String(port)])
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
