import Foundation
import IPAMKit
import TestSupport
import Testing

/// Reserving is enough: the pod gets its address without asking, and nobody else does.
@Suite(.needs(.etcd)) struct ReservationTests {
    private var hostName: String { ProcessInfo.processInfo.hostName }

    private func pod(_ name: String, in namespace: String = "default") -> String {
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=\(namespace);K8S_POD_NAME=\(name)"
    }

    @Test func podGetsTheAddressReservedInItsName() async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.216", for: "default/db-0", claim: "default/pod/db-0")
        #expect(try await network.add("other", arguments: pod("db-1")).address() == "10.188.0.2")
        #expect(try await network.add("namesake", arguments: pod("db-0", in: "test")).address() == "10.188.0.3")
        #expect(try await network.add("c1", arguments: pod("db-0")).address() == "10.188.0.216")
        #expect(try await network.attachments()["c1/eth0"]?["fixed"] == true)
        // A fixed address does not move the cursor.
        #expect(try await network.add("next").address() == "10.188.0.4")
    }

    @Test func fencedAddressIsGivenToNobody() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/29"])
        try await network.put(
            "reservations/10.188.0.3", #"{"for":"(nobody)","by":"root@admin1","note":"printer, 3rd floor"}"#)
        try await network.put("reservations/10.188.0.4", #"{"for":"(nobody)"}"#)
        for (address, note) in [("10.188.0.3", #" ("printer, 3rd floor")"#), ("10.188.0.4", "")] {
            let refused = try await network.add("named", arguments: pod("db-0") + ";IP=\(address)")
            #expect(refused.failure == PluginFailure(102, "\(address) is fenced: no pod may have it\(note)"))
            #expect(refused.details?.contains("ipamctl release \(address)") == true, "\(refused)")
        }
        var given: [String] = []
        for name in ["c1", "c2", "c3"] { given.append(try await network.add(name, arguments: pod(name)).address()) }
        #expect(given == ["10.188.0.2", "10.188.0.5", "10.188.0.6"])
        #expect(try await network.add("c4").failure?.code == 100)
    }

    @Test func reservationOutsideTheDynamicRangeIsGiven() async throws {
        let network = try await PluginNetwork([
            "subnet": "10.188.0.0/16", "rangeStart": "10.188.1.0", "rangeEnd": "10.188.255.254",
            "fixedStart": "10.188.0.10", "fixedEnd": "10.188.0.255",
        ])
        try await network.reserve("10.188.0.216", for: "default/db-0", claim: "default/pod/db-0")
        #expect(try await network.add("c1", arguments: pod("db-0")).address() == "10.188.0.216")
    }

    @Test(arguments: [
        ("default/sts/db", "default/workload/db", ["db-0", "db-1"], ["web-0", "db-admin", "db-0-0"]),
        (
            "default/deploy/web", "default/workload/web", ["web-6d9b74fd4d-xjhek", "web-5b8c9d7f4-2k4lm"],
            ["web-0", "web-admin", "web-api-6d9b74fd4d-xjhek"]
        ),
    ])
    func workloadsReservationsAreSharedByItsPods(
        holder: String, claim: String, itsPods: [String], others: [String]
    ) async throws {
        let network = try await PluginNetwork()
        let reserved = ["10.188.0.100", "10.188.0.101"]
        for address in reserved { try await network.reserve(address, for: holder, claim: claim) }
        for other in others {
            let address = try await network.add(other, arguments: pod(other)).address()
            #expect(!reserved.contains(address), "\(other) is not of \(holder)")
        }
        var given: [String] = []
        for name in itsPods { given.append(try await network.add(name, arguments: pod(name)).address()) }
        #expect(given.sorted() == reserved)
        let third = try await network.add("third", arguments: pod(itsPods[0]))
        let refusals = zip(itsPods, given).map { name, address in
            PluginFailure(
                11,
                "\(address) is still held by default/\(name) on \(hostName): its network namespace "
                    + "\(PluginNetwork.alive) still exists; all 2 addresses reserved for \(holder) are in use")
        }
        #expect(third.failure.map(refusals.contains) == true, "\(third)")
        #expect(try await network.delete(itsPods[1]).isSilentSuccess)
        #expect(try await network.add("fourth", arguments: pod(itsPods[1])).address() == given[1])
    }

    @Test func podsOwnReservationComesBeforeItsWorkloads() async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.50", for: "default/sts/db", claim: "default/workload/db")
        try await network.reserve("10.188.0.60", for: "default/db-0", claim: "default/pod/db-0")
        #expect(try await network.add("c1", arguments: pod("db-0")).address() == "10.188.0.60")
    }

    @Test func reservationForANamespaceOrForNobodyIsNotGivenUnasked() async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.2", for: "default/", claim: nil)
        try await network.reserve("10.188.0.3", for: nil, claim: nil)
        let unasked = try await network.add("c1", arguments: pod("db-0")).address()
        #expect(!["10.188.0.2", "10.188.0.3"].contains(unasked))
        #expect(try await network.add("c2", arguments: pod("db-0") + ";IP=10.188.0.2").address() == "10.188.0.2")
        #expect(try await network.add("c3", arguments: "IP=10.188.0.3").address() == "10.188.0.3")
    }

    @Test func expiredReservationIsNotGivenUnasked() async throws {
        let network = try await PluginNetwork()
        try await network.reserve(
            "10.188.0.216", for: "default/db-0", claim: "default/pod/db-0", expires: secondsFromNow(-301))
        #expect(try await network.add("c1", arguments: pod("db-0")).address() == "10.188.0.2")
    }

    @Test(arguments: [-240, 3600])
    func reservationCountsUntilFiveMinutesAfterItsTime(seconds: Int64) async throws {
        let network = try await PluginNetwork()
        try await network.reserve(
            "10.188.0.216", for: "default/db-0", claim: "default/pod/db-0", expires: secondsFromNow(seconds))
        #expect(try await network.add("c1", arguments: pod("db-0")).address() == "10.188.0.216")
    }

    @Test func claimWithoutAReservationIsNothing() async throws {
        let network = try await PluginNetwork()
        try await network.put("claims/default/pod/db-0/10.188.0.216", "")
        #expect(try await network.add("c1", arguments: pod("db-0")).address() == "10.188.0.2")
    }

    @Test func reservedAddressInUseIsRefusedAndNotReplacedByAnother() async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.216", for: "default/db-0", claim: "default/pod/db-0")
        _ = try await network.add("old", arguments: pod("db-0")).result()
        let contents = try await network.contents()
        #expect(
            try await network.add("new", arguments: pod("db-0")).failure
                == PluginFailure(
                    11,
                    "10.188.0.216 is still held by default/db-0 on \(hostName): its network namespace "
                        + "\(PluginNetwork.alive) still exists"))
        #expect(try await network.contents() == contents)
    }

    @Test func reservedAddressesThatOthersHoldForGoodAreAllNamed() async throws {
        let network = try await PluginNetwork()
        for address in ["10.188.0.101", "10.188.0.100"] {
            try await network.reserve(address, for: "default/sts/db", claim: "default/workload/db")
            // As the Go plugin records them: nothing can prove that these are gone.
            try await network.put("used/\(address)", "go-\(address)")
        }
        let contents = try await network.contents()
        #expect(
            try await network.add("new", arguments: pod("db-0")).failure
                == PluginFailure(
                    101,
                    "all 2 addresses reserved for default/sts/db are in use: 10.188.0.100 by container go-10.188.0.100, "
                        + "10.188.0.101 by container go-10.188.0.101"))
        #expect(try await network.contents() == contents)
    }

    @Test func secondInterfaceOfThePodGetsADynamicAddress() async throws {
        let network = try await PluginNetwork()
        try await network.reserve("10.188.0.216", for: "default/db-0", claim: "default/pod/db-0")
        #expect(try await network.add("c1", ifname: "eth0", arguments: pod("db-0")).address() == "10.188.0.216")
        #expect(try await network.add("c1", ifname: "net1", arguments: pod("db-0")).address() == "10.188.0.2")
    }

    @Test func anAddressBelongsToTheRangeSetWhoseRangeHasIt() async throws {
        let sets: JSONValue = [
            [["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.10", "rangeEnd": "10.188.0.20"]],
            [["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.30", "rangeEnd": "10.188.0.40"]],
        ]
        let network = try await PluginNetwork(["ranges": sets])
        try await network.reserve("10.188.0.15", for: "default/db-0", claim: "default/pod/db-0")
        #expect(try await network.add("c1", arguments: pod("db-0")).addresses() == ["10.188.0.15", "10.188.0.30"])
        // The second set's cursor would come to the very address that is asked for.
        #expect(try await network.add("c2", arguments: "IP=10.188.0.31").addresses() == ["10.188.0.10", "10.188.0.31"])
        #expect(try await network.add("c3", arguments: "IP=10.188.0.35").addresses() == ["10.188.0.11", "10.188.0.35"])
    }

    @Test func dualStackPodGetsItsReservedAddressAndADynamicOne() async throws {
        let network = try await PluginNetwork(
            ["ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "fd00:188::/64"]]]])
        try await network.reserve("fd00:188::216", for: "default/db-0", claim: "default/pod/db-0")
        #expect(
            try await network.add("c1", arguments: pod("db-0")).addresses() == ["10.188.0.2", "fd00:188::216"])
    }
}
