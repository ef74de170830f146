import EtcdClient
import EtcdStore
import Foundation
import HTTPTransport
import IPAMKit
import Store
import TestSupport

/// An etcd, and an operator's shell: ipamctl runs in a mount namespace of its own, with its own /etc/cni/net.d.
struct AdminSite: Sendable {
    static let folder = "/etc/cni/net.d"

    let server: EtcdServer
    /// What stands in /etc/cni/net.d.
    let files: TemporaryDirectory
    private let store: EtcdStore

    private static let loop = TransferLoop.onOwnThread()

    init(_ server: EtcdServer? = nil, tls: TLSOptions = TLSOptions()) async throws {
        let server = if let server { server } else { try await EtcdServer.start() }
        self.server = server
        files = try TemporaryDirectory(prefix: "net.d")
        store = EtcdStore(
            client: EtcdClient(EtcdConfiguration(endpoints: server.endpoints, tls: tls), loop: Self.loop))
    }

    // MARK: Running

    /// The command that runs ipamctl: a program, and its arguments.
    func command(_ arguments: [String]) throws -> (program: String, arguments: [String]) {
        PrivateFolder.command(
            showing: files.path, at: Self.folder, try BuildProducts.product("ipamctl").path, arguments)
    }

    /// - Parameter environment: instead of IPAMCTL_ENDPOINTS, which names the etcd.
    func run(_ arguments: [String], environment: [String: String]? = nil, stdin: String? = nil) async throws
        -> ProcessOutput
    {
        let command = try command(arguments)
        return try await runProcess(
            command.program, command.arguments, environment: self.environment(environment),
            stdin: stdin.map { Data($0.utf8) })
    }

    func run(_ arguments: String..., environment: [String: String]? = nil, stdin: String? = nil) async throws
        -> ProcessOutput
    {
        try await run(arguments, environment: environment, stdin: stdin)
    }

    func environment(_ given: [String: String]? = nil) -> [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        return (given ?? ["IPAMCTL_ENDPOINTS": server.clientURL]).merging(["PATH": path]) { given, _ in given }
    }

    /// Runs ipamctl on a pseudo-terminal and answers its question; an empty answer is the end of input.
    func runOnTerminal(_ arguments: [String], question: String = "[y/N] ", answer: String) async throws -> ProcessOutput
    {
        try await runOnTerminal(arguments, answers: [TerminalAnswer(answer, to: question)])
    }

    /// Runs ipamctl on a pseudo-terminal and answers its questions.
    func runOnTerminal(_ arguments: [String], environment: [String: String]? = nil, answers: [TerminalAnswer])
        async throws -> ProcessOutput
    {
        let command = try command(arguments)
        return try await TestSupport.runOnTerminal(
            command.program, command.arguments,
            environment: self.environment(environment).merging(ProcessInfo.processInfo.environment) { given, _ in given
            },
            answers: answers)
    }

    // MARK: The store

    func pool(_ network: String = "k8s") throws -> AddressPool {
        AddressPool(store: store, network: try NetworkName(network), deadline: .now + .seconds(60))
    }

    /// All of the etcd, with values: what a command that changes nothing leaves as it was.
    func dump() async throws -> [String] {
        try await store.readAll(KeyRange(prefix: "/"), deadline: .now + .seconds(60)).records.map {
            "\($0.key) \($0.modified) \($0.value)"
        }
    }

    /// The keys of the network that say what holds now, less what every ADD writes.
    func held(_ network: String = "k8s") async throws -> Set<String> {
        let base = try pool(network).keys.document.text + "/"
        let records = try await store.readAll(KeyRange(prefix: base), .keys, deadline: .now + .seconds(60)).records
        return Set(
            records.map { String($0.key.text.dropFirst(base.count)) }
                .filter { !$0.hasPrefix("last") && $0 != "config" && !$0.hasPrefix("history/") }
        )
    }

    func put(_ pairs: [(String, String)]) async throws {
        var rest = pairs[...]
        while !rest.isEmpty {
            let some = rest.prefix(128)
            rest = rest.dropFirst(some.count)
            _ = try await store.commit(
                Transaction(if: [], then: some.map { .put(Key($0.0), $0.1) }), deadline: .now + .seconds(60))
        }
    }

    static func rangeSets(_ subnets: [String] = ["10.188.0.0/22", "fd00:188::/64"]) throws -> [RangeSet] {
        try subnets.map { try RangeSet([PoolRange(subnet: CIDR($0))]) }
    }

    /// Adds a pod's interface, as the plugin does.
    @discardableResult
    func add(
        _ container: String, _ pod: String?, node: String = "n1", ip: String? = nil, network: String = "k8s",
        subnets: [String] = ["10.188.0.0/22", "fd00:188::/64"], cluster: String? = nil
    ) async throws -> [IPAddress] {
        var holder = Holder(uid: "uid-\(container)", node: node, cluster: cluster)
        if let pod, case .pod(let reference) = try ReservationHolder(pod) { holder.pod = reference }
        let request = AddRequest(
            attachment: AttachmentReference(containerID: try ContainerID(container), ifname: try InterfaceName("eth0")),
            holder: holder, rangeSets: try Self.rangeSets(subnets), requested: try ip.map { [try IPAddress($0)] } ?? [],
            now: Timestamp(seconds: 1_795_000_000))
        return try await pool(network).add(request).assignments.map(\.address)
    }

    /// A CNI file's text.
    static func cniFile(
        _ name: String = "k8s", etcd: String, subnet: String = "10.188.0.0/22", more: String = ""
    ) -> String {
        """
        {"cniVersion":"0.4.0","name":"\(name)","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
        "annotations":"none","etcdConfig":{"etcdURL":"\(etcd)"\(more)},"subnet":"\(subnet)"}}
        """
    }
}

extension ProcessOutput {
    /// What a command says that fails: one line, perhaps a hint, and nothing on standard output.
    var isProperFailure: Bool {
        let lines = stderrText.split(separator: "\n", omittingEmptySubsequences: false)
        return stdout.isEmpty && status != 0 && stderrText.hasSuffix("\n") && lines[0].hasPrefix("ipamctl: ")
            && (lines.count == 2 || (lines.count == 3 && lines[1].hasPrefix("hint: ")))
    }

    var lines: [String] { stdoutText.split(separator: "\n").map(String.init) }

    var json: JSONValue {
        get throws { try JSONValue(parsing: stdoutText) }
    }
}
