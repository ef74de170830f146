import Foundation
import Synchronization

/// What looks like a machine of its own to the programs within: processes, mounts and cgroups, in a network namespace.
/// Its files are this machine's, but for the folders that it shows in place of others. It goes with its last reference,
/// and with the tests, however they end: its first process does, and the kernel ends all others and their mounts with it.
///
/// Cgroups are those of version 2, also where this machine uses version 1: runc needs none of the controllers.
public final class PrivateMachine: Sendable {
    /// The network that it is in.
    public let network: NetworkNamespace

    private let first: SupervisedProcess
    /// The number that this machine knows its first process by.
    private let firstID: Int32
    private let cgroup: String
    private let folder: TemporaryDirectory
    private let runs = Mutex(true)

    /// Starts it and waits until programs can run there.
    ///
    /// - Parameters:
    ///   - network: Its network namespace.
    ///   - folders: What it sees at a path instead of what is there: folders of this machine by absolute path. The path
    ///     need not exist here, and is not made here.
    /// - Throws: `TestSupportError.serverFailed` when it does not start within 20 seconds, with the reason.
    public init(in network: NetworkNamespace, showing folders: [String: String]) async throws {
        try Self.tidying.get()
        self.network = network
        folder = try TemporaryDirectory(prefix: "machine")
        cgroup = "kube-ipam-\(getpid())-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        let layers = folder.file("layers")
        try FileManager.default.createDirectory(at: layers, withIntermediateDirectories: false)
        first = try SupervisedProcess(
            name: "the machine", log: folder.file("log"), executable: "nsenter",
            arguments: ["--net=\(network.path)", "unshare"] + Self.namespaces
                + ["sh", "-c", Self.script, "machine", cgroup, layers.path]
                + folders.sorted { $0.key < $1.key }.flatMap { [$0.value, $0.key] })
        try first.start()
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            if let ready = first.logText.wholeMatch(of: /ready ([0-9]+)\n/), let number = Int32(ready.1) {
                firstID = number
                return
            }
            guard first.isRunning, deadline > .now else {
                throw TestSupportError.serverFailed(name: "the private machine", detail: first.logText)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    deinit {
        stop()
    }

    /// Ends all that runs there. Once is enough.
    public func stop() {
        let ran = runs.withLock { runs in
            defer { runs = false }
            return runs
        }
        guard ran else { return }
        first.stop()
        // The first process of a PID namespace is the last one to go.
        for _ in 0..<4_000 where Self.processRuns(firstID) { usleep(5_000) }
        // What remains is the folder of a cgroup; this process's end is another occasion to remove it.
        _ = try? runTool("unshare", ["--mount", "sh", "-c", Self.removal, "removal", cgroup])
    }

    /// Runs a program there to its end; the parameters are those of ``runProcess(_:_:environment:stdin:timeout:)``.
    public func run(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], stdin: Data? = nil,
        timeout: Duration = .seconds(60)
    ) async throws -> ProcessOutput {
        try await start(executable, arguments, environment: environment, stdin: stdin).output(timeout: timeout)
    }

    /// Starts a program there, to be waited for or killed.
    public func start(
        _ executable: String, _ arguments: [String] = [], environment: [String: String] = [:], stdin: Data? = nil
    ) throws -> SpawnedProcess {
        try SpawnedProcess(
            "nsenter", entering + [executable] + arguments,
            environment: self.environment.merging(environment) { _, given in given }, stdin: stdin)
    }

    /// A server that runs there once it has been started; the parameters are those of `SupervisedProcess`.
    public func server(name: String, log: URL, executable: String, arguments: [String]) throws -> SupervisedProcess {
        try SupervisedProcess(
            name: name, log: log, executable: "nsenter", arguments: entering + [executable] + arguments,
            environment: environment)
    }

    /// What nsenter(1) runs is its child; it is to go with nsenter when that is killed.
    private var entering: [String] {
        ["--target", String(firstID), "--net", "--mount", "--pid", "--cgroup", "setpriv", "--pdeathsig", "KILL", "--"]
    }

    /// Of what runs there; what a program leaves among its temporary files goes with the machine.
    private var environment: [String: String] { ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TMPDIR": folder.path] }

    private static func processRuns(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !text.contains(") Z ")
    }

    // MARK: What this takes

    /// Why this machine cannot host another one; nil when it can.
    ///
    /// It takes root, mount and PID namespaces, overlay file systems and cgroups of version 2. Missing programs are no
    /// such reason: they fail the tests.
    public static let obstacle: String? = {
        guard geteuid() == 0 else { return "it takes root" }
        do {
            try tidying.get()
            let name = "kube-ipam-\(getpid())-probe"
            try runTool("unshare", namespaces + ["sh", "-c", probe, "probe", name, NSTemporaryDirectory()])
            return nil
        } catch TestSupportError.commandFailed(_, _, let output) {
            return output.split(separator: "\n").first.map(String.init) ?? "a program of the probe failed"
        } catch TestSupportError.toolMissing {
            return nil
        } catch {
            return "\(error)"
        }
    }()

    private static let namespaces = ["--mount", "--pid", "--fork", "--kill-child"]

    private static let probe = """
        set -eu
        mount -t proc proc /proc
        mount -t tmpfs tmpfs "$2"
        mkdir "$2/upper" "$2/work"
        mount -t overlay -o "lowerdir=/etc,upperdir=$2/upper,workdir=$2/work" overlay /etc
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir "/sys/fs/cgroup/$1"
        rmdir "/sys/fs/cgroup/$1"
        unshare --cgroup true
        """

    /// What the first process does. A path that does not exist gets an overlay on the nearest folder above it, to be made
    /// there. Its own number is read before /proc becomes that of its namespace. It waits for every process that loses its
    /// parent, as a container's does when its shim is killed.
    private static let script = """
        set -eu
        read -r number _ </proc/self/stat
        cgroup=$1
        layers=$2
        shift 2
        show() {
            above=$2
            while [ ! -d "$above" ]; do above=$(dirname -- "$above"); done
            if [ "$above" != "$2" ]; then
                layer=$layers/$(echo "$above" | tr / _)
                mkdir "$layer" "$layer/upper" "$layer/work"
                mount -t overlay -o "lowerdir=$above,upperdir=$layer/upper,workdir=$layer/work" overlay "$above"
                mkdir -p -- "$2"
            fi
            mount --bind -- "$1" "$2"
        }
        mount -t tmpfs tmpfs "$layers"
        while [ $# -ge 2 ]; do
            show "$1" "$2"
            shift 2
        done
        mount -t proc proc /proc
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir "/sys/fs/cgroup/$cgroup"
        echo 1 >"/sys/fs/cgroup/$cgroup/cgroup.procs"
        umount /sys/fs/cgroup
        exec unshare --cgroup sh -c '
            set -eu
            mount -t cgroup2 cgroup2 /sys/fs/cgroup
            echo "ready $0"
            sleep infinity &
            wait
        ' "$number"
        """

    /// Removes the cgroups whose names begin with `$1`; they are empty as soon as their processes have gone.
    private static let removal = """
        mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit
        remaining=100
        while [ "$remaining" -gt 0 ] && ls -d /sys/fs/cgroup/"$1"* >/dev/null 2>&1; do
            find /sys/fs/cgroup/"$1"* -depth -type d -exec rmdir -- {} + 2>/dev/null && exit
            remaining=$((remaining - 1))
            sleep 0.1
        done
        """

    /// Removes what a killed test leaves behind.
    private static let tidying = Result {
        try Janitor.afterThisProcess(
            """
            unshare --mount sh -c "$2" removal "$1" 2>/dev/null
            """, ["kube-ipam-\(getpid())-", removal])
    }
}
