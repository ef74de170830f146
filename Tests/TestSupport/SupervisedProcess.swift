import Foundation
import Synchronization

/// A server that never outlives the tests, however they end.
///
/// Between this process and the server stands a small shell that starts and kills the server when told so. It reads its
/// orders from a socket that only this process holds: when this process is gone, even by SIGKILL, the shell reads the end
/// of the orders and kills the server. Should the shell itself be killed, the kernel kills the server
/// (`setpriv --pdeathsig`).
public final class SupervisedProcess: Sendable {
    private let name: String
    private let log: URL
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var orders: OwnedDescriptor?
        let supervisor: pid_t
        var pid: Int32?
    }

    /// Orders in, answers out, one line each. The server gets neither of them, and signals as if a shell had no part in
    /// it; `exec` lets it keep the number that `$!` is.
    private static let script = """
        set -u
        log=$1
        shift
        trap '' HUP INT QUIT TERM
        child=
        end() {
            if [ -n "$child" ]; then
                kill -s "$1" "$child" 2>/dev/null
                wait "$child" 2>/dev/null
                child=
            fi
        }
        while read -r order; do
            case $order in
            start)
                (trap - HUP INT QUIT TERM; exec setpriv --pdeathsig KILL -- "$@") </dev/null >>"$log" 2>&1 &
                child=$!
                echo "$child"
                ;;
            KILL | TERM)
                end "$order"
                echo gone
                ;;
            esac
        done
        end KILL
        """

    /// Makes the supervisor; ``start()`` starts the server.
    ///
    /// - Parameters:
    ///   - name: For messages.
    ///   - log: A file that gets the server's standard output and standard error, appended.
    ///   - executable: A path, or a name to be sought in `PATH`.
    ///   - arguments: Its arguments.
    ///   - environment: All of the server's environment, but for `PATH`, which it gets where it is not named.
    /// - Throws: `TestSupportError` when the supervisor cannot be started.
    public init(
        name: String, log: URL, executable: String, arguments: [String], environment: [String: String] = [:]
    ) throws {
        let (ours, given) = try Janitor.connectedSockets()
        let orders = OwnedDescriptor(ours)
        let theirs = OwnedDescriptor(given)
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        let supervisor = try spawn(
            "sh", ["-c", Self.script, "supervisor", log.path, executable] + arguments,
            environment: ["PATH": path].merging(environment) { _, given in given },
            stdin: theirs.number, stdout: theirs.number, stderr: STDERR_FILENO)
        self.name = name
        self.log = log
        state = Mutex(State(orders: consume orders, supervisor: supervisor, pid: nil))
    }

    deinit {
        stop()
    }

    /// The server's process ID, while it is not known to have been ended.
    public var pid: Int32? { state.withLock { $0.pid } }

    /// Whether the server runs, frozen or not. False as soon as it has ended, by itself too.
    public var isRunning: Bool { pid.flatMap(Self.processState).map { $0 != "Z" } ?? false }

    /// All that the server has written so far.
    public var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

    /// Starts the server; one that runs is killed first.
    public func start() throws {
        try state.withLock { state in
            if state.pid != nil { _ = try Self.order("KILL", &state, name) }
            state.pid = nil
            let answer = try Self.order("start", &state, name)
            guard let pid = Int32(answer) else {
                throw TestSupportError.serverFailed(name: name, detail: "the supervisor said '\(answer)'")
            }
            state.pid = pid
        }
    }

    /// Kills the server with SIGKILL, frozen or not, and returns when it is gone.
    public func kill() throws {
        try end(by: "KILL")
    }

    /// Asks the server with SIGTERM to end and returns when it is gone.
    public func terminate() throws {
        try end(by: "TERM")
    }

    /// Stops the server with SIGSTOP where it is, and returns when all its threads stand still.
    public func freeze() throws {
        try signal(SIGSTOP) { $0 == "T" }
    }

    /// Lets a frozen server go on.
    public func thaw() throws {
        try signal(SIGCONT) { $0 != "T" }
    }

    /// Ends all of it, the server at once. Once is enough.
    public func stop() {
        let supervisor: pid_t? = state.withLock { state in
            guard state.orders != nil else { return nil }
            state.orders = nil
            state.pid = nil
            return state.supervisor
        }
        guard let supervisor else { return }
        var status: Int32 = 0
        while waitpid(supervisor, &status, 0) < 0, errno == EINTR {}
    }

    private func end(by signal: String) throws {
        try state.withLock { state in
            guard state.pid != nil else { return }
            _ = try Self.order(signal, &state, name)
            state.pid = nil
        }
    }

    private func signal(_ number: Int32, until reached: (Character) -> Bool) throws {
        guard let pid, Foundation.kill(pid, number) == 0 else {
            throw TestSupportError.serverFailed(name: name, detail: "it does not run")
        }
        let deadline = ContinuousClock.now + .seconds(5)
        while let now = Self.processState(pid), now != "Z", !reached(now) {
            guard deadline > .now else {
                throw TestSupportError.timedOut(what: "signal \(number) to \(name)", after: .seconds(5), detail: "")
            }
            usleep(200)
        }
    }

    /// One order and its answer, a line.
    private static func order(_ order: String, _ state: inout State, _ name: String) throws -> String {
        guard let orders = state.orders?.number else {
            throw TestSupportError.serverFailed(name: name, detail: "it has been stopped for good")
        }
        let line = Array("\(order)\n".utf8)
        guard send(orders, line, line.count, Int32(MSG_NOSIGNAL)) == line.count else {
            throw TestSupportError.current("the supervisor of \(name)")
        }
        var answer: [UInt8] = []
        while answer.last != UInt8(ascii: "\n") {
            var polled = pollfd(fd: orders, events: Int16(POLLIN), revents: 0)
            let ready = poll(&polled, 1, 20_000)
            if ready < 0, errno == EINTR { continue }
            var byte: UInt8 = 0
            guard ready > 0, recv(orders, &byte, 1, 0) == 1 else {
                throw TestSupportError.serverFailed(name: name, detail: "no answer to '\(order)' from its supervisor")
            }
            answer.append(byte)
        }
        return String(decoding: answer.dropLast(), as: UTF8.self)
    }

    /// The state letter of /proc/PID/stat (proc(5)): `R`, `S`, `T` stopped, `Z` zombie; `nil` when there is none.
    private static func processState(_ pid: Int32) -> Character? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return nil }
        // The name stands in parentheses and may itself hold some.
        return text.lastIndex(of: ")").flatMap { text[$0...].dropFirst(2).first }
    }
}
