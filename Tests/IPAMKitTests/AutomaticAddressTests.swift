import Foundation
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// `kube-ipam.ip: auto`.
@Suite struct AutomaticAddressTests {
    private let fixed = "10.72.0.0/24 10.72.0.100-10.72.0.200 10.72.0.10-10.72.0.13"

    private func node(_ sets: String...) throws -> TestNode {
        try TestNode.first(sets.isEmpty ? [set(fixed)] : sets.map { try set($0) })
    }

    private func db(_ ordinal: Int, _ uid: String) -> Pod {
        Pod.member("default/db-\(ordinal)", uid: uid, ip: "auto")
    }

    private func web(_ suffix: String) -> Pod {
        Pod.member("default/web-6d9b74fd4d-\(suffix)", uid: "u-\(suffix)", ip: "auto")
    }

    @Test func aStatefulSetsPodKeepsTheAddressThatItWasGivenFirst() async throws {
        let node = try node()
        let first = try await node.start("c1", db(0, "u1"))
        let given = try #require(first.addresses.first)
        #expect(range("10.72.0.10-10.72.0.13").contains(given))
        let contents = try await node.pool.contents()
        #expect(contents["claims/default/pod/db-0/\(given)"] == "")
        let reservation = try Reservation(stored: contents["reservations/\(given)"] ?? "")
        #expect(reservation.holder == .pod(pod("default/db-0")) && reservation.by == "kube-ipam")
        let history = try await node.pool.pool().history(of: given)
        #expect(history.entries.map(\.event) == [.reserved])
        for round in 2...4 {
            _ = try await node.pool.pool().delete(reference("c\(round - 1)"))
            // Another one in between does not get it.
            let other = try await node.start("other\(round)", db(round, "o\(round)"))
            #expect(!other.addresses.contains(given))
            #expect(try await node.start("c\(round)", db(0, "u\(round)")).addresses == [given])
            _ = try await node.pool.pool().delete(reference("other\(round)"))
        }
    }

    @Test func aDeploymentsReplicasShareASetAndARebuiltOneGetsAFreeOneOfIt() async throws {
        let node = try node()
        let first = try await node.start("c1", web("aaaaa")).addresses
        let second = try await node.start("c2", web("bbbbb")).addresses
        #expect(first != second)
        #expect(
            try await node.pool.contents().keys.count { $0.hasPrefix("claims/default/workload/web/") } == 2)
        _ = try await node.pool.pool().delete(reference("c1"))
        #expect(try await node.start("c3", web("ccccc")).addresses == first)
        #expect(
            try await node.pool.contents().keys.count { $0.hasPrefix("claims/default/workload/web/") } == 2)
        // A rollout's new ReplicaSet is of the same Deployment.
        _ = try await node.pool.pool().delete(reference("c2"))
        let rolled = Pod.member("default/web-5b8c9d7f4-ddddd", uid: "u-d", ip: "auto")
        #expect(try await node.start("c4", rolled).addresses == second)
    }

    @Test func aReplicaWhoseHolderIsGoneIsReplacedBeforeANewAddressIsClaimed() async throws {
        var node = try node()
        let first = try await node.start("c1", web("aaaaa")).addresses
        node.gone = ["/run/netns/c1"]
        node.cluster.remove(pod("default/web-6d9b74fd4d-aaaaa"))
        #expect(try await node.start("c2", web("bbbbb")).addresses == first)
        #expect(
            try await node.pool.contents().keys.count { $0.hasPrefix("claims/default/workload/web/") } == 1)
    }

    /// Two sandboxes of one pod must not claim two addresses.
    @Test(.needs(.etcd)) func racingSandboxesOfOnePodClaimOneAddress() async throws {
        let node = try await TestNode.onEtcd([set("10.72.0.0/24")])
        node.cluster.put(db(0, "u1"))
        let given = await withTaskGroup(of: IPAddress?.self) { group in
            for index in 0..<8 {
                group.addTask { (try? await node.add("c\(index)", db(0, "u1"), store: index))?.addresses.first }
            }
            return await group.reduce(into: [IPAddress]()) { if let address = $1 { $0.append(address) } }
        }
        #expect(given.count == 1, "\(given)")
        #expect(try await node.pool.contents().keys.count { $0.hasPrefix("claims/default/pod/db-0/") } == 1)
    }

    @Test(.needs(.etcd)) func manyPodsAtOnceEachGetTheirOwn() async throws {
        let node = try await TestNode.onEtcd([set("10.72.0.0/24 10.72.0.100-10.72.0.200 10.72.0.10-10.72.0.60")])
        for index in 0..<40 { node.cluster.put(db(index, "u\(index)")) }
        let given = try await withThrowingTaskGroup(of: IPAddress?.self) { group in
            for index in 0..<40 {
                group.addTask { try await node.add("c\(index)", db(index, "u\(index)"), store: index).addresses.first }
            }
            return try await group.reduce(into: Set<IPAddress?>()) { $0.insert($1) }
        }
        #expect(given.count == 40 && !given.contains(nil))
    }

    @Test func everyRangeSetGetsOneAndBothFamiliesAreKept() async throws {
        let node = try node(fixed, "fd72::/64")
        let first = try await node.start("c1", db(0, "u1")).addresses
        #expect(first.map(\.family) == [.ipv4, .ipv6])
        _ = try await node.pool.pool().delete(reference("c1"))
        #expect(try await node.start("c2", db(0, "u2")).addresses == first)
    }

    @Test func withoutAFixedRangeItComesFromTheDynamicOne() async throws {
        let node = try node("10.72.0.0/24 10.72.0.100-10.72.0.103")
        let given = try await node.start("c1", db(0, "u1")).addresses
        #expect(given.allSatisfy { range("10.72.0.100-10.72.0.103").contains($0) })
        // Nobody else is given it while its pod is down.
        _ = try await node.pool.pool().delete(reference("c1"))
        for index in 0..<3 {
            let plain = Pod.member("default/x-\(index)", uid: "x\(index)")
            #expect(try await node.start("x\(index)", plain).addresses != given)
        }
        #expect(await node.refusal("x9", Pod.member("default/x-2", uid: "x2"))?.cniCode == .poolExhausted)
    }

    @Test func aFullFixedRangeIsSaidToBeFull() async throws {
        let node = try node()
        for ordinal in 0..<4 { _ = try await node.start("c\(ordinal)", db(ordinal, "u\(ordinal)")) }
        node.cluster.put(db(4, "u4"))
        let error = await node.refusal("c4", db(4, "u4"))
        #expect(
            error?.description
                == "network \(node.pool.network) has no free address: all 4 of 10.72.0.10-10.72.0.13 are in use or reserved "
                + "(4 of them)")
    }

    @Test func podsOfOtherOwnersAreRefusedWithASentence() async throws {
        let node = try node()
        var daemon = Pod(pod("default/agent-x7x7x"), uid: "u1", annotations: ["kube-ipam.ip": "auto"], node: "n1")
        daemon.controller = .init(kind: "DaemonSet", name: "agent")
        node.cluster.put(daemon)
        let error = await node.refusal("c1", daemon)
        #expect(
            error?.description
                == "pod default/agent-x7x7x: kube-ipam.ip \"auto\" is for the pods of StatefulSets and Deployments: its "
                + "controller is the DaemonSet agent")
        #expect(error?.cniCode == .addressNotAllowed)
        let bare = Pod(pod("default/db-0"), uid: "u2", annotations: ["kube-ipam.ip": "auto"], node: "n1")
        node.cluster.put(bare)
        #expect(await node.refusal("c2", bare)?.description.hasSuffix(": it has no controller") == true)
        let unknown = await node.refusal("c3", daemon, annotations: .passed(["kube-ipam.ip": "auto"]))
        #expect(unknown?.description.hasSuffix(": its controller is the DaemonSet agent") == true)
        #expect(try await node.pool.contents().isEmpty)
    }

    @Test(.needs(.etcd)) func aNamespacesNumberIsCappedAlsoForManyAtOnceAndOthersReservationsDoNotCount() async throws {
        let node = try await TestNode.onEtcd([set("10.72.0.0/24 10.72.0.100-10.72.0.200 10.72.0.10-10.72.0.60")])
        _ = try await node.pool.pool().reserve(
            node.pool.orders((50...55).map { address("10.72.0.\($0)") }, for: "default/deploy/other"),
            rangeSets: node.pool.rangeSets, now: noon)
        for index in 0..<12 { node.cluster.put(db(index, "u\(index)")) }
        let given = await withTaskGroup(of: Result<Added, any Error>.self) { group in
            for index in 0..<12 {
                group.addTask {
                    do {
                        return .success(
                            try await node.add("c\(index)", db(index, "u\(index)"), autoLimit: 5, store: index))
                    } catch { return .failure(error) }
                }
            }
            return await group.reduce(into: [Result<Added, any Error>]()) { $0.append($1) }
        }
        #expect(given.count { (try? $0.get()) != nil } == 5)
        for case .failure(let error) in given {
            #expect(error as? IPAMError == .automaticLimit(try Namespace("default"), 5))
        }
        // Another namespace has its own number, and a pod that has its address keeps it.
        let other = Pod.member("prod/db-0", uid: "p0", ip: "auto")
        node.cluster.put(other)
        _ = try await node.add("p0", other, autoLimit: 5)
    }

    @Test func bothAddressesOfADualStackPodCountForTheCap() async throws {
        let node = try node("10.72.0.0/24", "fd72::/64")
        node.cluster.put(db(0, "u0"))
        node.cluster.put(db(1, "u1"))
        _ = try await node.add("c0", db(0, "u0"), autoLimit: 3)
        await #expect(throws: IPAMError.automaticLimit(try Namespace("default"), 3)) {
            _ = try await node.add("c1", db(1, "u1"), autoLimit: 3)
        }
        #expect(try await node.add("c1", db(1, "u1"), autoLimit: 4).addresses.count == 2)
    }

    @Test func aLookupThatFailedIsNotAnsweredWithOneMoreAddress() async throws {
        let node = try node()
        _ = try await node.start("c1", web("aaaaa"))
        node.cluster.fail("no answer")
        let error = await node.other("n2").refusal(
            "c2", web("bbbbb"), annotations: .passed(["kube-ipam.ip": "auto"]))
        #expect(error == .lookupFailed(PodSourceError("no answer")))
    }

    @Test(.needs(.etcd)) func manyReplicasStartAtOnce() async throws {
        let node = try await TestNode.onEtcd([set("10.72.0.0/24 10.72.0.100-10.72.0.200 10.72.0.10-10.72.0.60")])
        let pods = (0..<40).map { web(String(format: "%05d", $0)) }
        for pod in pods { node.cluster.put(pod) }
        let given = try await withThrowingTaskGroup(of: IPAddress?.self) { group in
            for (index, pod) in pods.enumerated() {
                group.addTask { try await node.add("c\(index)", pod, store: index).addresses.first }
            }
            return try await group.reduce(into: Set<IPAddress?>()) { $0.insert($1) }
        }
        #expect(given.count == 40 && !given.contains(nil))
        #expect(
            try await node.pool.contents().keys.count { $0.hasPrefix("claims/default/workload/web/") } == 40)
    }

    @Test func releasingTheReservationEndsIt() async throws {
        let node = try node()
        let given = try await node.start("c1", db(0, "u1")).addresses
        _ = try await node.pool.pool().delete(reference("c1"))
        _ = try await node.pool.pool().release(given, force: false)
        #expect(
            try await node.pool.contents().keys.allSatisfy { !$0.hasPrefix("claims") && !$0.hasPrefix("reservations") })
    }
}
