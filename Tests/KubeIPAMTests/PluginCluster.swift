import Foundation
import IPAMKit
import TestSupport
import Testing

/// A Kubernetes cluster whose nodes share a network: the API server, etcd, and pods that come and go.
struct PluginCluster: Sendable {
    let api: KubernetesServer
    var network: PluginNetwork

    /// The ranges that the documentation publishes: 10.188.0.216 is in the fixed one.
    static let published: JSONObject = [
        "subnet": "10.188.0.0/16", "fixedStart": "10.188.0.10", "fixedEnd": "10.188.0.255",
        "rangeStart": "10.188.1.0", "rangeEnd": "10.188.255.254", "gateway": "10.188.0.1",
        "routes": [["dst": "0.0.0.0/0"]],
    ]

    /// The annotations of the Deployment that the documentation publishes.
    static let publishedAnnotations = [
        "kube-ipam.ip": "10.188.0.216", "kube-ipam.netmask": "255.255.0.0", "kube-ipam.gateway": "10.188.0.1",
    ]

    /// A cluster without pods.
    ///
    /// - Parameters:
    ///   - ipam: members of the configuration's `ipam`.
    ///   - nodes: the nodes that the API knows, all ready.
    init(
        _ ipam: JSONObject = published, access: KubernetesServer.Access = .token, in etcd: EtcdServer? = nil,
        nodes: [String] = ["n1", "n2"]
    ) async throws {
        api = try await KubernetesServer.start(access, authority: Self.authority.get())
        network = try await PluginNetwork(in: etcd, ipam)
        network.ipam["annotations"] = nil
        network.ipam["kubeConfig"] = .string(try api.kubeconfig())
        for node in nodes { try api.put(node: node) }
    }

    /// One for all clusters: making certificates takes longer than most tests.
    private static let authority = Result { try CertificateAuthority() }

    // MARK: Pods

    /// A pod of the Deployment `name`, with a new name and UID; `annotations` by default ask for the published address.
    static func replica(
        of name: String = "web", on node: String, _ annotations: [String: String] = ["kube-ipam.ip": "10.188.0.216"]
    ) -> KubernetesServer.Pod {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        let suffix = String((0..<5).map { _ in letters[Int.random(in: 0..<letters.count)] })
        return KubernetesServer.Pod(
            "\(name)-6d9b74fd4d-\(suffix)", annotations: annotations, node: node,
            controller: ("ReplicaSet", "\(name)-6d9b74fd4d"), templateHash: "6d9b74fd4d")
    }

    /// A pod of a StatefulSet, with a new UID.
    static func member(
        _ name: String, on node: String, _ annotations: [String: String] = ["kube-ipam.ip": "10.188.0.216"]
    ) -> KubernetesServer.Pod {
        KubernetesServer.Pod(
            name, annotations: annotations, node: node,
            controller: ("StatefulSet", name.split(separator: "-").dropLast().joined(separator: "-")))
    }

    /// The CNI_ARGS that a runtime passes for a pod.
    static func arguments(_ pod: KubernetesServer.Pod, uid: String? = nil) -> String {
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=\(pod.namespace);K8S_POD_NAME=\(pod.name);K8S_POD_UID=\(uid ?? pod.uid)"
    }

    /// Adds a pod's interface, as the runtime of `node` does.
    func add(
        _ container: String, _ pod: KubernetesServer.Pod, on node: SimulatedNode, ifname: String = "eth0",
        netns: String = PluginNetwork.alive, _ members: JSONObject = [:]
    ) async throws -> PluginAnswer {
        try await network.add(
            container, ifname: ifname, netns: netns, arguments: Self.arguments(pod), on: node, members)
    }

    /// Puts a pod into the cluster and adds its interface.
    func run(
        _ container: String, _ pod: KubernetesServer.Pod, on node: SimulatedNode,
        netns: String = PluginNetwork.alive
    ) async throws -> PluginAnswer {
        try api.put(pod: pod)
        return try await add(container, pod, on: node, netns: netns)
    }
}

extension PluginNetwork {
    /// Runs ipamctl with this network's CNI file.
    func ipamctl(_ arguments: String...) async throws -> ProcessOutput {
        try await ipamctl(arguments)
    }

    /// The same for arguments that are in an array already, with another CNI file where one is given.
    func ipamctl(_ arguments: [String], file: URL? = nil) async throws -> ProcessOutput {
        let path: String
        let folder = try TemporaryDirectory(prefix: "ipamctl")
        defer { folder.remove() }
        if let file {
            path = file.path
        } else {
            path = try folder.write(JSONValue.object(configuration).serialized(), to: "10-network.conf").path
        }
        return try await runProcess(BuildProducts.product("ipamctl").path, ["-c", path] + arguments)
    }

    /// What `ipamctl show` says of an address, by title.
    func show(_ address: String) async throws -> [String: String] {
        let text = try await ipamctl("show", address).checked().stdoutText
        var lines: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            lines[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return lines
    }

    /// The history of an address, newest first.
    func history(_ address: String) async throws -> [HistoryEntry] {
        guard let record = try await contents()[key("history/\(address)")] else { return [] }
        return try History(stored: record.value).entries
    }

    /// Since when the holder of an address is seen gone, and of which revision of its used key that is.
    func suspect(_ address: String) async throws -> Suspect? {
        try await contents()[key("suspects/\(address)")].map { try Suspect(stored: $0.value) }
    }

    /// Makes it so that the holder of an address was seen gone so many seconds earlier than it was.
    func age(_ address: String, bySeconds seconds: Int64) async throws {
        let suspect = try #require(try await suspect(address), "nobody has seen the holder of \(address) gone")
        try await age(address, suspect, bySeconds: seconds)
    }

    /// The same, for a look that is known.
    func age(_ address: String, _ suspect: Suspect, bySeconds seconds: Int64) async throws {
        let older = Suspect(
            revision: suspect.revision, since: suspect.since.advanced(bySeconds: -seconds), by: suspect.by)
        try await put("suspects/\(address)", older.json.serialized())
    }

    /// Checks that every used key belongs to an attachment that lists it, and the other way round.
    func expectNothingDangling(
        _ comment: @autoclosure () -> Comment? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let comment = comment()
        let contents = try await contents()
        var used: [String: String] = [:]
        var listed: [String: String] = [:]
        for (key, record) in contents {
            if key.hasPrefix(self.key("used/")) {
                used[String(key.dropFirst(self.key("used/").count))] = record.value
            } else if key.hasPrefix(self.key("attachments/")) {
                let container = key.dropFirst(self.key("attachments/").count).prefix { $0 != "/" }
                for address in try Attachment(stored: record.value).addresses {
                    #expect(listed[address.description] == nil, comment, sourceLocation: sourceLocation)
                    listed[address.description] = String(container)
                }
            }
        }
        #expect(used == listed, comment, sourceLocation: sourceLocation)
    }
}
