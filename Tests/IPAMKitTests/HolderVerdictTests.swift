import Machine
import Testing

@testable import IPAMKit

/// The table of when a holder counts as gone, row by row.
@Suite struct HolderVerdictTests {
    private static let path = "/run/netns/a"

    private func node(bootedAt: Timestamp? = noon, _ sight: NamespaceSight) -> NodeView {
        NodeView(
            NodeIdentity(name: "n1", boot: "boot-1", machine: "machine-1", bootedAt: bootedAt),
            namespace: { _ in sight })
    }

    private func holder(
        node: String? = "n1", boot: String? = "boot-1", machine: String? = "machine-1", netns: String? = path,
        inode: UInt64? = 7
    ) -> Holder {
        Holder(
            pod: pod("default/db-0"), uid: "u1", node: node, boot: boot, machine: machine, netns: netns, inode: inode,
            cluster: "c1")
    }

    private static let claimant = Holder(
        pod: pod("default/db-1"), uid: "u2", node: "n1", netns: "/run/netns/own", cluster: "c1")

    private func evidence(
        _ holder: Holder, _ sight: NamespaceSight, bootedAt: Timestamp? = noon, since: Timestamp? = noon,
        for claimant: Holder = claimant, mayBeSamePod: Bool = true
    ) -> NodeEvidence? {
        Observer(node: node(bootedAt: bootedAt, sight), pods: nil, now: { noon })
            .evidence(on: holder, since: since, for: claimant, mayBeSamePod: mayBeSamePod)
    }

    private static let there = NamespaceSight.namespace(inode: 7, isOwn: false)
    private static let goneNamespace = NodeEvidence.gone("its network namespace /run/netns/a is gone")

    // MARK: What the holder's node shows

    @Test func aHolderOfAFormerBootIsProvenGone() {
        #expect(evidence(holder(boot: "boot-0"), Self.there) == .gone("its node n1 has rebooted"))
        // No machine ID was recorded: the name counts.
        #expect(evidence(holder(boot: "boot-0", machine: nil), Self.there) == .gone("its node n1 has rebooted"))
    }

    @Test func whatWasRecordedInAnotherBootAfterThisOneBeganIsAnotherMachines() {
        let later = noon.advanced(bySeconds: 1)
        #expect(evidence(holder(boot: "boot-0"), .absent, since: later) == nil)
        #expect(evidence(holder(boot: "boot-0", machine: nil), .absent, since: later) == nil)
        #expect(evidence(holder(boot: "boot-0"), .absent, bootedAt: nil) == nil, "it is not known when this boot began")
        #expect(evidence(holder(boot: "boot-0"), .absent, since: nil) == nil, "it is not known when it was recorded")
    }

    @Test func aHolderWhoseNamespaceIsGoneIsProvenGone() {
        #expect(evidence(holder(), .absent) == Self.goneNamespace)
        // A pod does not move: an earlier sandbox of the claimant was here, whatever name was recorded with it.
        let same = Holder(pod: pod("default/db-0"), uid: "u1", netns: "/run/netns/own")
        #expect(evidence(holder(node: "n1.example.org", machine: nil), .absent, for: same) == Self.goneNamespace)
        // Static pods of two clusters may share UID and name.
        #expect(evidence(holder(node: "n1.example.org", machine: nil), .absent, for: same, mayBeSamePod: false) == nil)
        #expect(evidence(holder(machine: "machine-2"), .absent, for: same, mayBeSamePod: false) == nil)
        // Kubernetes' name of this node counts where the claimant was looked up.
        let looked = Holder(uid: "u2", node: "n1.example.org", netns: "/run/netns/own")
        #expect(evidence(holder(node: "n1.example.org", machine: nil), .absent, for: looked) == Self.goneNamespace)
        // Where no boot ID was recorded, the name counts.
        #expect(evidence(holder(boot: nil, machine: nil), .absent) == Self.goneNamespace)
        // The machine and its boot are this one's, and the name is another: nodes that are copies of one container.
        #expect(
            evidence(holder(node: "other"), .absent)
                == .unproven(.namespacesOutOfSight))
        #expect(evidence(holder(node: "other"), Self.there) == .present(Self.path))
    }

    @Test func aPathThatIsAnotherNamespaceNowProvesThatTheHolderIsGone() {
        #expect(
            evidence(holder(), .namespace(inode: 8, isOwn: false))
                == .gone("its network namespace /run/netns/a is another one now"))
        #expect(
            evidence(holder(), .namespace(inode: 8, isOwn: true))
                == .gone("its network namespace /run/netns/a is another one now"))
        // Recorded without its inode: only the host's own is certainly no pod's.
        #expect(
            evidence(holder(inode: nil), .namespace(inode: 8, isOwn: true))
                == .gone("its network namespace /run/netns/a is the host's own now"))
        #expect(evidence(holder(inode: nil), .namespace(inode: 8, isOwn: false)) == .present(Self.path))
    }

    @Test func aHolderWhoseNamespaceIsThereIsStillThere() {
        #expect(evidence(holder(), Self.there) == .present(Self.path))
    }

    @Test func whatIsNoNamespaceAsSeenFromHereProvesNothing() {
        #expect(evidence(holder(), .unclear) == .unproven(.notANamespace("/run/netns/a")))
        #expect(evidence(holder(netns: nil), .absent) == .unproven(.namespaceNotRecorded))
        // A plugin that does not see its own namespace.
        #expect(
            evidence(holder(), .absent, for: Holder(uid: "u2", node: "n1"))
                == .unproven(.namespacesOutOfSight))
    }

    @Test func anotherNodeIsNotJudgedByThisOnesNamespaces() {
        #expect(evidence(holder(node: "n2", boot: "boot-2", machine: "machine-2"), .absent) == nil)
        // A namesake: the machine that was given the name of another one.
        #expect(evidence(holder(boot: "boot-2", machine: "machine-2"), .absent) == nil)
        // Nodes that are containers share their host's boot ID.
        #expect(evidence(holder(node: "n2", machine: "machine-2"), .absent) == nil)
        #expect(evidence(holder(node: "n2", machine: nil), .absent) == nil)
        // A machine that was cloned and given another name.
        #expect(evidence(holder(node: "n2", boot: "boot-2"), .absent) == nil)
    }

    // MARK: What becomes of it with Kubernetes

    private func verdict(
        _ holder: Holder, _ sight: NamespaceSight, _ pods: [Pod], for claimant: Holder = claimant
    ) async throws -> HolderVerdict {
        let cluster = TestCluster()
        for pod in pods { cluster.put(pod) }
        return try await Observer(node: node(sight), pods: cluster, now: { noon })
            .verdict(on: holder, since: noon, for: claimant, deadline: .now + .seconds(60))
    }

    @Test func aPodThatKubernetesHasAndWhoseNamespaceIsThereIsLive() async throws {
        #expect(try await verdict(holder(), Self.there, [db()]) == .live("its pod is alive"))
        #expect(
            try await verdict(holder(), Self.there, [db(terminating: true)]) == .passing("its pod is being deleted"))
    }

    @Test func aNamespaceThatOutlivesItsPodIsNeverTaken() async throws {
        let remedy = ReleaseRemedy.removeSandbox(netns: "/run/netns/a", node: "n1")
        #expect(
            try await verdict(holder(), Self.there, [])
                == .passing("its pod is gone, but its network namespace /run/netns/a still exists", remedy: remedy))
        // Another pod of that name is another pod.
        #expect(
            try await verdict(holder(), Self.there, [db(uid: "u9")])
                == .passing("its pod is gone, but its network namespace /run/netns/a still exists", remedy: remedy))
        // Nobody can be asked.
        var unnamed = holder()
        unnamed.uid = nil
        #expect(
            try await verdict(unnamed, Self.there, [])
                == .passing("its network namespace /run/netns/a still exists", remedy: remedy))
        // What is no pod is not rebuilt by a controller.
        unnamed.pod = nil
        #expect(
            try await verdict(unnamed, Self.there, [])
                == .passing("its network namespace /run/netns/a still exists", isWaitedFor: false))
        // A pod of another cluster, on this very machine: this Kubernetes says nothing of it.
        var foreign = holder()
        foreign.cluster = "c2"
        #expect(
            try await verdict(foreign, Self.there, [])
                == .live("it is of another Kubernetes cluster, and its network namespace /run/netns/a still exists"))
        #expect(
            try await verdict(foreign, .absent, []) == .unverifiable(.otherCluster),
            "what is gone here may be there for the other cluster's runtime")
        // A former sandbox of the claimant, whose pod is there, of course.
        let same = Holder(pod: pod("default/db-0"), uid: "u1", node: "n1", netns: "/run/netns/own", cluster: "c1")
        #expect(
            try await verdict(holder(), Self.there, [db()], for: same)
                == .passing("its network namespace /run/netns/a still exists", remedy: remedy))
    }

    /// Recorded without a cluster, as after a slow answer: a pod that is found by its UID keeps its address all the same.
    @Test func aPodThatWasRecordedWithoutItsClusterKeepsItsAddress() async throws {
        var unnamed = holder()
        unnamed.cluster = nil
        #expect(
            try await verdict(unnamed, .absent, [db()])
                == .live("its pod is alive, although its network namespace /run/netns/a is gone"))
        #expect(try await verdict(unnamed, Self.there, [db()]) == .live("its pod is alive"))
        #expect(
            try await verdict(unnamed, .absent, []) == .gone(.proven("its network namespace /run/netns/a is gone")))
    }

    @Test func whatItsNodeDoesNotProveIsJudgedByKubernetes() async throws {
        #expect(try await verdict(holder(), .unclear, [db()]) == .live("its pod is alive"))
        #expect(
            try await verdict(holder(), .unclear, [])
                == .seenGone("its pod is gone, but its node n1 may still be stopping it"))
    }

    private func elsewhere(_ pod: Pod?, _ node: HolderEvidence.NodeState) -> HolderVerdict? {
        try? HolderEvidence(holder: holder(node: "n2"), pod: .init(pod, uid: "u1"), node: node).verdict()
    }

    private func db(uid: String = "u1", terminal: Bool = false, terminating: Bool = false) -> Pod {
        Pod(pod("default/db-0"), uid: uid, node: "n2", isTerminal: terminal, isTerminating: terminating)
    }

    @Test func aPodInKubernetesIsLiveAndOneBeingDeletedIsPassing() {
        #expect(elsewhere(db(), .unknown) == .live("its pod is alive"))
        for state in [.ready, .absent, .unknown] as [HolderEvidence.NodeState] {
            #expect(elsewhere(db(terminating: true), state) == .passing("its pod is being deleted"))
        }
        // A static pod: the runtime passes the hash of its manifest.
        #expect(
            elsewhere(.mirror("default/db-0", uid: "u9", of: "u1", node: "n2"), .unknown) == .live("its pod is alive"))
    }

    @Test func aPodBeingDeletedOnADeadNodeIsGoneOnceAnOperatorHasSaidSo() {
        #expect(
            elsewhere(db(terminating: true), .outOfService)
                == .gone(.asserted("its pod is being deleted and its node n2 is out of service")))
        #expect(
            elsewhere(db(terminating: true), .notReady)
                == .passing(
                    "its pod is being deleted, and its node n2 is not ready",
                    remedy: .declareNodeDown("n2", pod: pod("default/db-0")), isWaitedFor: false))
    }

    @Test(arguments: [
        (HolderEvidence.NodeState.absent, "its node n2 is no longer in the cluster"),
        (.notReady, "its node n2 is not ready"),
        (.outOfService, "its node n2 is out of service"),
    ])
    func aPodGoneWithItsNodeIsAssertedGone(state: HolderEvidence.NodeState, sentence: String) {
        #expect(elsewhere(nil, state) == .gone(.asserted("its pod is gone and \(sentence)")))
        #expect(
            elsewhere(db(uid: "u2"), state)
                == .gone(.asserted("its pod is gone (there is another one of that name) and \(sentence)")))
        // Its containers have ended; nobody said that the pod may go.
        #expect(
            elsewhere(db(terminal: true), state)
                == .seenGone("its pod has ended, but its node n2 may still be stopping it"))
    }

    @Test func aPodGoneFromAReadyNodeIsSeenGone() {
        #expect(elsewhere(nil, .ready) == .seenGone("its pod is gone, but its node n2 may still be stopping it"))
        #expect(
            elsewhere(db(terminal: true), .ready)
                == .seenGone("its pod has ended, but its node n2 may still be stopping it"))
        #expect(elsewhere(nil, .unknown) == .seenGone("its pod is gone, but its node n2 may still be stopping it"))
    }

    @Test func aNodeThatIsOutOfServiceIsSoEvenWhileItSaysThatItIsReady() {
        func state(_ isReady: Bool, _ isOutOfService: Bool, of pod: HolderEvidence.PodState = .absent)
            -> HolderEvidence.NodeState
        {
            .init(Node(name: "n2", isReady: isReady, isOutOfService: isOutOfService), of: pod)
        }
        #expect(state(true, true) == .outOfService)
        #expect(state(true, false) == .ready)
        #expect(state(false, false) == .notReady)
        #expect(HolderEvidence.NodeState(nil, of: .absent) == .absent)
        // A pod that is being deleted may serve as long as its node is ready.
        #expect(state(true, true, of: .terminating) == .ready)
        #expect(state(false, true, of: .terminating) == .outOfService)
    }

    // MARK: What is not known yet

    /// An ADD asks Kubernetes only what the verdict depends on, in this order.
    @Test func theJudgeAsksOnlyForWhatTheVerdictDependsOn() {
        func missing(_ evidence: HolderEvidence) -> HolderEvidence.Missing? {
            do throws(HolderEvidence.Missing) {
                _ = try evidence.verdict()
                return nil
            } catch {
                return error
            }
        }
        var evidence = HolderEvidence(holder: holder(node: "n2"))
        #expect(missing(evidence) == .podAndCluster)
        evidence.pod = .alive
        #expect(missing(evidence) == nil)
        evidence.pod = .absent
        #expect(missing(evidence) == .node)
        evidence.shown = .present(Self.path)
        #expect(missing(evidence) == nil)
        evidence.pod = nil
        #expect(missing(evidence) == .pod)
        let failure = PodSourceError("Kubernetes does not answer")
        evidence.pod = .failed(failure)
        #expect(missing(evidence) == nil, "what is there is not taken, whatever Kubernetes says")
        evidence.shown = .gone("its node n1 has rebooted")
        #expect(missing(evidence) == .failed(failure))
    }

    @Test func theReasonsSayWhatIsMissing() {
        let texts: [UnverifiableReason: String] = [
            .namespacesOutOfSight: "no network namespace of this node can be seen from here",
            .notANamespace("/run/netns/a"): "/run/netns/a is not a network namespace as seen from here",
            .namespaceNotRecorded: "its network namespace is not recorded",
            .otherCluster: "it is of another Kubernetes cluster",
        ]
        for (reason, text) in texts { #expect(reason.description == text) }
    }
}
