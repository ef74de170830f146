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
        for name in ["configuration", "plugins", "results", "run", "shared"] {
            try FileManager.default.createDirectory(at: folder.file(name), withIntermediateDirectories: false)
        }
        try folder.write(configuration, to: "configuration/10-test.conf")
        for (name, target) in plugins {
            // A plugin of /opt/cni/bin is out of sight there, and a link to it would be one to itself.
            let place = folder.file("plugins/\(name)").path
            if target.hasPrefix("/opt/cni/bin/") {
                try FileManager.default.copyItem(atPath: target, toPath: place)
            } else {
                try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: target)
            }
        }
        // The second of the plugins that are off makes /opt/containerd.
        let settings = try folder.write(
            """
            version = 2
            root = "\(folder.file("root").path)"
            state = "/run/containerd"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
            """, to: "config.toml")
        machine = try await PrivateMachine(
            in: network,
            showing: [
                "/etc/cni/net.d": folder.file("configuration").path, "/opt/cni/bin": folder.file("plugins").path,
                "/var/lib/cni": folder.file("results").path, "/run": folder.file("run").path,
            ])
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
    public func start(_ container: String, in space: String = "default", _ command: [String]) throws -> SpawnedProcess {
        try machine.start("ctr", arguments(space, "--rm", container, command))
    }

    /// Runs `ctr run --rm --cni` to its end; the parameters are those of ``start(_:in:_:)``.
    ///
    /// - Returns: The status and what the command wrote to its standard output; what ctr said is the standard error.
    public func run(_ container: String, in space: String = "default", _ command: [String]) async throws
        -> ProcessOutput
    {
        try await collecting(command) { try await self.start(container, in: space, $0).output() }
    }

    /// Runs `ctr run --detach --cni`: ctr ends when the container has its network and runs.
    public func runDetached(_ container: String, _ command: [String]) async throws -> ProcessOutput {
        try await machine.run("ctr", arguments("default", "--detach", container, command))
    }

    /// Runs a program in a container.
    ///
    /// - Returns: As of ``run(_:in:_:)``.
    public func execute(_ container: String, in space: String = "default", _ command: [String]) async throws
        -> ProcessOutput
    {
        let id = "exec-\(UInt32.random(in: .min ... .max))"
        return try await collecting(command) {
            try await self.ctr(["task", "exec", "--exec-id", id, container] + $0, in: space)
        }
    }

    /// ctr loses the output of a program that has ended before ctr listens: hence a file that the container shares.
    private func collecting(_ command: [String], _ run: ([String]) async throws -> ProcessOutput) async throws
        -> ProcessOutput
    {
        let name = "output-\(UInt32.random(in: .min ... .max))"
        let output = try await run(["sh", "-c", "exec \"$@\" >\(Self.sharedPath)/\(name)", "sh"] + command)
        return ProcessOutput(
            command: output.command, status: output.status, signal: output.signal,
            stdout: (try? Data(contentsOf: shared.appendingPathComponent(name))) ?? Data(), stderr: output.stderr)
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
    private func arguments(_ space: String, _ mode: String, _ container: String, _ command: [String]) -> [String] {
        let mount = "type=bind,src=\(shared.path),dst=\(Self.sharedPath),options=rbind:rw"
        return ["--namespace", space, "run", mode, "--cni", "--cpu-shares", "0", "--snapshotter", Self.snapshotter]
            + ["--mount", mount, ContainerImage.name, container] + command
    }

    /// The folder that all containers share, and where they see it.
    private var shared: URL { folder.file("shared") }
    private static let sharedPath = "/shared"
}
