import Foundation
import IPAMKit
import TestSupport

/// A node with a real container runtime for one test: Debian's containerd, whose network is a bridge that asks kube-ipam
/// for addresses. Nothing of the machine itself is changed.
final class ContainerHost: Sendable {
    let containerd: Containerd
    let network: PluginNetwork

    private let plugins: [String: String]
    private let relay: NamespaceRelay

    /// A node of `network`.
    init(_ network: PluginNetwork) async throws {
        let namespace = try NetworkNamespace()
        relay = try await NamespaceRelay(port: network.etcd.port, into: namespace)
        var network = network
        let bridge: JSONObject = ["type": "bridge", "bridge": "cni0", "isGateway": true]
        for member in bridge.members { network.configuration[member.key] = member.value }
        self.network = network
        let folder = ["/usr/lib/cni", "/opt/cni/bin"].first {
            FileManager.default.isExecutableFile(atPath: "\($0)/bridge")
        }
        guard let folder else { throw TestSupportError.toolMissing("bridge") }
        plugins = ["bridge": "\(folder)/bridge", "kube-ipam": try BuildProducts.product("kube-ipam").path]
        containerd = try await Containerd(
            in: namespace, configuration: JSONValue.object(network.configuration).serialized(), plugins: plugins)
    }

    /// A container that runs until it is killed, and the ctr that waits for its end.
    struct Container: Sendable {
        /// Its ID, and the namespace of containerd's that it is in.
        let name: String
        let space: String
        /// What CNI plugins know it by.
        var cniID: String { "\(space)-\(name)" }
        /// Its process as the host numbers it.
        let process: Int
        let runtime: SpawnedProcess
    }

    /// Starts a container and returns when it runs, with its network.
    ///
    /// - Throws: `TestSupportError.commandFailed` when ctr ends instead.
    func start(_ name: String, in space: String = "default") async throws -> Container {
        let runtime = try containerd.start(name, in: space, ["sleep", "86400"])
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            if let process = try await containerd.processes(in: space)[name] {
                return Container(name: name, space: space, process: process, runtime: runtime)
            }
            if runtime.hasEnded {
                let output = try await runtime.output()
                throw TestSupportError.commandFailed(
                    command: output.command, status: output.status, output: output.stderrText)
            }
            guard deadline > .now else {
                throw TestSupportError.timedOut(
                    what: "the start of container \(name)", after: .seconds(60), detail: containerd.log)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Kills a container through containerd and returns when its ctr has removed it.
    func end(_ container: Container) async throws {
        try await containerd.ctr(["task", "kill", "--signal", "SIGKILL", container.name], in: container.space).checked()
        _ = try await container.runtime.output()
    }

    /// Kills a container's process behind the runtime's back and returns when the network namespace is gone.
    func strike(_ process: Int) async throws {
        try await containerd.machine.run("kill", ["-KILL", String(process)]).checked()
        let deadline = ContinuousClock.now + .seconds(20)
        while try await containerd.machine.run("test", ["-e", "/proc/\(process)/ns/net"]).status == 0 {
            guard deadline > .now else {
                throw TestSupportError.timedOut(
                    what: "the end of process \(process)", after: .seconds(20), detail: containerd.log)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The addresses of a container's eth0 with their prefix lengths, as the container sees them.
    func addresses(in container: String, of space: String = "default") async throws -> [String] {
        Self.addresses(try await containerd.execute(container, in: space, Self.showAddresses).checked().stdoutText)
    }

    /// What prints the addresses in a container.
    static let showAddresses = ["ip", "-o", "-4", "addr", "show", "dev", "eth0"]

    /// What ``showAddresses`` has printed: "2: eth0    inet 10.188.0.2/24 brd 10.188.0.255 ...".
    static func addresses(_ printed: String) -> [String] {
        printed.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            return words.firstIndex(of: "inet").flatMap { $0 + 1 < words.count ? String(words[$0 + 1]) : nil }
        }
    }

    /// Calls a plugin of the network as a runtime on this node does that is not containerd.
    func call(_ command: String, _ plugin: String, container: String? = nil, _ members: JSONObject = [:]) async throws
        -> PluginAnswer
    {
        var configuration = network.configuration
        for member in members.members { configuration[member.key] = member.value }
        var environment = ["CNI_COMMAND": command, "CNI_PATH": "/opt/cni/bin"]
        environment["CNI_CONTAINERID"] = container
        environment["CNI_IFNAME"] = container.map { _ in "eth0" }
        return PluginAnswer(
            try await containerd.machine.run(
                "/opt/cni/bin/\(plugin)", environment: environment,
                stdin: Data(JSONValue.object(configuration).serialized().utf8)))
    }

    /// GC by a runtime that knows no attachment.
    func collectGarbage() async throws -> PluginAnswer {
        try await call("GC", "kube-ipam", ["cniVersion": "1.1.0", "cni.dev/valid-attachments": []])
    }
}
