import Foundation
import Synchronization

/// A network namespace with a name, as a container runtime makes one for a pod. It goes with its last reference.
public final class NetworkNamespace: Sendable {
    /// Its name for `ip netns`; no other has it.
    public let name: String

    /// What a runtime passes as CNI_NETNS.
    public var path: String { "/var/run/netns/\(name)" }

    private let exists = Mutex(false)

    /// Makes it, with its loopback interface up.
    ///
    /// - Throws: `TestSupportError.rootNeeded` when this process is not root.
    public init() throws {
        name = "kube-ipam-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        try Need.require(.root)
        guard geteuid() == 0 else { throw TestSupportError.rootNeeded("a network namespace") }
        try Self.tidying.get()
        try Self.runIP(["netns", "add", name])
        exists.withLock { $0 = true }
        try ip("link", "set", "lo", "up")
    }

    deinit {
        // Nobody is left to hear of a failure, and the namespace may have been deleted under test.
        try? delete()
    }

    /// Runs `ip` on the interfaces, addresses and routes of the namespace and returns what it prints.
    @discardableResult
    public func ip(_ arguments: String...) throws -> String {
        try ip(arguments)
    }

    /// The same for arguments that are in an array already.
    @discardableResult
    public func ip(_ arguments: [String]) throws -> String {
        try Self.runIP(["-n", name] + arguments)
    }

    /// Runs a program inside the namespace; the parameters are those of ``runProcess(_:_:environment:stdin:timeout:)``.
    public func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], stdin: Data? = nil,
        timeout: Duration = .seconds(60)
    ) async throws -> ProcessOutput {
        try await runProcess(
            "ip", ["netns", "exec", name, executable] + arguments, environment: environment, stdin: stdin,
            timeout: timeout)
    }

    /// Deletes it, as a runtime does after a DEL. Once is enough.
    public func delete() throws {
        let existed = exists.withLock { exists in
            defer { exists = false }
            return exists
        }
        if existed { try Self.runIP(["netns", "delete", name]) }
    }

    /// Deletes what a killed test leaves behind.
    private static let tidying = Result {
        try Janitor.afterThisProcess(
            """
            for path in /var/run/netns/kube-ipam-"$1"-*; do
                if [ -e "$path" ]; then ip netns delete "${path##*/}"; fi
            done
            """, ["\(getpid())"])
    }

    @discardableResult
    private static func runIP(_ arguments: [String]) throws -> String {
        try runTool("ip", arguments)
    }
}
