import Foundation

/// A host name that has both loopback addresses, in this order, for the programs and threads that it is shown to: they get
/// an /etc/hosts of their own, in a mount namespace of their own. Takes root.
///
/// At a port that it was asked for, the first address swallows packets, as one behind a firewall that drops everything.
public final class NameOfTwoAddresses: Sendable {
    /// The name.
    public static let name = "two.test"

    private let folder: TemporaryDirectory
    private let hosts: URL

    public init() throws {
        try Need.require(.root)
        guard geteuid() == 0 else { throw TestSupportError.rootNeeded("an /etc/hosts of its own") }
        folder = try TemporaryDirectory(prefix: "hosts")
        hosts = try folder.write(
            "127.0.0.1 localhost\n\(LoopbackAddress.first) \(Self.name)\n\(LoopbackAddress.second) \(Self.name)\n",
            to: "hosts")
    }

    /// A port at which the name's first address swallows packets; it stays so as long as the value is held.
    public struct Port: Sendable {
        public let number: UInt16
        private let servers: [MisbehavingServer]
        private let relay: TCPRelay?

        /// `two.test:PORT`
        public var authority: String { "\(NameOfTwoAddresses.name):\(number)" }

        /// The second address leads to the port `target` of 127.0.0.1; it swallows packets as well where that is nil.
        public init(to target: UInt16?) async throws {
            let first = try MisbehavingServer(.blackhole)
            number = first.port
            if let target {
                servers = [first]
                relay = try await TCPRelay(to: target, at: .second, port: first.port)
            } else {
                servers = [first, try MisbehavingServer(.blackhole, at: .second, port: first.port)]
                relay = nil
            }
        }
    }

    /// The command that runs a program which knows the name, in the same process.
    public func command(_ program: String, _ arguments: [String] = []) -> (program: String, arguments: [String]) {
        let script = #"/bin/mount --bind "$1" /etc/hosts && shift && exec "$@""#
        return ("unshare", ["-m", "/bin/sh", "-c", script, "sh", hosts.path, program] + arguments)
    }

    /// Runs `body` on a thread of its own, which knows the name, as do the threads that it starts: those of the system's
    /// pool may be among them, and stay so. Therefore only for tests in a process of their own.
    public func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try self.enter()
                        return try body()
                    })
            }
        }
    }

    /// Swift does not see unshare(2) and mount(2). A mount namespace is a thread's own.
    private func enter() throws {
        typealias Unshare = @convention(c) (Int32) -> Int32
        typealias Mount =
            @convention(c) (
                UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafePointer<CChar>?, UInt, UnsafeRawPointer?
            ) -> Int32
        guard let unshare = dlsym(nil, "unshare"), let mount = dlsym(nil, "mount") else {
            throw TestSupportError.systemCall("dlsym", code: ENOSYS)
        }
        let (newMounts, bind, recursive, isPrivate) = (Int32(0x2_0000), UInt(0x1000), UInt(0x4000), UInt(0x4_0000))
        guard unsafeBitCast(unshare, to: Unshare.self)(newMounts) == 0 else {
            throw TestSupportError.current("unshare")
        }
        let mounting = unsafeBitCast(mount, to: Mount.self)
        guard mounting("none", "/", nil, recursive | isPrivate, nil) == 0,
            mounting(hosts.path, "/etc/hosts", nil, bind, nil) == 0
        else { throw TestSupportError.current("mount") }
    }
}
