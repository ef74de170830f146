import Foundation
import IPAMKit
import TestSupport
import Testing

/// DEL frees what the attachment holds, nothing else, whatever else is wrong.
@Suite(.needs(.etcd)) struct DeleteTests {
    @Test func leavesTheContainersOtherInterfacesAlone() async throws {
        let network = try await PluginNetwork()
        let first = try await network.add("c1", ifname: "eth0").address()
        let second = try await network.add("c1", ifname: "net1").address()
        #expect(first != second)
        #expect(try await network.delete("c1", ifname: "eth0").isSilentSuccess)
        #expect(try await network.used() == [second: "c1"])
        #expect(try await network.attachments().keys.sorted() == ["c1/net1"])
        // Nothing is recorded for eth0 any more: the scan for Go's records must not find net1's.
        #expect(try await network.delete("c1", ifname: "eth0").isSilentSuccess)
        #expect(try await network.used() == [second: "c1"])
    }

    @Test func leavesContainersAloneWhoseIDsBeginAlike() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        let other = try await network.add("c11").address()
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used() == [other: "c11"])
    }

    @Test func ofADamagedAttachmentFreesWhatTheContainerHolds() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1", ifname: "eth0").result()
        let second = try await network.add("c1", ifname: "net1").address()
        let other = try await network.add("c2").address()
        try await network.put("attachments/c1/eth0", "{\"addresses\":")
        #expect(try await network.delete("c1", ifname: "eth0").isSilentSuccess)
        #expect(try await network.used() == [second: "c1", other: "c2"])
        #expect(try await network.attachments().keys.sorted() == ["c1/net1", "c2/eth0"])
    }

    @Test func besideADamagedAttachmentFreesNothingThatMayBeItsOwn() async throws {
        let network = try await PluginNetwork()
        let first = try await network.add("c1", ifname: "eth0").address()
        let second = try await network.add("c1", ifname: "net1").address()
        for ifname in ["eth0", "net1"] { try await network.put("attachments/c1/" + ifname, "junk") }
        #expect(try await network.delete("c1", ifname: "eth0").isSilentSuccess)
        #expect(try await network.used() == [first: "c1", second: "c1"])
        // The last interface takes all that is left with it.
        #expect(try await network.delete("c1", ifname: "net1").isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test(arguments: ["IP=10.188.0.300", "junk"])
    func doesNotLookAtWhatOnlyAnAddNeeds(arguments: String) async throws {
        var network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        #expect(try await network.add("c2", arguments: arguments).failure?.code == 4)
        network.ipam["rangeStart"] = "192.168.0.1"
        network.ipam["routes"] = "none"
        let members: JSONObject = [
            "args": ["cni": ["ips": ["x"]]], "runtimeConfig": ["ipRanges": [[["subnet": "10.188.0.0/25"]]]],
        ]
        #expect(try await network.add("c2", members).failure?.code == 7)
        #expect(try await network.call("DEL", "c1", arguments: arguments, members).isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test func twiceIsSuccess() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        for _ in 0..<2 { #expect(try await network.delete("c1").isSilentSuccess) }
        #expect(try await network.used().isEmpty)
    }

    @Test func ofAnUnknownContainerIsSuccessAndWritesNothing() async throws {
        let network = try await PluginNetwork()
        #expect(try await network.delete("never-seen").isSilentSuccess)
        #expect(try await network.contents().isEmpty)
    }

    @Test func needsNoNamespace() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        #expect(try await network.call("DEL", "c1", netns: nil).isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test func needsNeitherResolvConfNorAValidRange() async throws {
        var network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        network.ipam["resolvConf"] = "/nowhere/resolv.conf"
        network.ipam["subnet"] = "10.199.0.0/24"
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used().isEmpty)
    }

    @Test func worksWhileTheNetworkIsLockedAndOnHold() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1").result()
        try await network.etcd.put(network.key("lock"), "1", lease: network.etcd.grantLease(seconds: 300))
        try await network.put("config", #"{"format":1,"goNodes":false,"fixed":[],"hold":{"reason":"moving"}}"#)
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used().isEmpty)
        #expect(try await network.attachments().isEmpty)
    }

    @Test func leavesAnAddressThatAnotherHoldsByNow() async throws {
        let network = try await PluginNetwork()
        let address = try await network.add("c1").address()
        try await network.put("used/\(address)", "thief")
        #expect(try await network.delete("c1").isSilentSuccess)
        #expect(try await network.used() == [address: "thief"])
        #expect(try await network.attachments().isEmpty)
    }

    @Test func keepsReservations() async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.77", for: "default/db-0", claim: "default/pod/db-0")
        let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0"
        #expect(try await network.add("c1", arguments: pod).address() == "10.188.0.77")
        #expect(try await network.delete("c1").isSilentSuccess)
        let keys = try await network.contents().keys
        #expect(keys.contains(network.key("reservations/10.188.0.77")))
        #expect(keys.contains(network.key("claims/default/pod/db-0/10.188.0.77")))
        #expect(try await network.add("c2", arguments: pod).address() == "10.188.0.77")
    }
}
