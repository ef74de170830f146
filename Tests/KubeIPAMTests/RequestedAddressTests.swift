import Foundation
import IPAMKit
import TestSupport
import Testing

/// Addresses that the runtime asks for: given, or refused with the reason, and never replaced by another.
@Suite(.needs(.etcd)) struct RequestedAddressTests {
    /// The ways to ask for an address.
    enum Way: CaseIterable {
        case args, runtimeConfig, arguments
    }

    private func add(
        _ network: PluginNetwork, _ address: String, by way: Way = .arguments, as container: String = "c1",
        pod: String? = nil
    ) async throws -> PluginAnswer {
        var arguments = pod.map { "K8S_POD_NAMESPACE=default;K8S_POD_NAME=\($0)" } ?? ""
        var members: JSONObject = [:]
        switch way {
        case .args: members["args"] = ["cni": ["ips": [.string(address)]]]
        case .runtimeConfig: members["runtimeConfig"] = ["ips": [.string(address)]]
        case .arguments: arguments += ";IP=\(address)"
        }
        return try await network.add(container, arguments: arguments, members)
    }

    @Test(arguments: Way.allCases, ["10.188.0.99", "10.188.0.99/24"])
    func requestIsHonoured(way: Way, text: String) async throws {
        let network = try await PluginNetwork()
        #expect(try await add(network, text, by: way).address() == "10.188.0.99")
        #expect(try await network.attachments()["c1/eth0"]?["fixed"] == true)
    }

    @Test(arguments: [
        ("10.189.0.5", "lies in no subnet of network NET (10.188.0.0/24)"),
        ("10.188.0.0", "is the network address of 10.188.0.0/24"),
        ("10.188.0.1", "is the gateway of 10.188.0.0/24"),
        ("10.188.0.255", "is the broadcast address of 10.188.0.0/24"),
        ("fd00::5", "lies in no subnet of network NET (10.188.0.0/24)"),
    ])
    func addressThatNoPodMayHaveIsCode103(address: String, problem: String) async throws {
        let network = try await PluginNetwork()
        let problem = problem.replacingOccurrences(of: "NET", with: network.name)
        #expect(try await add(network, address).failure == PluginFailure(103, "\(address) \(problem)"))
        #expect(try await network.contents().isEmpty)
    }

    /// More than one request to etcd can ask about.
    @Test func moreThanOneAddressOfARangeSetIsCode103HoweverMany() async throws {
        let network = try await PluginNetwork()
        for count in [2, 100, 200] {
            let addresses = (10..<10 + count).map { JSONValue.string("10.188.0.\($0)") }
            #expect(
                try await network.add("c1", ["args": ["cni": ["ips": .array(addresses)]]]).failure
                    == PluginFailure(
                        103, "10.188.0.11 was requested beside 10.188.0.10: a range set gives one address"))
        }
        #expect(try await network.contents().isEmpty)
    }

    @Test func addressBetweenTheRangesIsCode103() async throws {
        let network = try await PluginNetwork([
            "subnet": "10.188.0.0/16", "rangeStart": "10.188.1.0", "rangeEnd": "10.188.255.254",
            "fixedStart": "10.188.0.10", "fixedEnd": "10.188.0.255",
        ])
        #expect(
            try await add(network, "10.188.0.5").failure
                == PluginFailure(
                    103,
                    "10.188.0.5 lies neither in the fixed range 10.188.0.10-10.188.0.255 nor in the dynamic range "
                        + "10.188.1.0-10.188.255.254"))
        #expect(try await add(network, "10.188.0.216").address() == "10.188.0.216")
    }

    @Test func twoOfOneRangeSetAreCode103() async throws {
        let network = try await PluginNetwork()
        #expect(
            try await add(network, "10.188.0.50,10.188.0.51").failure
                == PluginFailure(
                    103, "10.188.0.51 was requested beside 10.188.0.50: a range set gives one address"))
        #expect(try await network.contents().isEmpty)
    }

    @Test func bothFamiliesCanBeRequested() async throws {
        let network = try await PluginNetwork(
            ["ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]]])
        #expect(
            try await add(network, "fd00:188::50,10.188.0.50").addresses() == ["10.188.0.50", "fd00:188::50"])
    }

    @Test(
        arguments: [
            ("default/db-0", "default/pod/db-0"), ("default/sts/db", "default/workload/db"), ("kube-system/", nil),
        ] as [(String, String?)])
    func addressReservedForAnotherIsCode102NamingForWhom(holder: String, claim: String?) async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.99", for: holder, claim: claim)
        let contents = try await network.contents()
        for pod in ["web", nil] {
            #expect(
                try await add(network, "10.188.0.99", pod: pod).failure
                    == PluginFailure(102, "10.188.0.99 is reserved for \(holder)"))
        }
        #expect(try await network.contents() == contents)
    }

    @Test func addressOfALiveHolderOnThisNodeIsCode11NamingTheHolder() async throws {
        let network = try await PluginNetwork()
        _ = try await add(network, "10.188.0.99", as: "holder").result()
        let contents = try await network.contents()
        #expect(
            try await add(network, "10.188.0.99").failure
                == PluginFailure(
                    11,
                    "10.188.0.99 is still held by container holder: its network namespace \(PluginNetwork.alive) "
                        + "still exists"))
        #expect(try await network.contents() == contents)
    }

    @Test func addressThatTheGoPluginRecordedIsCode101NamingTheContainer() async throws {
        let network = try await PluginNetwork()
        try await network.put("used/10.188.0.99", "holder")
        let contents = try await network.contents()
        let answer = try await add(network, "10.188.0.99")
        #expect(
            answer.failure
                == PluginFailure(
                    101,
                    "10.188.0.99 is in use by container holder; cannot tell whether container holder is still running: the "
                        + "Go plugin recorded a container ID and nothing else"))
        #expect(
            answer.details
                == "make sure that container holder is gone, then run 'ipamctl release 10.188.0.99 --force -n \(network.name)'"
        )
        #expect(try await network.contents() == contents)
    }

    @Test func anotherInterfaceOfTheHolderIsRefusedToo() async throws {
        let network = try await PluginNetwork()
        _ = try await network.add("c1", ifname: "eth0", arguments: "IP=10.188.0.99").result()
        let answer = try await network.add("c1", ifname: "net1", arguments: "IP=10.188.0.99")
        #expect(
            answer.failure
                == PluginFailure(
                    101, "10.188.0.99 is in use by container c1: another interface of this container has it"))
        #expect(try await network.attachments().keys.sorted() == ["c1/eth0"])
    }

    @Test func expiredReservationForAnotherIsTakenAndGone() async throws {
        let network = try await PluginNetwork()
        try await network.reserve(
            "10.188.0.99", for: "default/db-0", claim: "default/pod/db-0", expires: secondsFromNow(-3600))
        #expect(try await add(network, "10.188.0.99", pod: "web").address() == "10.188.0.99")
        let keys = try await network.contents().keys
        #expect(!keys.contains(network.key("reservations/10.188.0.99")))
        #expect(!keys.contains(network.key("claims/default/pod/db-0/10.188.0.99")))
    }

    @Test func reservationThatExpiredAMinuteAgoStillCounts() async throws {
        let network = try await PluginNetwork()
        try await network.reserve(
            "10.188.0.99", for: "default/db-0", claim: "default/pod/db-0", expires: secondsFromNow(-60))
        #expect(
            try await add(network, "10.188.0.99", pod: "web").failure
                == PluginFailure(102, "10.188.0.99 is reserved for default/db-0"))
    }
}
