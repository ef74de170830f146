import Foundation
import IPAMKit
import TestSupport

/// A node for one test: a network namespace in which the real CNI plugins run, with kube-ipam beside them and etcd within
/// reach. Nothing of the machine itself is changed.
final class PodHost: Sendable {
    let namespace: NetworkNamespace
    let network: PluginNetwork

    private let relays: [NamespaceRelay]
    private let plugins: TemporaryDirectory
    private let node: SimulatedNode?

    /// A node where `plugin` asks kube-ipam for addresses; `members` are those of the configuration that are its own.
    ///
    /// - Parameters:
    ///   - api: the API server that kube-ipam asks there.
    ///   - node: which machine it seems to be; this one by default.
    init(
        _ plugin: String, _ members: JSONObject, network: PluginNetwork, api: KubernetesServer? = nil,
        node: SimulatedNode? = nil
    ) async throws {
        namespace = try NetworkNamespace()
        self.node = node
        var relays: [NamespaceRelay] = []
        for port in [network.etcd.port, api?.port].compactMap({ $0 }) {
            relays.append(try await NamespaceRelay(port: port, into: namespace))
        }
        self.relays = relays
        plugins = try TemporaryDirectory(prefix: "cni")
        try Self.link("kube-ipam", to: BuildProducts.product("kube-ipam").path, in: plugins)
        var network = network
        network.configuration["type"] = .string(plugin)
        for member in members.members { network.configuration[member.key] = member.value }
        self.network = network
        try addPlugin(plugin)
    }

    /// Makes another one of the CNI plugins of this machine known there.
    func addPlugin(_ name: String) throws {
        let folder = ["/usr/lib/cni", "/opt/cni/bin"].first {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(name)")
        }
        guard let folder else { throw TestSupportError.toolMissing(name) }
        try Self.link(name, to: "\(folder)/\(name)", in: plugins)
    }

    private static func link(_ name: String, to target: String, in folder: TemporaryDirectory) throws {
        try FileManager.default.createSymbolicLink(
            atPath: folder.file(name).path, withDestinationPath: target)
    }

    /// Gives a macvlan configuration's `master` something to stand on: an interface `uplink`.
    func addUplink() throws {
        try namespace.ip("link", "add", "uplink", "type", "veth", "peer", "name", "wire")
        for end in ["uplink", "wire"] { try namespace.ip("link", "set", end, "up") }
    }

    /// Calls the plugin for a pod, as a runtime does; `network` is another one than the node's own.
    func call(
        _ command: String, _ container: String, in pod: NetworkNamespace, ifname: String = "eth0",
        arguments: String? = nil, previous: JSONValue? = nil, network: PluginNetwork? = nil
    ) async throws -> PluginAnswer {
        var configuration = (network ?? self.network).configuration(on: node)
        configuration["prevResult"] = previous
        guard let type = configuration["type"]?.string else { throw TestSupportError.toolMissing("a CNI plugin") }
        var environment = [
            "CNI_COMMAND": command, "CNI_CONTAINERID": container, "CNI_IFNAME": ifname, "CNI_NETNS": pod.path,
            "CNI_PATH": plugins.path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        environment["CNI_ARGS"] = arguments
        let plugin = plugins.file(type).path
        let command = node?.command(plugin) ?? (program: plugin, arguments: [])
        return PluginAnswer(
            try await namespace.run(
                command.program, command.arguments, environment: environment,
                stdin: Data(JSONValue.object(configuration).serialized().utf8)))
    }
}

extension NetworkNamespace {
    /// The addresses of an interface that are not link-local, with their prefix lengths, IPv4 first.
    func addresses(of interface: String) throws -> [String] {
        let links = try json("-j", "addr", "show", "dev", interface)
        let all = links.first?["addr_info"]?.array ?? []
        return all.filter { $0["scope"] == "global" }.compactMap { address in
            guard let local = address["local"]?.string, let length = address["prefixlen"]?.int else { return nil }
            return "\(local)/\(length)"
        }
    }

    /// The gateway of the default route.
    func defaultGateway(_ family: AddressFamily = .ipv4) throws -> String? {
        try json("-j", family == .ipv4 ? "-4" : "-6", "route", "show", "default").first?["gateway"]?.string
    }

    private func json(_ arguments: String...) throws -> [JSONValue] {
        let text = try ip(arguments)
        return text.isEmpty ? [] : try JSONValue(parsing: Array(text.utf8)).array ?? []
    }

    /// Whether a connection to a port of `address` comes through: a server here, a client in `other`.
    func answers(at address: String, to other: NetworkNamespace) async throws -> Bool {
        async let serving = run("python3", PythonProgram.greetingServer.command(address))
        let said = try await other.run("python3", PythonProgram.greetingClient.command(address)).checked().stdoutText
        try await serving.checked()
        return said == "hello\n"
    }
}
