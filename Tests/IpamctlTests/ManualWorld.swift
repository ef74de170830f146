import Foundation
import IPAMKit
import TestSupport

/// A cluster in which the commands of the manual can be run as they are written: the network `k8snetwork` with running
/// pods, reservations and a leaked address, and the files that the commands name.
struct ManualWorld: Sendable {
    private let site: AdminSite
    private let kubernetes: KubernetesServer
    /// The folder in which the commands run.
    private let folder: TemporaryDirectory
    /// What the commands see at /var/lib.
    private let state: TemporaryDirectory

    private static let network = "k8snetwork"
    private static let cluster = "c1"

    static func start() async throws -> ManualWorld {
        let world = ManualWorld(
            site: try await AdminSite(), kubernetes: try await KubernetesServer.start(),
            folder: try TemporaryDirectory(prefix: "manual"), state: try TemporaryDirectory(prefix: "state"))
        try await world.furnish()
        return world
    }

    private func furnish() async throws {
        let text = """
            {"cniVersion":"0.4.0","name":"\(Self.network)","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
            "kubeConfig":"\(try kubernetes.kubeconfig())","cluster":"\(Self.cluster)",\
            "etcdConfig":{"etcdURL":"\(site.server.clientURL)"},"ranges":[[{"subnet":"10.188.0.0/16",\
            "fixedStart":"10.188.0.10","fixedEnd":"10.188.0.255","rangeStart":"10.188.1.0"}],\
            [{"subnet":"fd00:188::/64"}]]}}
            """
        try site.files.write(text, to: "10-kube-ipam.conf")
        let configuration = try NetworkConfiguration(json: Array(text.utf8))
        try kubernetes.put(node: "n1")
        try kubernetes.put(deployment: "web", replicas: 3)
        try await add("db-0", node: "n1", ip: "10.188.0.216", configuration)
        try await add("web-6d9b74fd4d-dbbsd", node: "n1", ip: nil, configuration)
        try await add("old-0", node: "n9", ip: "10.188.1.7", configuration, isRunning: false)
        for holder in ["10.188.0.216 default/db-0", "10.188.0.20-10.188.0.22 default/deploy/web"] {
            let words = holder.split(separator: " ").map(String.init)
            try await site.run("reserve", words[0], "--for", words[1], environment: [:]).checked()
        }
        try folder.write("address,for,note,expires\n10.188.0.50,default/db-1,replica,\n", to: "plan.csv")
        try folder.write(
            "plan: web\nreservations:\n- address: 10.188.0.80-10.188.0.81\n  for: default/sts/kv\n  each: true\n",
            to: "plan.yaml")
        try folder.write("networks\nlist --pod default/db-0\n", to: "commands.txt")
        try folder.write(text, to: "10-k8s.conf")
        let config = text.replacing("\"", with: "\\\"")
        try folder.write(
            """
            apiVersion: k8s.cni.cncf.io/v1
            kind: NetworkAttachmentDefinition
            metadata: {name: database, namespace: default}
            spec: {config: "\(config)"}
            """, to: "database.yaml")
        let workload = { (name: String, ip: String) in
            """
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "\(name)"}, "spec": {"strategy": \
            {"type": "Recreate"}, "template": {"metadata": {"annotations": {"kube-ipam.ip": "\(ip)"}}}}}
            """
        }
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("manifests"), withIntermediateDirectories: true)
        for (name, file) in [("api", "deploy.yaml"), ("web2", "web.json"), ("shop", "manifests/shop.yaml")] {
            try folder.write(workload(name, "10.188.0.\(name.utf8.count + 60)"), to: file)
        }
        for name in ["kube-ipam", "node_exporter"] {
            try FileManager.default.createDirectory(
                at: state.url.appendingPathComponent(name), withIntermediateDirectories: true)
        }
        for command in ["ipamctl backup networks.backup", "ipamctl backup -n k8snetwork - | gzip >k8snetwork.gz"] {
            _ = try await run(command)
        }
        // A report for those examples that begin with one.
        _ = try await run("ipamctl audit --report leaks.json")
    }

    /// Gives a pod its addresses, as the plugin does.
    private func add(
        _ pod: String, node: String, ip: String?, _ configuration: NetworkConfiguration, isRunning: Bool = true
    ) async throws {
        let holder = Holder(
            pod: PodReference(namespace: try Namespace("default"), name: try PodName(pod)), uid: "uid-\(pod)",
            node: node,
            cluster: Self.cluster)
        let request = AddRequest(
            attachment: AttachmentReference(
                containerID: try ContainerID("container-\(pod)"), ifname: try InterfaceName("eth0")),
            holder: holder, rangeSets: configuration.rangeSets, requested: try ip.map { [try IPAddress($0)] } ?? [],
            now: Timestamp(seconds: 1_795_000_000))
        let given = try await site.pool(Self.network).add(request).assignments.map(\.address.description)
        guard isRunning else { return }
        try kubernetes.put(pod: .init(pod, uid: "uid-\(pod)", node: node, podIPs: given))
    }

    /// Changes a reservation of the pod default/db-0, so that there is an event.
    func makeEvent() async throws {
        try await site.run("reserve", "10.188.0.99", "--for", "default/db-0", environment: [:]).checked()
        try await site.run("release", "10.188.0.99", environment: [:]).checked()
    }

    /// The program that runs a command line as a shell does, and its arguments.
    func command(_ commandLine: String) throws -> (program: String, arguments: [String]) {
        PrivateFolder.command(
            showing: site.files.path, at: AdminSite.folder, "/bin/sh",
            [
                "-c", #"mount --bind "$2" /var/lib && cd "$1" && exec sh -c "$3""#, "sh", folder.path, state.path,
                commandLine,
            ])
    }

    func environment() throws -> [String: String] {
        let programs = try BuildProducts.product("ipamctl").deletingLastPathComponent().path
        let path = site.environment([:])["PATH"] ?? ""
        return ["PATH": "\(programs):\(path)"]
    }

    func run(_ commandLine: String) async throws -> ProcessOutput {
        let command = try command(commandLine)
        return try await runProcess(command.program, command.arguments, environment: environment())
    }
}
