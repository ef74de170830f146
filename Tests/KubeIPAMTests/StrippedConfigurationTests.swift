import Foundation
import IPAMKit
import TestSupport
import Testing

/// A DEL or GC whose `ipam` has lost its `etcdConfig`, as Multus sends it: the node's own CNI file of the network serves.
@Suite(.needs(.etcd, .root)) struct StrippedConfigurationTests {
    /// Just as Multus passes it.
    private static let stripped =
        #"{"cniVersion":"0.3.1","name":"database","type":"ipvlan","ipam":{"type":"kube-ipam"},"dns":{}}"#
    private static let used = "/etcd-cni/networks/database/used/"

    /// A network of the name that the configuration has, with one container; and what is in its node's /etc/cni/net.d.
    private struct Node {
        let network: PluginNetwork
        let files = Result { try TemporaryDirectory(prefix: "net.d") }

        init() async throws {
            var network = try await PluginNetwork(in: EtcdServer.start(), version: .v110)
            network.configuration["name"] = "database"
            self.network = network
        }

        var file: String { JSONValue.object(network.configuration).serialized() }

        func write(_ text: String, to name: String) throws { try files.get().write(text, to: name) }

        func call(_ command: String, _ container: String? = nil, _ configuration: String) async throws -> PluginAnswer {
            let call = PrivateFolder.command(
                showing: try files.get().path, at: ConfigurationFolder.standard,
                try BuildProducts.product("kube-ipam").path)
            var environment = ["CNI_COMMAND": command, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
            environment["CNI_CONTAINERID"] = container
            environment["CNI_IFNAME"] = container.map { _ in "eth0" }
            environment["CNI_NETNS"] = container.map { _ in PluginNetwork.alive }
            return PluginAnswer(
                try await runProcess(
                    call.program, call.arguments, environment: environment, stdin: Data(configuration.utf8)))
        }

        func used() async throws -> [String] {
            try await network.etcd.contents(prefix: StrippedConfigurationTests.used).values.map(\.value).sorted()
        }
    }

    /// The forms that the network's file may have: the folder's files by name, given the plugin's configuration.
    enum Form: String, CaseIterable {
        case plugin, list, delegate, listAmongDelegates, secondOfItsName

        func files(_ plugin: String) -> [String: String] {
            let list = #"{"cniVersion":"1.1.0","name":"database","plugins":[\#(plugin),{"type":"portmap"}]}"#
            let stripped = StrippedConfigurationTests.stripped
            return switch self {
            case .plugin: ["10-database.conf": plugin]
            case .list: ["10-database.conflist": list]
            case .delegate:
                ["00-multus.conf": #"{"cniVersion":"0.4.0","name":"multus","type":"multus","delegates":[\#(plugin)]}"#]
            case .listAmongDelegates:
                ["00-multus.json": #"{"cniVersion":"0.4.0","name":"multus","type":"multus","delegates":[\#(list)]}"#]
            case .secondOfItsName:
                ["05-broken.conf": "{", "06-stripped.conf": stripped, "07.conf.bak": "{", "10-database.conf": plugin]
            }
        }
    }

    @Test(arguments: Form.allCases)
    func deleteGoesByTheNodesOwnFile(form: Form) async throws {
        let node = try await Node()
        _ = try await node.network.add("c1").result()
        for (name, text) in form.files(node.file) { try node.write(text, to: name) }
        let answer = try await node.call("DEL", "c1", Self.stripped)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await node.used().isEmpty)
        // What else the call leaves out is the file's, too.
        #expect(try node.network.logLines().last?.contains(" info DEL network=database container=c1 ") == true)
    }

    @Test func collectionGoesByTheNodesOwnFile() async throws {
        let node = try await Node()
        _ = try await PluginNetwork.inPassing { try await node.network.add("c1", netns: $0).result() }
        _ = try await node.network.add("c2").result()
        try node.write(node.file, to: "10-database.conf")
        let answer = try await node.call(
            "GC", nil,
            #"{"cniVersion":"1.1.0","name":"database","type":"ipvlan","ipam":{},"cni.dev/valid-attachments":[]}"#)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await node.used() == ["c2"])
    }

    /// What the call does say counts before the file, and what of it cannot be used is told.
    @Test func whatTheCallSaysItselfComesFirst() async throws {
        let node = try await Node()
        _ = try await node.network.add("c1").result()
        let folder = try TemporaryDirectory(prefix: "log")
        var file = node.network
        file.ipam["logFile"] = .string(folder.file("file.log").path)
        file.ipam["timeout"] = "x"
        try node.write(JSONValue.object(file.configuration).serialized(), to: "10-database.conf")
        let own = JSONValue.string(node.network.log.path).serialized()
        let answer = try await node.call(
            "DEL", "c1", #"{"cniVersion":"1.0.0","name":"database","ipam":{"logFile":\#(own),"etcdConfig":{}}}"#)
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await node.used().isEmpty)
        let lines = try node.network.logLines()
        #expect(lines.contains { $0.contains(" info DEL ") })
        #expect(
            lines.contains {
                $0.contains(" warning DEL ignores an invalid value ")
                    && $0.contains("/etc/cni/net.d/10-database.conf: ipam.timeout: ") && $0.contains("must be a number")
            }, "\(lines)")
    }

    private static let advice =
        "add etcdConfig with etcdURL to the network's configuration, or a CNI file of network database to /etc/cni/net.d"

    @Test func withoutSuchAFileItIsCode7AndNothingIsFreed() async throws {
        let node = try await Node()
        _ = try await node.network.add("c1").result()
        func expect(
            _ details: String, key: String = "ipam.etcdConfig", _ configuration: String = Self.stripped,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            #expect(
                try await node.call("DEL", "c1", configuration).failure
                    == PluginFailure(
                        7,
                        "\(key) is missing: no CNI file in /etc/cni/net.d has the etcdURL of network database"
                            + "\(details); \(Self.advice)"), sourceLocation: sourceLocation)
        }
        try await expect("")
        // Another network's file says nothing of this one.
        var other = node.network
        other.configuration["name"] = "another"
        try node.write(JSONValue.object(other.configuration).serialized(), to: "20-another.conf")
        try await expect("")
        try node.write("", to: "10-database.conf")
        try await expect(
            " (/etc/cni/net.d/10-database.conf is not valid JSON: line 1, column 1: there is no JSON value)")
        try await expect(
            " (/etc/cni/net.d/10-database.conf is not valid JSON: line 1, column 1: there is no JSON value)",
            key: "ipam.etcdConfig.etcdURL",
            #"{"cniVersion":"0.3.1","name":"database","ipam":{"etcdConfig":{"etcdCertFile":"/x"}}}"#)
        #expect(try await node.used() == ["c1"])
    }

    /// A file whose etcdConfig is wrong is named, with the key.
    @Test func aFileThatIsWrongIsNamed() async throws {
        let node = try await Node()
        _ = try await node.network.add("c1").result()
        var wrong = node.network
        wrong.ipam["etcdConfig"] = ["etcdURL": "ftp://x"]
        try node.write(JSONValue.object(wrong.configuration).serialized(), to: "10-database.conf")
        #expect(
            try await node.call("DEL", "c1", Self.stripped).failure
                == PluginFailure(
                    7,
                    "/etc/cni/net.d/10-database.conf: ipam.etcdConfig.etcdURL: \"ftp://x\" must start with http:// or "
                        + "https://"))
    }

    /// Giving an address out goes by the whole of the configuration, which a file of another day need not be.
    @Test func anAddIsNotHelped() async throws {
        let node = try await Node()
        try node.write(node.file, to: "10-database.conf")
        #expect(try await node.call("ADD", "c1", Self.stripped).failure?.code == 7)
        #expect(try await node.network.etcd.contents().isEmpty)
    }
}
