import Foundation

/// A containerd of its own on a private machine, with ctr and runc: `ctr run --cni` attaches its containers to one
/// network. Nothing of this machine's containerd is touched, where there is one.
public final class Containerd: Sendable {
    /// Where it runs.
    public let machine: PrivateMachine

    private let folder: TemporaryDirectory
    private let process: SupervisedProcess

    /// Starts it, with an image that has busybox, and waits until it serves.
    ///
    /// - Parameters:
    ///   - network: The network namespace of the machine that it is to have.
    ///   - configuration: The CNI configuration of its network.
    ///   - plugins: The CNI plugins by name: paths of this machine.
    /// - Throws: `TestSupportError.toolMissing` when containerd, ctr, runc or busybox is not there.
    public init(in network: NetworkNamespace, configuration: String, plugins: [String: String]) async throws {
        for tool in ["containerd", "ctr", "runc"] { try Self.require(tool) }
        let folder = try TemporaryDirectory(prefix: "containerd")
        self.folder = folder
        var shown: [String: String] = [:]
        for path in ["/etc/cni/net.d", "/opt/cni/bin", "/run", "/var/lib/cni"] {
            let source = folder.file(path.replacing("/", with: "_"))
            try FileManager.default.createDirectory(at: source, withIntermediateDirectories: false)
            shown[path] = source.path
        }
        try folder.write(configuration, to: "_etc_cni_net.d/10-test.conf")
        for (name, target) in plugins {
            // A plugin of /opt/cni/bin is out of sight there, and a link to it would be one to itself.
            let place = folder.file("_opt_cni_bin/\(name)").path
            if target.hasPrefix("/opt/cni/bin/") {
                try FileManager.default.copyItem(atPath: target, toPath: place)
            } else {
                try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: target)
            }
        }
        let settings = try folder.write(
            """
            version = 2
            root = "\(folder.file("root").path)"
            state = "/run/containerd"
            disabled_plugins = ["io.containerd.grpc.v1.cri"]
            """, to: "config.toml")
        machine = try await PrivateMachine(in: network, showing: shown)
        process = try machine.server(
            name: "containerd", log: folder.file("containerd.log"), executable: "containerd",
            arguments: ["--config", settings.path])
        try await start()
        try await importImage(into: "default")
    }

    deinit {
        machine.stop()
    }

    /// Copies, where the usual one mounts: it does on every file system.
    private static let snapshotter = "native"

    private static func require(_ tool: String) throws {
        let folders = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        guard folders.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool)") }) else {
            throw TestSupportError.toolMissing(tool)
        }
    }

    /// Kills containerd; its containers go on.
    public func kill() throws {
        try process.kill()
    }

    /// Starts it, again after ``kill()``, and waits until it serves.
    ///
    /// - Throws: `TestSupportError.serverFailed` when it ends, or does not serve within 20 seconds.
    public func start() async throws {
        try process.start()
        let deadline = ContinuousClock.now + .seconds(20)
        while try await ctr(["version"]).status != 0 {
            guard process.isRunning, deadline > .now else {
                throw TestSupportError.serverFailed(name: "containerd", detail: process.logText)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// All that containerd has said.
    public var log: String { process.logText }

    // MARK: Containers

    /// Gives a namespace of containerd's the image that containers run from; `default` has it.
    public func importImage(into space: String) async throws {
        let archive = try await ContainerImage.archive().path
        try await ctr(["image", "import", "--snapshotter", Self.snapshotter, archive], in: space).checked()
    }

    /// Starts `ctr run --rm --cni`, which stays until its container ends.
    ///
    /// - Parameters:
    ///   - container: Its ID.
    ///   - space: The namespace of containerd's that it is in; ``importImage(into:)`` comes first.
    ///   - command: What runs in it.
    public func run(_ container: String, in space: String = "default", _ command: [String]) throws -> SpawnedProcess {
        try machine.start("ctr", Self.arguments(space, "run", "--rm", container, command))
    }

    /// Runs `ctr run --detach --cni`: ctr ends when the container has its network and runs.
    public func runDetached(_ container: String, _ command: [String]) async throws -> ProcessOutput {
        try await machine.run("ctr", Self.arguments("default", "run", "--detach", container, command))
    }

    /// Runs a program in a container.
    public func execute(_ container: String, in space: String = "default", _ command: [String]) async throws
        -> ProcessOutput
    {
        let id = "exec-\(UInt32.random(in: .min ... .max))"
        return try await ctr(["task", "exec", "--exec-id", id, container] + command, in: space)
    }

    /// Runs ctr.
    public func ctr(_ arguments: [String], in space: String = "default") async throws -> ProcessOutput {
        try await machine.run("ctr", ["--namespace", space] + arguments)
    }

    /// The processes of the containers that run, by container, as the private machine numbers them.
    public func processes(in space: String = "default") async throws -> [String: Int] {
        // TASK    PID    STATUS
        let table = try await ctr(["task", "list"], in: space).checked().stdoutText
        var running: [String: Int] = [:]
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            if words.count == 3, words[2] == "RUNNING" { running[words[0]] = Int(words[1]) }
        }
        return running
    }

    /// Without a share of the CPU, runc needs no cgroup controller.
    private static func arguments(
        _ space: String, _ verb: String, _ mode: String, _ container: String, _ command: [String]
    ) -> [String] {
        ["--namespace", space, verb, mode, "--cni", "--cpu-shares", "0", "--snapshotter", snapshotter]
            + [ContainerImage.name, container] + command
    }
}
