import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// A fixed address that is held by another: the table of when a holder counts as gone.
@Suite struct TakeoverTests {
    private let fixed = "10.71.0.0/24 10.71.0.100-10.71.0.200 10.71.0.10-10.71.0.50"
    private let wanted = address("10.71.0.20")

    private func node(_ sets: String...) throws -> TestNode {
        try TestNode.first(sets.isEmpty ? [set(fixed)] : sets.map { try set($0) })
    }

    private func db(_ uid: String, node: String = "n1") -> Pod {
        Pod.member("default/db-0", uid: uid, ip: "10.71.0.20", node: node)
    }

    /// Checks that the address went from `c1` to `c2`, whole, and that the history says so.
    private func expectTakenOver(_ node: TestNode, because evidence: String, at now: Timestamp = noon) async throws {
        let contents = try await node.pool.contents()
        #expect(contents["used/10.71.0.20"] == "c2")
        #expect(contents["attachments/c1/eth0"] == nil && contents["attachments/c2/eth0"] != nil)
        #expect(contents["suspects/10.71.0.20"] == nil)
        let past = try await node.pool.pool().history(of: wanted)
        #expect(past.takeover?.evidence == evidence)
        #expect(past.takeover?.at == now)
        #expect(past.takeover?.tenancy?.phrase.hasPrefix("default/db-0 on n") == true)
    }

    // MARK: On this node

    @Test func aRebootedNodesPodIsTakenOverAtOnce() async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        node.boot = "boot-2"
        let added = try await node.start("c2", db("u2"))
        #expect(added.addresses == [wanted])
        #expect(added.takeovers.map(\.evidence) == [.proven("its node n1 has rebooted")])
        try await expectTakenOver(node, because: "its node n1 has rebooted")
    }

    @Test func aNamespaceThatIsGoneIsProof() async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        #expect(
            await node.refusal("c2", db("u1"))
                == .heldForNow(
                    wanted, by: "default/db-0 on n1", because: "its network namespace /run/netns/c1 still exists",
                    until: nil,
                    remedy:
                        "if no DEL comes: 'crictl rmp -f c1' on n1; if crictl does not know it, end what runs there "
                        + "('ip netns pids c1'), then 'ip netns del c1'"))
        node.gone = ["/run/netns/c1"]
        // The pod is the same: its sandbox was made anew.
        _ = try await node.start("c2", db("u1"))
        try await expectTakenOver(node, because: "its network namespace /run/netns/c1 is gone")
        #expect(!node.cluster.asked.contains { $0.hasPrefix("node") }, "the node itself knew")
    }

    /// In a mount namespace without the node's network namespaces, as in a container without mount propagation.
    @Test func whoDoesNotSeeItsOwnNamespaceProvesNothingByThem() async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        node.gone = ["/run/netns/c1", "/run/netns/c2"]
        #expect(await node.refusal("c2", db("u1"))?.cniCode == .tryAgainLater)
        node.boot = "boot-2"
        #expect(try await node.add("c2", db("u1")).addresses == [wanted])
    }

    /// After a reboot the kubelet starts the pods that it had anew, one after the other.
    @Test func anotherPodOfARebootedNodeDoesNotGetTheAddressOfOneThatKubernetesHas() async throws {
        var node = try node()
        let mine = db("u1")
        _ = try await node.start("c1", mine)
        node.boot = "boot-2"
        let other = Pod.member("default/db-1", uid: "u2", ip: "10.71.0.20")
        node.cluster.put(other)
        let error = await node.refusal("c2", other)
        #expect(
            error?.description
                == "10.71.0.20 is in use by default/db-0 on n1: its pod is alive, although its node n1 has rebooted")
        #expect(try await node.add("c3", mine).addresses == [wanted])
    }

    /// A pod that comes and goes in Kubernetes, as a mirror pod may, is seen anew each time.
    @Test func aHolderThatWasSeenAliveInBetweenIsNoSuspectAnyMore() async throws {
        let node = try node()
        let old = db("u1")
        _ = try await node.start("c1", old)
        node.cluster.remove(old.reference)
        let other = Pod.member("default/db-1", uid: "u2", ip: "10.71.0.20", node: "n2")
        node.cluster.put(other)
        func refusal(after seconds: Int64) async -> IPAMError? {
            await node.other("n2").refusal("c2", other, at: noon.advanced(bySeconds: seconds))
        }
        #expect(await refusal(after: 0)?.cniCode == .tryAgainLater)
        node.cluster.put(old)
        #expect(await refusal(after: 30)?.cniCode == .addressInUse)
        #expect(try await node.pool.contents()["suspects/10.71.0.20"] == nil)
        node.cluster.remove(old.reference)
        #expect(await refusal(after: 120)?.cniCode == .tryAgainLater, "the first look counts no more")
        #expect(await refusal(after: 180) == nil)
    }

    @Test func aLookOfLongAgoCountsNoMore() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        let rebuilt = db("u2", node: "n2")
        node.cluster.put(rebuilt)
        _ = await node.other("n2").refusal("c2", rebuilt)
        let late = noon.advanced(bySeconds: Suspect.longestSeconds + 1)
        #expect(await node.other("n2").refusal("c2", rebuilt, at: late)?.cniCode == .tryAgainLater)
        #expect(await node.other("n2").refusal("c2", rebuilt, at: late.advanced(bySeconds: 60)) == nil)
    }

    // MARK: Elsewhere

    @Test func aLivePodKeepsItsAddress() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        let other = Pod.member("default/db-1", uid: "u2", ip: "10.71.0.20", node: "n2")
        node.cluster.put(other)
        let before = try await node.pool.contents()
        let error = await node.other("n2").refusal("c2", other)
        #expect(error?.description == "10.71.0.20 is in use by default/db-0 on n1: its pod is alive")
        #expect(error?.cniCode == .addressInUse)
        #expect(try await node.pool.contents() == before)
    }

    @Test func aTerminatingPodIsWaitedFor() async throws {
        let node = try node()
        var old = db("u1")
        _ = try await node.start("c1", old)
        old.isTerminating = true
        node.cluster.put(old)
        let other = Pod.member("default/db-1", uid: "u2", ip: "10.71.0.20", node: "n2")
        node.cluster.put(other)
        let error = await node.other("n2").refusal("c2", other)
        #expect(error?.cniCode == .tryAgainLater, "\(String(describing: error))")
        #expect(try await node.pool.contents()["suspects/10.71.0.20"] == nil)
        _ = try await node.pool.pool().delete(reference("c1"))
        #expect(try await node.other("n2").add("c2", other).addresses == [wanted])
    }

    @Test(arguments: LostNode.allCases)
    func aPodThatIsGoneWithItsNodeIsTakenOverAtOnce(lost: LostNode) async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        node.cluster.put(lost, "n1")
        let added = try await node.other("n2").start("c2", db("u2", node: "n2"))
        guard case .asserted(let sentence)? = added.takeovers.first?.evidence else {
            Issue.record("\(added.takeovers)")
            return
        }
        try await expectTakenOver(node, because: sentence)
    }

    @Test func aPodThatIsGoneFromAHealthyNodeIsTakenOverWhenSeenGoneTwiceAMinuteApart() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        let second = node.other("n2")
        node.cluster.put(db("u2", node: "n2"))
        let rebuilt = db("u2", node: "n2")
        let until = noon.advanced(bySeconds: 60)
        func refusal(after seconds: Int64) async -> IPAMError? {
            await second.refusal("c2", rebuilt, at: noon.advanced(bySeconds: seconds))
        }
        for seconds: Int64 in [0, 30, 59] {
            guard case .heldForNow(wanted, _, _, until, _)? = await refusal(after: seconds) else {
                Issue.record("after \(seconds) s")
                return
            }
        }
        let seen = try await node.pool.pool().history(of: wanted).suspect
        #expect(seen?.since == noon)
        #expect(try await second.add("c2", rebuilt, at: until).addresses == [wanted])
        try await expectTakenOver(
            node,
            because:
                "its pod is gone (there is another one of that name), but its node n1 may still be stopping it, seen "
                + "twice, first at \(noon)", at: until)
    }

    /// Clocks differ from node to node.
    @Test func anotherNodesFirstLookCountsFiveMinutesLater() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        node.cluster.put(db("u2", node: "n2"))
        _ = await node.other("n2").refusal("c2", db("u2", node: "n2"))
        let moved = db("u3", node: "n3")
        node.cluster.put(moved)
        for (seconds, isGiven) in [(60 as Int64, false), (359, false), (360, true)] {
            let refusal = await node.other("n3").refusal("c3", moved, at: noon.advanced(bySeconds: seconds))
            #expect((refusal == nil) == isGiven, "after \(seconds) s: \(String(describing: refusal))")
        }
    }

    /// A sandbox that came back under its ID is not a suspect any more.
    @Test func aSuspectThatCameBackIsSeenAnew() async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        let rebuilt = db("u2", node: "n2")
        node.cluster.put(rebuilt)
        _ = await node.other("n2").refusal("c2", rebuilt)
        #expect(try await node.pool.contents()["suspects/10.71.0.20"] != nil)
        node.cluster.put(db("u1"))
        node.boot = "boot-2"
        _ = try await node.add("c1", db("u1"))
        #expect(try await node.pool.contents()["suspects/10.71.0.20"] == nil)
    }

    @Test func aSuspectIsAboutOneHolderOnly() async throws {
        let node = try node()
        let second = node.other("n2")
        _ = try await node.start("c1", db("u1"))
        _ = await second.refusal("c2", db("u2", node: "n2"))
        node.cluster.put(db("u2", node: "n2"))
        _ = await second.refusal("c2", db("u2", node: "n2"))
        // The holder is freed and another one gets the address: what was seen of the first does not count.
        _ = try await node.pool.pool().delete(reference("c1"))
        _ = try await node.start("c3", db("u3"))
        node.cluster.put(db("u2", node: "n2"))
        let late = noon.advanced(bySeconds: 3600)
        guard case .heldForNow(_, _, _, let until, _)? = await second.refusal("c2", db("u2", node: "n2"), at: late)
        else {
            Issue.record("not refused")
            return
        }
        #expect(until == late.advanced(bySeconds: 60))
    }

    /// Clocks differ: a first look that lies in the future counts from now.
    @Test func aSuspectFromTheFutureIsSeenAgain() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        let rebuilt = db("u2", node: "n2")
        node.cluster.put(rebuilt)
        _ = await node.other("n2").refusal("c2", rebuilt, at: noon.advanced(bySeconds: 3600))
        guard case .heldForNow(_, _, _, let until, _)? = await node.other("n2").refusal("c2", rebuilt) else {
            Issue.record("not refused")
            return
        }
        #expect(until == noon.advanced(bySeconds: 60))
    }

    @Test func aPodWhoseContainersHaveEndedIsSeenGoneEvenOnADeadNode() async throws {
        let node = try node()
        var old = db("u1")
        _ = try await node.start("c1", old)
        old.isTerminal = true
        node.cluster.put(old)
        node.cluster.put(node: "n1", ready: false)
        let other = Pod.member("default/db-1", uid: "u2", ip: "10.71.0.20", node: "n2")
        node.cluster.put(other)
        guard case .heldForNow? = await node.other("n2").refusal("c2", other) else {
            Issue.record("not refused")
            return
        }
    }

    // MARK: Unverifiable

    private func expectNever(_ node: TestNode, _ reason: String) async throws {
        let rebuilt = db("u2", node: "n2")
        node.cluster.put(rebuilt)
        let before = try await node.pool.contents()
        for seconds: Int64 in [0, 3600] {
            let error = await node.other("n2").refusal("c2", rebuilt, at: noon.advanced(bySeconds: seconds))
            guard case .unverifiable(wanted, _, let because)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(because == reason)
            #expect(error?.cniCode == .addressInUse)
            #expect(error?.nextStep(on: nil)?.contains("ipamctl release 10.71.0.20 --force") == true)
        }
        #expect(try await node.pool.contents() == before)
    }

    @Test func aHolderWithoutUIDIsNeverTakenOver() async throws {
        let node = try node()
        var request = try node.pool.request("c1", "default/db-0")
        request.requested = [wanted]
        _ = try await node.pool.pool().add(request)
        node.cluster.put(node: "n1", ready: false)
        try await expectNever(node, "no pod UID is recorded for it")
    }

    @Test func aHolderOfAnotherClusterIsNeverTakenOver() async throws {
        let node = try node()
        var request = try node.pool.request("c1", "default/db-0")
        request.holder.uid = "u1"
        request.holder.cluster = "c2"
        request.requested = [wanted]
        _ = try await node.pool.pool().add(request)
        try await expectNever(node, "it is of another Kubernetes cluster")
    }

    /// Without a name for it, another cluster's pod would be taken for gone.
    @Test func clustersThatHaveNoNameDoNotJudgeEachOther() async throws {
        let node = try node()
        var request = try node.pool.request("c1", "default/db-0")
        request.holder.uid = "u1"
        request.requested = [wanted]
        _ = try await node.pool.pool().add(request)
        node.cluster.put(node: "n1", ready: false)
        try await expectNever(node, "no cluster is recorded for it")
    }

    @Test func aNamesakeInAnotherClusterIsNotThisNode() async throws {
        let node = try node()
        var request = try node.pool.request("c1", "default/db-0")
        request.holder = Holder(
            pod: request.holder.pod, uid: "u1", node: "n2", boot: "elsewhere", netns: "/run/netns/c1", cluster: "c2")
        request.requested = [wanted]
        _ = try await node.pool.pool().add(request)
        try await expectNever(node, "it is of another Kubernetes cluster")
    }

    @Test func whatAGoNodeRecordedIsNeverTakenOver() async throws {
        let node = try node()
        try await node.pool.put([(node.pool.keys.used(wanted), "c1")])
        try await expectNever(node, "the Go plugin recorded a container ID and nothing else")
    }

    @Test func nodesThatKubernetesDoesNotKnowByTheirNamesProveNothing() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        node.cluster.remove(node: "n1")
        node.cluster.remove(node: "n2")
        try await expectNever(
            node, "its node n1 is unknown to Kubernetes, and so is this one as n2: set ipam.nodeName")
    }

    @Test func kubernetesThatDoesNotAnswerProvesNothing() async throws {
        let node = try node()
        _ = try await node.start("c1", db("u1"))
        node.cluster.fail("no answer")
        let request = db("u2", node: "n2")
        let error = await node.other("n2").refusal(
            "c2", request, annotations: .passed(["kube-ipam.ip": "10.71.0.20"]))
        #expect(error == .lookupFailed(PodSourceError("no answer")))
    }

    // MARK: Reservations

    @Test func aReservedAddressOfAPodIsTakenOverWithoutAnyAnnotation() async throws {
        var node = try node()
        _ = try await node.pool.pool().reserve(
            node.pool.orders([wanted], for: "default/db-0"), rangeSets: node.pool.rangeSets, now: noon)
        _ = try await node.start("c1", Pod.member("default/db-0", uid: "u1"))
        node.boot = "boot-2"
        #expect(try await node.start("c2", Pod.member("default/db-0", uid: "u2")).addresses == [wanted])
        try await expectTakenOver(node, because: "its node n1 has rebooted")
        #expect(try await node.pool.contents()["reservations/10.71.0.20"] != nil)
    }

    @Test func aWorkloadsPodTakesOverTheOneAddressWhoseHolderIsGone() async throws {
        var node = try node()
        let addresses = (20...25).map { address("10.71.0.\($0)") }
        _ = try await node.pool.pool().reserve(
            node.pool.orders(addresses, for: "default/deploy/web"), rangeSets: node.pool.rangeSets, now: noon)
        let names = ["aaaaa", "bbbbb", "ccccc", "ddddd", "eeeee", "fffff"].map { "default/web-6d9b74fd4d-\($0)" }
        var held: [String: IPAddress] = [:]
        for (index, name) in names.enumerated() {
            held["c\(index)"] = try await node.start("c\(index)", Pod.member(name, uid: "u\(index)")).addresses.first
        }
        let next = Pod.member("default/web-6d9b74fd4d-ggggg", uid: "u9")
        node.cluster.put(next)
        #expect(await node.refusal("c9", next)?.cniCode == .addressInUse)
        // Its namespace may only be out of sight: a pod that Kubernetes has keeps its address.
        node.gone = ["/run/netns/c3"]
        #expect(await node.refusal("c9", next)?.cniCode == .addressInUse)
        node.cluster.remove(pod(names[3]))
        #expect(try await node.add("c9", next).addresses == [held["c3"]])
    }

    // MARK: The transaction

    @Test func aTakeoverEndsTheFormerAttachmentWhole() async throws {
        var node = try node(fixed, "fd71::/64 fd71::100-fd71::200")
        _ = try await node.start("c1", db("u1"))
        // In the first range set it is taken over, in the second another one is given.
        node.boot = "boot-2"
        let added = try await node.start("c2", db("u2"))
        #expect(added.addresses.first == wanted && added.addresses.last != address("fd71::100"))
        let contents = try await node.pool.contents()
        #expect(contents["used/fd71::100"] == nil)
        #expect(
            try await node.pool.pool().history(of: address("fd71::100")).takeover?.tenancy?.phrase
                == "default/db-0 on n1")
        let keys = Set(contents.keys.filter { $0.hasPrefix("used") || $0.hasPrefix("attachments") })
        #expect(keys == ["used/10.71.0.20", "used/\(added.addresses[1])", "attachments/c2/eth0"])
    }

    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func bothFamiliesAreTakenOverInOneTransaction(version: EtcdServer.Version) async throws {
        var node = try await TestNode.onEtcd(
            [set(fixed), set("fd71::/64 fd71::100-fd71::200")], version: version)
        func both(_ uid: String) -> Pod { Pod.member("default/db-0", uid: uid, ip: "10.71.0.20,fd71::5") }
        _ = try await node.start("c1", both("u1"))
        node.boot = "boot-2"
        let added = try await node.start("c2", both("u2"))
        #expect(added.takeovers.map(\.address) == [wanted, address("fd71::5")])
        let contents = try await node.pool.contents()
        #expect(contents["used/10.71.0.20"] == "c2" && contents["used/fd71::5"] == "c2")
        #expect(contents["attachments/c1/eth0"] == nil)
    }

    /// What a damaged state lists twice, or without a used key, must not make a transaction that etcd refuses.
    @Test func aFormerHolderThatListsWhatIsNotItsOwnIsEndedAllTheSame() async throws {
        var node = try node(fixed, "fd71::/64 fd71::100-fd71::200")
        func both(_ uid: String) -> Pod { Pod.member("default/db-0", uid: uid, ip: "10.71.0.20,fd71::5") }
        _ = try await node.start("c1", both("u1"))
        _ = try await node.pool.store().commit(
            Transaction(if: [], then: [.delete(KeyRange(node.pool.keys.used(address("fd71::5"))))]),
            deadline: .now + .seconds(60))
        node.boot = "boot-2"
        #expect(try await node.start("c2", both("u2")).addresses == [wanted, address("fd71::5")])
        let contents = try await node.pool.contents()
        #expect(contents["used/fd71::5"] == "c2" && contents["attachments/c1/eth0"] == nil)
    }

    @Test func twoFormerHoldersAreEndedTogether() async throws {
        var node = try node(fixed, "fd71::/64 fd71::100-fd71::200")
        _ = try await node.start("c1", Pod.member("default/a-0", uid: "u1", ip: "10.71.0.20"))
        _ = try await node.start("c3", Pod.member("default/b-0", uid: "u3", ip: "fd71::5"))
        node.boot = "boot-2"
        for name in ["default/a-0", "default/b-0"] { node.cluster.remove(pod(name)) }
        let added = try await node.start("c2", Pod.member("default/db-0", uid: "u2", ip: "10.71.0.20,fd71::5"))
        #expect(added.takeovers.map(\.formerHolder) == ["default/a-0 on n1", "default/b-0 on n1"])
        let keys = Set(
            try await node.pool.contents().keys.filter { $0.hasPrefix("used") || $0.hasPrefix("attachments") })
        #expect(keys == ["used/10.71.0.20", "used/fd71::5", "attachments/c2/eth0"])
    }

    enum ChangeMeanwhile: CaseIterable {
        case holderFreed, holderReplaced, lock, hold, reservation
    }

    /// Whatever changes between the look and the commit: the takeover begins again, and looks again.
    @Test(arguments: ChangeMeanwhile.allCases)
    func aTakeoverIsGuardedByAllThatItSaw(change: ChangeMeanwhile) async throws {
        var node = try node()
        _ = try await node.start("c1", db("u1"))
        node.boot = "boot-2"
        let keys = node.pool.keys
        let pool = node.pool
        let wanted = wanted
        let rebuilt = db("u2")
        node.cluster.put(rebuilt)
        let store = FaultyStore(
            pool.store(),
            faults: [
                .meanwhile {
                    switch change {
                    case .holderFreed: _ = try await pool.pool().delete(reference("c1"))
                    case .holderReplaced:
                        try await pool.put([(keys.used(wanted), "c9")])
                    case .lock: try await pool.put([(keys.lock, "1")])
                    case .hold:
                        try await pool.put([
                            (keys.settings, #"{"format":1,"goNodes":false,"fixed":[],"hold":{"reason":"moving"}}"#)
                        ])
                    case .reservation:
                        try await pool.put([(keys.reservation(wanted), #"{"for":"default/db-7"}"#)])
                    }
                }
            ])
        var request = try pool.request("c2", "default/db-0")
        request.holder = Holder(
            pod: rebuilt.reference, uid: "u2", node: "n1", boot: "n1-boot-2", machine: "machine-n1",
            netns: "/run/netns/c2", cluster: "c1")
        request.annotations = .kubernetes
        let operation = pool.pool(store)
        do {
            let added = try await operation.add(request, observer: node.observer())
            #expect(change == .holderFreed && added.takeovers.isEmpty, "\(change): \(added)")
        } catch {
            let code: CNIErrorCode =
                switch change {
                case .lock: .tryAgainLater
                case .hold: .networkOnHold
                case .reservation: .reservedForAnother
                case .holderFreed, .holderReplaced: .addressInUse
                }
            #expect(error.cniCode == code, "\(change): \(error)")
            #expect(try await pool.contents()["attachments/c2/eth0"] == nil)
        }
    }

    @Test(.needs(.etcd)) func ofManyThatTakeOverTheSameAddressOneGetsIt() async throws {
        let node = try await TestNode.onEtcd([set(fixed)])
        _ = try await node.start("c0", db("u0"))
        var late = node
        late.boot = "boot-2"
        let cluster = late
        node.cluster.put(Pod.member("default/db-0", uid: "u1", ip: "10.71.0.20"))
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for index in 1...12 {
                group.addTask {
                    (try? await cluster.add("c\(index)", db("u1"), store: index)) != nil
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 1)
        let contents = try await node.pool.contents()
        #expect(contents.keys.count { $0.hasPrefix("attachments/") } == 1)
        #expect(contents["attachments/\(contents["used/10.71.0.20"] ?? "")/eth0"] != nil)
    }
}
