import Foundation
import IPAMKit
import TestSupport
import Testing

/// What an ADD writes and a DEL leaves: the keyspace that other programs rely on.
@Suite(.needs(.etcd, .root)) struct RecordTests {
    private static let boot = (try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8))?
        .trimmingCharacters(in: .newlines)
    private static let machine = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8))?
        .trimmingCharacters(in: .newlines)

    @Test(arguments: EtcdServer.Version.allCases)
    func addWritesExactlyItsKeysAndDeleteLeavesExactlyTheNetworks(version: EtcdServer.Version) async throws {
        let etcd = try await EtcdServer.start(version: version)
        let network = try await PluginNetwork(
            in: etcd,
            [
                "subnet": "10.188.0.0/16", "rangeStart": "10.188.1.0", "rangeEnd": "10.188.255.254",
                "fixedStart": "10.188.0.10", "fixedEnd": "10.188.0.255", "nodeName": "n1", "cluster": "blue",
            ])
        let before = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
        let answer = try await network.add(
            "c1",
            arguments: "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_UID=u-1;"
                + "K8S_POD_INFRA_CONTAINER_ID=c1")
        #expect(try answer.address() == "10.188.1.0")

        var left = try await etcd.contents().mapValues(\.value)
        let attachment = try #require(left[network.key("attachments/c1/eth0")])
        left[network.key("attachments/c1/eth0")] = nil
        let document = #"[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","#
        let networkKeys = [
            network.key: document + #""gateway":"10.188.0.1"}]]"#,
            network.key("config"): #"{"format":1,"goNodes":false,"fixed":[["10.188.0.10","10.188.0.255"]]}"#,
            network.key("lastReserved/0"): "10.188.1.0",
        ]
        #expect(left == networkKeys.merging([network.key("used/10.188.1.0"): "c1"]) { $1 })

        var fields = try #require(try JSONValue(parsing: Array(attachment.utf8)).object)
        let since = try #require(fields["since"]?.string.flatMap { Timestamp($0) })
        #expect(since >= before)
        fields["since"] = nil
        var expected: JSONObject = [
            "addresses": ["10.188.1.0"], "namespace": "default", "pod": "web", "uid": "u-1", "node": "n1",
            "netns": .string(PluginNetwork.alive), "cluster": "blue", "fixed": false,
        ]
        var file = stat()
        #expect(stat(PluginNetwork.alive, &file) == 0)
        expected["inode"] = JSONValue(Int64(file.st_ino))
        expected["boot"] = Self.boot.map(JSONValue.string)
        // A machine without an ID has an empty file.
        expected["machine"] = Self.machine.flatMap { $0.isEmpty ? nil : .string($0) }
        #expect(fields == expected)

        #expect(try await network.delete("c1").isSilentSuccess)
        var after = try await etcd.contents().mapValues(\.value)
        let written = after.removeValue(forKey: network.key("history/10.188.1.0"))
        let history = try History(stored: #require(written))
        #expect(after == networkKeys)
        #expect(history.entries.map(\.event) == [.deleted] && history.entries[0].tenancy?.since != nil)
    }

    /// What `show` prints, programs get from `show` and `list`; histories keep less.
    @Test func allThatIsRecordedIsInShowAndListAndTheirJSON() async throws {
        let cluster = try await PluginCluster()
        let network = cluster.network
        let pod = PluginCluster.member("db-0", on: "n1", [:])
        let address = try await cluster.run("c1", pod, on: SimulatedNode("n1")).address()
        let recorded = try #require(try await network.attachments()["c1/eth0"]?.object)
        let list = try JSONValue(parsing: await network.ipamctl("list", "-o", "json").checked().stdoutText)
        let show = try JSONValue(parsing: await network.ipamctl("show", address, "-o", "json").checked().stdoutText)
        let listed = try #require(list.array?.first?["attachment"])
        #expect(show["attachment"] == listed)
        let members = ["namespace", "pod", "uid", "workload", "node", "boot", "machine", "netns", "inode", "cluster"]
        for member in members {
            #expect(listed[member] == recorded[member], "\(member)")
        }
        for member in ["uid", "workload", "node", "boot", "machine", "netns", "inode", "cluster"] {
            #expect(listed[member] != nil, "\(member): \(listed.serialized())")
        }
        let shown = try await network.show(address)
        for (title, member) in [
            ("Workload", "workload"), ("Namespace path", "netns"), ("Boot ID", "boot"), ("Machine ID", "machine"),
            ("Cluster", "cluster"),
        ] {
            #expect(shown[title] == listed[member]?.string, "\(title)")
        }
        #expect(shown["Namespace inode"] == listed["inode"]?.int.map(String.init))
        let container = try await PluginNetwork()
        _ = try await container.add("c1", arguments: "K8S_POD_NAME=web_1").address()
        let entry = try JSONValue(parsing: await container.ipamctl("list", "-o", "json").checked().stdoutText)
        #expect(entry.array?.first?["attachment"]?["containerName"] == "web_1")
        #expect(try await cluster.network.delete("c1").isSilentSuccess)
        #expect(try await network.history(address).first?.tenancy?.holder.machine == nil)
    }

    @Test func unknownPartsOfAnAttachmentAreLeftOut() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        let attachment = try #require(try await network.attachments()["c1/eth0"]?.object)
        #expect(attachment.keys.filter { ["namespace", "pod", "uid", "cluster"].contains($0) }.isEmpty)
    }

    @Test func addressesAreWrittenInTheirCanonicalForm() async throws {
        let network = try await PluginNetwork(["subnet": "FD00:0188:0::/64", "rangeStart": "fd00:188:0:0:0:0:A:1"])
        #expect(try await network.add("c1").address() == "fd00:188::a:1")
        #expect(try await network.used() == ["fd00:188::a:1": "c1"])
    }

    @Test func documentIsWrittenAgainOnlyWhenItDiffersInMeaning() async throws {
        var network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        // The Go plugin's own encoding of the same ranges.
        let sameMeaning =
            #"[ [{"gateway":"10.188.0.1","subnet":"10.188.0.0/24","#
            + #""rangeStart":"10.188.0.2","rangeEnd":"10.188.0.254"}] ]"#
        try await network.etcd.put(network.key, sameMeaning)
        _ = try await network.add("c2").result()
        #expect(try await network.contents()[network.key]?.value == sameMeaning)

        network.ipam["rangeEnd"] = "10.188.0.100"
        _ = try await network.add("c3").result()
        #expect(
            try await network.contents()[network.key]?.value
                == #"[[{"rangeStart":"10.188.0.2","rangeEnd":"10.188.0.100","subnet":"10.188.0.0/24","#
                + #""gateway":"10.188.0.1"}]]"#)
    }

    @Test func repeatedAddReturnsTheSameAddressAndWritesNothing() async throws {
        let network = try await PluginNetwork()
        let first = try await network.add("c1").result()
        let contents = try await network.contents()
        #expect(try await network.add("c1").result() == first)
        #expect(try await network.contents() == contents)
    }

    @Test func repeatedAddRestoresAMissingUsedKeyAndRefusesAStolenOne() async throws {
        let network = try await PluginNetwork()
        let address = try await network.add("c1").address()
        try await network.remove("used/\(address)")
        #expect(try await network.add("c1").address() == address)
        #expect(try await network.used() == [address: "c1"])

        try await network.put("used/\(address)", "thief")
        let answer = try await network.add("c1")
        #expect(answer.failure == PluginFailure(101, "\(address) is in use by container thief"))
    }

    @Test func freedAddressIsNotGivenAgainAtOnce() async throws {
        let network = try await PluginNetwork()
        let first = try await network.add("c1").address()
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.add("c2").address() != first)
    }
}
