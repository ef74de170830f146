import Foundation
import IPAMKit
import TestSupport

/// A network of its own in an etcd, and the plugin configured for it: what a container runtime has.
struct PluginNetwork: Sendable {
    /// The network's name; no other has it, nor one that begins with it.
    let name: String
    /// Where the addresses are kept.
    let etcd: EtcdServer
    /// What the plugin gets on its standard input.
    var configuration: JSONObject
    /// The log file.
    let log: URL

    private let folder: TemporaryDirectory

    /// A network that nobody has used yet: in `etcd`, by default the one that the tests share; `ipam` has what is added
    /// to the necessary members of the configuration's `ipam`.
    init(
        in etcd: EtcdServer? = nil, version: CNIVersion = .v100, _ ipam: JSONObject = ["subnet": "10.188.0.0/24"]
    ) async throws {
        if let etcd { self.etcd = etcd } else { self.etcd = try await SharedEtcd.server() }
        folder = try TemporaryDirectory(prefix: "network")
        log = folder.file("kube-ipam.log")
        let random = String(UInt32.random(in: .min ... .max), radix: 16)
        name = "net-" + String(repeating: "0", count: 8 - random.count) + random
        configuration = [
            "cniVersion": .string(version.rawValue), "name": .string(name), "type": "macvlan",
            "ipam": [
                "type": "kube-ipam", "etcdConfig": ["etcdURL": .string(self.etcd.clientURL)],
                "logFile": .string(log.path), "annotations": "none",
                // Most tests look at who is refused; when that is said does not matter to them.
                "waitForRelease": .number("0"),
            ],
        ]
        for member in ipam.members { self.ipam[member.key] = member.value }
    }

    /// The `ipam` of the configuration.
    var ipam: JSONObject {
        get { configuration["ipam"]?.object ?? [:] }
        set { configuration["ipam"] = .object(newValue) }
    }

    /// The configuration that a node has.
    func configuration(on node: SimulatedNode?) -> JSONObject {
        guard let node else { return configuration }
        var network = self
        network.ipam["nodeName"] = .string(node.name)
        return network.configuration
    }

    // MARK: Calls

    /// The namespace that pods have where a test says nothing: one that is there as long as the test runs.
    static let alive = "/proc/\(ProcessInfo.processInfo.processIdentifier)/ns/net"

    /// A namespace that is not there: whoever has it is gone.
    static let nowhere = "/var/run/netns/kube-ipam-nowhere"

    /// Runs `body` with the path of a namespace that is gone afterwards.
    static func inPassing<Value>(_ body: (String) async throws -> Value) async throws -> Value {
        let namespace = try NetworkNamespace()
        let value = try await body(namespace.path)
        try namespace.delete()
        return value
    }

    /// Calls the plugin as a runtime does. Variables that are nil are left out; `members` are added to the
    /// configuration, such as `prevResult`; `mounts` is a script that runs before it in a mount namespace of its own.
    func call(
        _ command: String, _ container: String? = nil, ifname: String? = "eth0", netns: String? = alive,
        arguments: String? = nil, on node: SimulatedNode? = nil, mounts: String? = nil, _ members: JSONObject = [:]
    ) async throws -> PluginAnswer {
        try await start(
            command, container, ifname: ifname, netns: netns, arguments: arguments, on: node, mounts: mounts, members
        ).answer()
    }

    /// Starts the plugin, to be killed or waited for.
    func start(
        _ command: String, _ container: String? = nil, ifname: String? = "eth0", netns: String? = alive,
        arguments: String? = nil, on node: SimulatedNode? = nil, mounts: String? = nil, _ members: JSONObject = [:]
    ) throws -> PluginProcess {
        var configuration = configuration(on: node)
        for member in members.members { configuration[member.key] = member.value }
        var environment = ["CNI_COMMAND": command, "CNI_PATH": "/usr/lib/cni"]
        environment["CNI_CONTAINERID"] = container
        environment["CNI_IFNAME"] = container.flatMap { _ in ifname }
        environment["CNI_NETNS"] = container.flatMap { _ in netns }
        environment["CNI_ARGS"] = arguments
        return try PluginProcess(
            environment: environment, stdin: JSONValue.object(configuration).serialized(), on: node, mounts: mounts)
    }

    func add(
        _ container: String, ifname: String = "eth0", netns: String = alive, arguments: String? = nil,
        on node: SimulatedNode? = nil, _ members: JSONObject = [:]
    ) async throws -> PluginAnswer {
        try await call("ADD", container, ifname: ifname, netns: netns, arguments: arguments, on: node, members)
    }

    func delete(_ container: String, ifname: String = "eth0", _ members: JSONObject = [:]) async throws
        -> PluginAnswer
    {
        try await call("DEL", container, ifname: ifname, members)
    }

    // MARK: What is in etcd

    /// The network's own key, under which all others are.
    var key: String { "/etcd-cni/networks/\(name)" }

    func key(_ rest: String) -> String { "\(key)/\(rest)" }

    /// Everything of the network.
    func contents() async throws -> [String: EtcdRecord] {
        try await etcd.contents(prefix: key)
    }

    /// The keys of the network, less its addresses' histories: what holds now.
    func presentKeys() async throws -> [String] {
        try await contents().keys.filter { !$0.hasPrefix(key("history/")) }.sorted()
    }

    /// Who holds which address: container IDs by address.
    func used() async throws -> [String: String] {
        let prefix = key("used/")
        let records = try await etcd.contents(prefix: prefix).map {
            (String($0.key.dropFirst(prefix.count)), $0.value.value)
        }
        return Dictionary(uniqueKeysWithValues: records)
    }

    /// The attachments by `container/interface`.
    func attachments() async throws -> [String: JSONValue] {
        let prefix = key("attachments/")
        let records = try await etcd.contents(prefix: prefix).map {
            (String($0.key.dropFirst(prefix.count)), try JSONValue(parsing: Array($0.value.value.utf8)))
        }
        return Dictionary(uniqueKeysWithValues: records)
    }

    func put(_ rest: String, _ value: String) async throws {
        try await etcd.put(key(rest), value)
    }

    func remove(_ rest: String) async throws {
        try await etcd.etcdctl(["del", key(rest)])
    }

    /// Puts a reservation with its claim, as `ipamctl reserve` does; `claim` is where the owner's claims are, such as
    /// `default/pod/db-0`, and nil for holders that have none.
    func reserve(_ address: String, for holder: String?, claim: String?, expires: String? = nil) async throws {
        var reservation: JSONObject = ["by": "root@admin1", "since": "2026-11-23T02:00:00Z"]
        reservation["for"] = holder.map(JSONValue.string)
        reservation["expires"] = expires.map(JSONValue.string)
        try await put("reservations/\(address)", JSONValue.object(reservation).serialized())
        if let claim { try await put("claims/\(claim)/\(address)", "") }
    }

    /// The lines of the log.
    func logLines() throws -> [String] {
        try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init)
    }
}

/// The etcd of all tests that need none of their own: each has its own network in it.
enum SharedEtcd {
    private static let started = Task { try await EtcdServer.start() }

    static func server() async throws -> EtcdServer {
        try await started.value
    }
}
