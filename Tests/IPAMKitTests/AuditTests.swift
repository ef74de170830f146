import Testing

@testable import IPAMKit
@testable import Store

/// The audit as a pure function: each finding, and what must never be one. Tests that are named for an incident show
/// what hurt users of other programs.
@Suite struct AuditTests {
    private func world(_ sets: String...) throws -> AuditWorld {
        let texts = sets.isEmpty ? ["10.80.0.0/24 10.80.0.100-10.80.0.200 10.80.0.10-10.80.0.50"] : sets
        return AuditWorld(try NetworkName("k8s"), rangeSets: try texts.map { try set($0) })
    }

    @Test func aNetworkInOrderHasNoFindings() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.run("c2", ["10.80.0.20"], pod: "default/db-1", uid: "u2", node: "n2")
        world.reserve("10.80.0.20", for: "default/db-1")
        world.reserve("10.80.0.21", for: "default/db-2")
        let report = world.report()
        #expect(report.findings.isEmpty)
        #expect(report.checked == 3 && report.pods == 2 && report.unjudged.isEmpty)
    }

    // MARK: Leaks, by the table of section 6

    @Test func aPodGoneFromAReadyNodeLeaksOnceItIsConfirmed() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        #expect(world.findings() == ["10.80.0.100 leaked free?"])
        let report = world.report()
        #expect(
            report.findings[0].evidence
                == "default/db-0 on n1: its pod is gone, but its node n1 may still be stopping it")
        // The same look is no second one; a minute later it is.
        #expect(report.repairable(including: [], confirmedBy: report, grace: 60).isEmpty)
        let later = world.report(at: noon.advanced(bySeconds: 60))
        #expect(later.repairable(including: [], confirmedBy: report, grace: 60).count == 1)
        #expect(report.repairable(including: [], confirmedBy: report, grace: 0).count == 1)
    }

    @Test func whatAnAddHasSeenGoneBeforeNeedsNoSecondLook() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        let revision = Revision(world.records.count)
        let suspect = Suspect(revision: revision, since: noon.advanced(bySeconds: -360), by: "n2")
        world.records.append((world.keys.suspect(address("10.80.0.100")), suspect.json.serialized()))
        #expect(world.findings() == ["10.80.0.100 leaked free"])
        // One about a former holder does not count.
        world.records[world.records.count - 1].1 =
            Suspect(revision: revision - 1, since: noon.advanced(bySeconds: -360), by: "n2").json.serialized()
        #expect(world.findings() == ["10.80.0.100 leaked free?"])
    }

    @Test(arguments: LostNode.allCases)
    func aPodGoneWithItsNodeLeaksAtOnce(lost: LostNode) throws {
        var world = try world()
        world.run("c0", ["10.80.0.101"], pod: "default/x-0", uid: "x", node: "n2")
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.nodes.removeAll { $0.name == "n1" }
        if let node = lost.node("n1") { world.nodes.append(node) }
        #expect(world.findings() == ["10.80.0.100 leaked free"])
    }

    /// Nodes that are recorded by other names than Kubernetes has look absent, all of them.
    @Test func nodesThatKubernetesDoesNotKnowByTheirNamesAreNotTakenForAbsent() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", node: "n1.example.org")
        #expect(world.findings() == ["10.80.0.100 leaked free?"])
    }

    @Test func aTerminatingPodIsNoFinding() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.pods[0].isTerminating = true
        world.pods[0].addresses = []
        #expect(world.findings().isEmpty)
    }

    @Test func aPodWhoseContainersHaveEndedLeaks() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/job-x7x7x", uid: "u1")
        world.pods[0].isTerminal = true
        #expect(world.findings() == ["10.80.0.100 leaked free?"])
    }

    @Test func aStatefulSetsPodRebuiltWhileItsOldNodeIsDeadLeavesTheOldAddressLeakedAndTheNewOneLive() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", node: "n1")
        world.run("c2", ["10.80.0.101"], pod: "default/db-0", uid: "u2", node: "n2")
        world.nodes = [
            Node(name: "n1", isReady: false, isOutOfService: false),
            Node(name: "n2", isReady: true, isOutOfService: false),
        ]
        #expect(world.findings() == ["10.80.0.100 leaked free"])
    }

    @Test func aStaticPodIsKnownByItsHash() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "hash")
        world.pods.append(.mirror("default/db-0", uid: "mirror", of: "hash"))
        #expect(world.findings().isEmpty)
    }

    /// Tenants may write the annotations of their pods: none of them makes a pod the mirror of a static one.
    @Test(arguments: [
        ["kubernetes.io/config.hash": "u1"],
        ["kubernetes.io/config.hash": "u1", "kubernetes.io/config.source": "file"],
        ["kubernetes.io/config.hash": "u1", "kubernetes.io/config.mirror": "u1"],
    ])
    func noAnnotationOfAnOrdinaryPodHidesALeak(annotations: [String: String]) throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", node: "n9")
        world.run("c2", ["10.80.0.101"], pod: "default/db-1", uid: "u2")
        world.pods.append(.member("default/db-0", uid: "u3", annotations))
        #expect(world.findings() == ["10.80.0.100 leaked free"])
    }

    /// An address that a Deployment's pods are to have, in the hands of a pod that only has such a name.
    @Test func whatKubernetesSaysOfAPodsOwnerCountsAndNotItsName() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/web-6d9b74fd4d-xjhek", uid: "u1")
        world.reserve("10.80.0.100", for: "default/deploy/web")
        #expect(world.findings().isEmpty)
        world.pods[0].templateHash = nil
        #expect(world.findings() == ["10.80.0.100 reservation-violated none"])
    }

    /// Another runtime's containers, perhaps on a machine that is no node of the cluster: Kubernetes knows nothing of them.
    @Test func whatIsNoPodIsNotJudgedByKubernetes() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-1", uid: "u2")
        for (index, name) in [nil, "web_1", "default/web_1"].enumerated() {
            world.record("p\(index)", ["10.80.0.11\(index)"], node: "host9", cluster: nil, called: name)
            world.record("q\(index)", ["10.80.0.12\(index)"], node: "host9", called: name)
        }
        let report = world.report()
        #expect(report.findings.isEmpty, "\(report.findings.map(\.summary))")
        #expect(report.unjudged == ["it is not a pod of Kubernetes: only its node can judge it (--node-local)": 6])
        // A live pod that reports such an address has one that is recorded for somebody else.
        world.pods[0].addresses.append(address("10.80.0.111"))
        #expect(world.findings() == ["10.80.0.111 untracked none"])
    }

    @Test func hostNetworkPodsReportTheirNodesAddressAndKeepNothing() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        var host = Pod.member("default/agent-0", uid: "u2")
        host.usesHostNetwork = true
        host.addresses = [address("10.80.0.100"), address("10.80.0.101")]
        world.pods.append(host)
        #expect(world.findings() == ["10.80.0.100 leaked free?"])
    }

    // MARK: What must never be freed

    /// whereabouts 176: the reconciler matched pods by name, and freed the address of a live namesake.
    @Test func aNamesakeIsAnotherPod_whereabouts176() throws {
        var world = try world()
        world.run("c2", ["10.80.0.101"], pod: "default/db-0", uid: "u2")
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        let report = world.report()
        #expect(report.findings.map(\.summary) == ["10.80.0.100 leaked free?"])
        #expect(report.findings[0].evidence.contains("there is another one of that name"))
    }

    /// whereabouts 182: pods were listed before allocations, and what came in between had no pod.
    @Test func aPodThatCameAfterTheStoreWasReadIsNeitherLeakedNorUntracked_whereabouts182() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        var snapshot = world.snapshot
        var late = Pod.member("default/db-1", uid: "u2")
        late.addresses = [address("10.80.0.102")]
        let seen = ClusterSnapshot(cluster: "c1", pods: world.pods + [late], nodes: world.nodes)
        #expect(
            Audit(snapshot, evidence: .kubernetes(seen), now: noon).report().findings.map(\.code) == [.untracked],
            "its used key is looked for once more")
        snapshot.usedNow = [address("10.80.0.102"): 99]
        #expect(Audit(snapshot, evidence: .kubernetes(seen), now: noon).report().findings.isEmpty)
    }

    /// What is said of an address that a live pod reports, and the store has for another.
    enum Reporter: CaseIterable {
        case otherUID, holderWithoutCluster, holderOfAnotherCluster, holderOnALostNode, statusOfMultusAlone
    }

    /// calico 5044, 13538: garbage collection freed addresses of live pods.
    @Test(arguments: Reporter.allCases)
    func whatALivePodReportsIsNeverFreed_calico5044(reporter: Reporter) throws {
        var world = try world()
        world.record(
            "c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1",
            cluster: reporter == .holderWithoutCluster ? nil : reporter == .holderOfAnotherCluster ? "c9" : "c1")
        var pod = Pod.member("default/other-0", uid: "u9", node: "n2")
        pod.addresses = [address("10.80.0.100")]
        if reporter == .holderOnALostNode { world.nodes.removeAll { $0.name == "n1" } }
        if reporter == .statusOfMultusAlone {
            pod.addresses = [address("10.80.0.150")]
            pod.annotations["k8s.v1.cni.cncf.io/network-status"] =
                #"[{"name":"k8s","interface":"net1","ips":["10.80.0.100"]},{"ips":"malformed"}]"#
        }
        world.pods.append(pod)
        for now in [noon, noon.advanced(bySeconds: 3600)] {
            let report = world.report(at: now)
            let repaired = report.repairable(
                including: Set(AuditCode.allCases), confirmedBy: world.report(), grace: 0)
            #expect(!repaired.contains { $0.address == address("10.80.0.100") }, "\(repaired)")
        }
    }

    /// Multus' annotation can be written by tenants: it keeps addresses, and makes no finding.
    @Test func aTenantsAnnotationAccusesNobody() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        var tenant = Pod.member("tenant/x-0", uid: "t1", node: "n2")
        tenant.annotations["k8s.v1.cni.cncf.io/network-status"] = #"[{"ips":["10.80.0.100","10.80.0.55","not one"]}]"#
        world.pods.append(tenant)
        #expect(world.findings().isEmpty)
        tenant.annotations["k8s.v1.cni.cncf.io/network-status"] = "}{"
        world.pods[1] = tenant
        #expect(world.findings().isEmpty)
    }

    @Test func anotherSpellingOfAnIPv6AddressIsTheSameAddress() throws {
        var world = try world("fd80::/64")
        world.record("c1", ["fd80::abcd"], pod: "default/db-0", uid: "u1")
        var pod = Pod.member("default/other-0", uid: "u9", node: "n2")
        pod.addresses = [address("FD80:0000:0:0::ABCD")]
        world.pods.append(pod)
        #expect(world.findings() == ["fd80::abcd untracked none"])
    }

    @Test func ofADualStackPodBothAddressesAreKeptWhenOneIsReported() throws {
        var world = try world("10.80.0.0/24", "fd80::/64")
        world.record("c1", ["10.80.0.100", "fd80::5"], pod: "default/db-0", uid: "u1")
        var pod = Pod.member("default/other-0", uid: "u9", node: "n2")
        pod.addresses = [address("fd80::5")]
        world.pods.append(pod)
        #expect(world.findings() == ["fd80::5 untracked none"])
    }

    @Test func holdersOfOtherClustersAndWithoutUIDAreCountedAndNotJudged() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", cluster: "c9")
        world.record("c2", ["10.80.0.101"])
        world.record("c3", ["10.80.0.102"], pod: "default/db-2", uid: "u3", cluster: nil)
        world.record("c4", ["10.80.0.103"], pod: "default/db-3")
        let report = world.report()
        #expect(report.findings.isEmpty)
        #expect(
            report.unjudged == [
                "it is of another Kubernetes cluster": 1, "no pod UID is recorded for it": 1,
                "no cluster is recorded for it": 1,
                "it is not a pod of Kubernetes: only its node can judge it (--node-local)": 1,
            ])
    }

    @Test func aClusterWithoutANameJudgesNobody() throws {
        var world = try world()
        world.cluster = nil
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        #expect(world.findings().isEmpty)
    }

    /// The kubeconfig of another cluster under this one's name.
    @Test func aKubernetesThatKnowsNoneOfManyRecordedPodsJudgesNobody() throws {
        var world = try world()
        for index in 0..<10 {
            world.record("c\(index)", ["10.80.0.\(100 + index)"], pod: "default/db-\(index)", uid: "u\(index)")
        }
        let report = world.report()
        #expect(report.findings.isEmpty)
        #expect(report.unjudged == ["Kubernetes knows none of the pods recorded for this cluster": 10])
        // One of them is enough to know it by.
        world.pods.append(Pod.member("default/db-0", uid: "u0"))
        #expect(world.findings().count == 9)
    }

    /// Two static pods of one manifest: the one with the recorded name is being deleted, and its node ends it by itself.
    @Test func aPodThatIsBeingDeletedOnAReadyNodeKeepsItsAddress() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/proxy-n1", uid: "hash", node: "n1")
        var deleted = Pod.mirror("default/proxy-n1", uid: "u1", of: "hash", node: "n1")
        deleted.isTerminating = true
        world.pods = [.mirror("default/proxy-n2", uid: "u2", of: "hash", node: "n2"), deleted]
        for isReady in [true, false] {
            world.nodes[0] = Node(name: "n1", isReady: isReady, isOutOfService: true)
            #expect(world.findings() == (isReady ? [] : ["10.80.0.100 leaked free"]))
        }
    }

    /// A node that is recorded by its host's name, while others are recorded by the names that Kubernetes has.
    @Test func aNodeOfAnotherNameWhosePodsAreAliveIsNotAbsent() throws {
        var world = try world()
        world.run("c0", ["10.80.0.99"], pod: "default/x-0", uid: "x0", node: "n1")
        world.run("c1", ["10.80.0.101"], pod: "default/x-1", uid: "x1", node: "host-2")
        world.record("c2", ["10.80.0.100"], pod: "default/db-0", uid: "u1", node: "host-2")
        world.record("c3", ["10.80.0.102"], pod: "default/db-1", uid: "u2", node: "host-2", cluster: nil)
        #expect(world.findings() == ["10.80.0.99 out-of-range none", "10.80.0.100 leaked free?"])
    }

    @Test func ofAGoContainerWhoseOneAddressIsReportedTheOtherIsKept() throws {
        var world = try world("10.80.0.0/24", "fd80::/64")
        for text in ["10.80.0.100", "fd80::5"] { world.records.append((world.keys.used(address(text)), "go1")) }
        var pod = Pod.member("default/db-0", uid: "u1")
        pod.addresses = [address("10.80.0.100")]
        world.pods.append(pod)
        #expect(world.findings().isEmpty)
    }

    // MARK: The other findings

    @Test func anOlderSandboxOfTheSamePodIsSuperseded() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.run("c2", ["10.80.0.101"], pod: "default/db-0", uid: "u1")
        // Another interface of it is no newer sandbox.
        world.record("c2", ["10.80.0.102"], pod: "default/db-0", uid: "u1", ifname: "net1")
        #expect(
            world.findings() == ["10.80.0.100 superseded free?"],
            "a pod has one sandbox at a time on its node: what two looks have found")
        // A pod's sandboxes on two nodes: only the node can prove that the older one is gone.
        world.record("c0", ["10.80.0.103"], pod: "default/db-0", uid: "u1", node: "n2", isFirst: true)
        #expect(world.findings() == ["10.80.0.100 superseded free?", "10.80.0.103 superseded none"])
    }

    @Test func anAttachmentWithoutItsUsedKeyIsDangling() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.records.removeLast()
        world.record("c2", ["10.80.0.101"], pod: "default/gone-0", uid: "u2", usesKeys: false)
        world.run("c3", ["10.80.0.102"], pod: "default/db-1", uid: "u3")
        world.records[world.records.count - 1].1 = "c9"
        world.record("c4", ["10.80.0.103"], usesKeys: false)
        #expect(
            world.findings() == [
                "10.80.0.100 dangling restore", "10.80.0.101 dangling drop-attachment?", "10.80.0.102 dangling none",
                "10.80.0.103 dangling none",
            ])
    }

    @Test func aUsedKeyWithoutAttachmentIsUnverifiedUnlessALivePodReportsIt() throws {
        var world = try world()
        world.records.append((world.keys.used(address("10.80.0.100")), "go1"))
        world.records.append((world.keys.used(address("10.80.0.101")), "go2"))
        var pod = Pod.member("default/db-0", uid: "u1")
        pod.addresses = [address("10.80.0.101")]
        world.pods.append(pod)
        let report = world.report()
        #expect(report.findings.map(\.summary) == ["10.80.0.100 unverified free?"])
        #expect(report.repairable(including: [], confirmedBy: report, grace: 0).isEmpty)
        #expect(report.repairable(including: [.unverified], confirmedBy: report, grace: 0).count == 1)
    }

    @Test func aHolderOfAnUnknownNodeWithoutAClusterIsNodeGone() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", node: "n9", cluster: nil)
        #expect(world.findings() == [], "no node is known by its recorded name")
        world.run("c2", ["10.80.0.101"], pod: "default/db-1", uid: "u2")
        #expect(world.findings() == ["10.80.0.100 node-gone free?"])
    }

    /// calico 1542: running pods that the IPAM does not know.
    @Test func aLivePodThatNobodyRecordedIsUntracked_calico1542() throws {
        var world = try world()
        var pod = Pod.member("default/web-6d9b74fd4d-xjhek", uid: "u1")
        pod.addresses = [address("10.80.0.120"), address("192.0.2.7")]
        world.pods.append(pod)
        let report = world.report()
        #expect(report.findings.map(\.summary) == ["10.80.0.120 untracked fence"])
        #expect(
            report.findings[0].fenceFor == .pod(pod.reference), "not for its workload, whose other pods would get it")
        world.reserve("10.80.0.120", for: "default/deploy/web")
        #expect(world.findings().isEmpty, "fenced")
    }

    @Test func anExpiredReservationIsFoundAfterItsFiveMinutes() throws {
        var world = try world()
        world.reserve("10.80.0.20", for: "default/db-0", expires: noon.advanced(bySeconds: -299))
        #expect(world.findings().isEmpty)
        #expect(
            world.findings(at: noon.advanced(bySeconds: 1)) == ["10.80.0.20 reservation-expired drop-reservation"])
    }

    @Test func aReservationThatAutoMadeIsOrphanedWhenItsPodIsGone() throws {
        var world = try world()
        world.reserve("10.80.0.20", for: "default/db-0", by: Reservation.automaticAuthor)
        world.reserve("10.80.0.21", for: "default/db-1")
        world.reserve("10.80.0.22", for: "default/deploy/web", by: Reservation.automaticAuthor)
        world.reserve("10.80.0.23", for: "default/deploy/live", by: Reservation.automaticAuthor)
        world.pods.append(Pod.member("default/live-6d9b74fd4d-xjhek", uid: "u1"))
        #expect(
            world.findings() == [
                "10.80.0.20 reservation-orphaned drop-reservation?",
                "10.80.0.22 reservation-orphaned drop-reservation?",
            ])
        #expect(world.report().repairable(including: [], confirmedBy: world.report(), grace: 0).isEmpty)
    }

    /// A reservation does not say of which cluster its pod is.
    @Test(arguments: ["c9", String(repeating: "0f", count: 32)])
    func aReservationThatMayBeOfAnotherClusterIsNotDropped(cluster: String) throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", cluster: cluster)
        world.reserve("10.80.0.20", for: "default/db-0", by: Reservation.automaticAuthor)
        #expect(world.findings() == ["10.80.0.20 reservation-orphaned none"])
        #expect(
            world.report().findings[0].evidence
                == "Kubernetes has no pod default/db-0 any more; but pods that are not certainly of this cluster are recorded "
                + "on the network")
    }

    // MARK: Go records that somebody unseen may have

    /// What earlier versions recorded names no cluster.
    @Test func aGoRecordOnANetworkOfTwoClustersIsDoubtful() throws {
        var world = try world()
        let fingerprint = String(repeating: "0f", count: 32)
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1", cluster: fingerprint)
        world.records.append((world.keys.used(address("10.80.0.101")), "go"))
        #expect(world.findings() == ["10.80.0.101 doubtful free?"])
        let report = world.report()
        #expect(
            report.unjudged == [
                "an earlier version recorded a certification authority, which does not identify its cluster": 1
            ])
        #expect(report.repairable(including: [.unverified], confirmedBy: report, grace: 0).isEmpty)
        #expect(report.repairable(including: [.doubtful], confirmedBy: report, grace: 0).count == 1)
    }

    /// Only nodes that run the Go plugin record no pod: a network that never had one has no unseen holders.
    @Test func silentInterfacesMakeAGoRecordDoubtfulWhileThereMayBeGoNodes() throws {
        var world = try world()
        world.records.append((world.keys.used(address("10.80.0.101")), "go"))
        for index in 0..<7 {
            var pod = Pod.member("default/db-\(index)", uid: "u\(index)", node: "n\(index % 2)")
            pod.annotations["k8s.v1.cni.cncf.io/networks"] = "storage"
            pod.addresses = [address("192.0.2.\(index)")]
            world.pods.append(pod)
        }
        #expect(world.findings() == ["10.80.0.101 unverified free?"])
        var snapshot = world.snapshot
        snapshot.settings = NetworkSettings(hasGoNodes: true, fixed: [])
        let seen = ClusterSnapshot(cluster: "c1", pods: world.pods, nodes: world.nodes)
        for settings in [snapshot.settings, nil] {
            snapshot.settings = settings
            let finding = Audit(snapshot, evidence: .kubernetes(seen), now: noon).report().findings.first
            #expect(finding?.code == .doubtful)
            #expect(
                finding?.evidence
                    == "container go has it without an attachment, and no live pod reports it; but live pods on n0, n1 have "
                    + "interfaces that report no address (default/db-0, default/db-1, default/db-2, default/db-3, "
                    + "default/db-4 and 2 more)")
        }
    }

    @Test func aLockWithoutALeaseIsStale() throws {
        var world = try world()
        world.records.append((world.keys.lock, "7587"))
        #expect(world.findings() == ["network stale-lock remove-lock?"])
        var snapshot = world.snapshot
        snapshot.lock = Record(key: world.keys.lock, value: "7587", created: 1, modified: 1, lease: 7587)
        let seen = ClusterSnapshot(cluster: "c1", pods: [], nodes: world.nodes)
        #expect(Audit(snapshot, evidence: .kubernetes(seen), now: noon).report().findings.isEmpty)
    }

    @Test func twoLivePodsWithOneAddressAreDuplicate() throws {
        var world = try world()
        world.run("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        var other = Pod.member("default/db-1", uid: "u2", node: "n2")
        other.addresses = [address("10.80.0.100")]
        world.pods.append(other)
        let report = world.report()
        #expect(report.findings.map(\.summary) == ["10.80.0.100 duplicate none"])
        #expect(report.findings[0].evidence == "default/db-0 on n1 and default/db-1 on n2 have it")
        // One that is being deleted may have given it up already.
        world.pods[0].isTerminating = true
        #expect(world.findings() == ["10.80.0.100 untracked none"])
    }

    @Test func whatIsHeldWhereNoPodBelongsIsReported() throws {
        var world = try world()
        world.run("c1", ["10.80.0.1"], pod: "default/db-0", uid: "u1")
        world.run("c2", ["10.80.0.255"], pod: "default/db-1", uid: "u2")
        world.run("c3", ["10.80.0.60"], pod: "default/db-2", uid: "u3")
        world.run("c4", ["10.99.0.60"], pod: "default/db-3", uid: "u4")
        #expect(
            world.findings() == [
                "10.80.0.1 gateway-in-use none", "10.80.0.60 out-of-range none", "10.80.0.255 gateway-in-use none",
                "10.99.0.60 out-of-range none",
            ])
    }

    /// No pod may have a fenced address, whoever reports it; a record without a pod counts, too.
    @Test func aPodOnAFencedAddressIsReported() throws {
        var world = try world()
        world.run("c1", ["10.80.0.20"], pod: "default/db-0", uid: "u1")
        world.reserve("10.80.0.20", for: "(nobody)")
        world.reserve("10.80.0.21", for: "(nobody)")
        let report = world.report()
        #expect(report.findings.map(\.summary) == ["10.80.0.20 reservation-violated none"])
        #expect(report.findings[0].evidence == "fenced, used by default/db-0 on n1")
    }

    @Test func whatIsHeldInAnExcludedPartIsOutOfRange() throws {
        var world = AuditWorld(try NetworkName("net"), rangeSets: [try set("10.80.0.0/24 - - 10.80.0.64/28")])
        world.run("c1", ["10.80.0.70"], pod: "default/db-0", uid: "u1")
        let finding = try #require(world.report().findings.first)
        #expect(finding.summary == "10.80.0.70 out-of-range none")
        #expect(
            finding.evidence == "10.80.0.70 is excluded by the CNI configuration (exclude: 10.80.0.64-10.80.0.79); "
                + "it is held by default/db-0 on n1")
    }

    @Test func anAddressUsedByAnotherThanItIsReservedForIsReported() throws {
        var world = try world()
        world.run("c1", ["10.80.0.20"], pod: "default/db-0", uid: "u1")
        world.reserve("10.80.0.20", for: "default/db-9")
        let report = world.report()
        #expect(report.findings.map(\.summary) == ["10.80.0.20 reservation-violated none"])
        #expect(report.findings[0].evidence == "reserved for default/db-9, used by default/db-0 on n1")
    }

    @Test func aCNIFileThatDiffersFromTheStoreIsReported() throws {
        let world = try world()
        #expect(
            world.findings(configured: [try set("10.80.0.0/24 10.80.0.100-10.80.0.200 10.80.0.10-10.80.0.50")]) == [])
        for other in [
            "10.80.0.0/24 10.80.0.100-10.80.0.210 10.80.0.10-10.80.0.50", "10.80.0.0/24 10.80.0.100-10.80.0.200",
        ] {
            #expect(world.findings(configured: [try set(other)]) == ["network config-drift none"])
        }
    }

    // MARK: A node by itself

    private func nodeReport(
        _ world: AuditWorld, gone: Set<String>, boot: String = "boot-n1", cached: [NodeSnapshot.Cached] = []
    ) -> [String] {
        let identity = NodeIdentity(name: "n1", boot: boot, machine: nil, bootedAt: noon)
        let node = NodeSnapshot(
            NodeView(identity, namespace: { gone.contains($0) ? .absent : .there }), cached: cached)
        return Audit(world.snapshot, evidence: .node(node), now: noon).report().findings.map(\.summary)
    }

    @Test func aNodeJudgesItsOwnContainersByTheirNamespaces() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.record("c2", ["10.80.0.101"], pod: "default/db-1", uid: "u2", node: "n2")
        world.record("c3", ["10.80.0.102"], pod: "default/db-3", uid: "u3")
        #expect(nodeReport(world, gone: []) == [])
        #expect(
            nodeReport(world, gone: ["/run/netns/c1", "/run/netns/c2", "/run/netns/c3"]) == [],
            "in a container none is to be seen")
        #expect(nodeReport(world, gone: ["/run/netns/c1", "/run/netns/c2"]) == ["10.80.0.100 leaked free"])
        let container = try reference("c1")
        let kept = NodeSnapshot.Cached(attachment: container, addresses: [address("10.80.0.100")])
        #expect(
            nodeReport(world, gone: ["/run/netns/c1"], cached: [kept]) == ["10.80.0.100 leaked free"],
            "an entry of the cache outlives its container")
        #expect(
            nodeReport(world, gone: ["/run/netns/c1", "/run/netns/c3"], cached: [kept]) == [],
            "an entry of the cache is no sight of a namespace")
    }

    @Test func aNodeProvesThatAnOlderSandboxIsGone() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.record("c2", ["10.80.0.101"], pod: "default/db-0", uid: "u1")
        #expect(nodeReport(world, gone: ["/run/netns/c1"]) == ["10.80.0.100 superseded free"])
    }

    // MARK: The report

    @Test func aReportComesBackFromItsJSON() throws {
        var world = try world()
        world.record("c1", ["10.80.0.100"], pod: "default/db-0", uid: "u1")
        world.records.append((world.keys.lock, "1"))
        var pod = Pod.member("default/db-7", uid: "u7")
        pod.addresses = [address("10.80.0.130")]
        world.pods.append(pod)
        let report = world.report()
        let text = report.json.serialized(pretty: true)
        let again = try AuditReport(JSONValue(parsing: text))
        #expect(again.findings == report.findings && again.findings.count == 3)
        #expect(again.network == report.network && again.revision == report.revision && again.cluster == "c1")
        for damaged in ["{}", "[]", #"{"format":2}"#, #"{"format":1,"network":"k8s"}"#] {
            #expect(throws: DamagedValue.self) { try AuditReport(JSONValue(parsing: damaged)) }
        }
    }
}
