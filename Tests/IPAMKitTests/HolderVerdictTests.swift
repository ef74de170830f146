import Testing

@testable import IPAMKit

/// The table of when a holder counts as gone, row by row.
@Suite struct HolderVerdictTests {
    private let node = NodeIdentity(name: "n1", boot: "boot-1", machine: "machine-1")

    private func holder(
        node: String? = "n1", boot: String? = "boot-1", machine: String? = "machine-1", netns: String? = "/run/netns/a"
    ) -> Holder {
        Holder(pod: pod("default/db-0"), uid: "u1", node: node, boot: boot, machine: machine, netns: netns)
    }

    private func onThisNode(
        _ holder: Holder, namespaceExists: Bool,
        for claimant: Holder = Holder(uid: "u2", netns: "/run/netns/own", cluster: "c1")
    ) -> HolderVerdict? {
        let observer = Observer(
            node: node, pods: nil, namespaceExists: { _ in namespaceExists }, now: { noon })
        return observer.onThisNode(holder, for: claimant)
    }

    @Test func aHolderOfAFormerBootIsProvenGone() {
        #expect(
            onThisNode(holder(boot: "boot-0"), namespaceExists: true) == .gone(.proven("its node n1 has rebooted")))
        // No machine ID was recorded: the name counts.
        #expect(
            onThisNode(holder(boot: "boot-0", machine: nil), namespaceExists: true)
                == .gone(.proven("its node n1 has rebooted")))
    }

    @Test func aHolderWhoseNamespaceIsGoneIsProvenGone() {
        #expect(
            onThisNode(holder(), namespaceExists: false)
                == .gone(.proven("its network namespace /run/netns/a is gone")))
        // A pod does not move: an earlier sandbox of the claimant was here, whatever name was recorded with it.
        #expect(
            onThisNode(
                holder(node: "n1.example.org"), namespaceExists: false,
                for: Holder(pod: pod("default/db-0"), uid: "u1", netns: "/run/netns/own"))
                == .gone(.proven("its network namespace /run/netns/a is gone")))
        // Kubernetes' name of this node counts where the claimant was looked up.
        #expect(
            onThisNode(
                holder(node: "n1.example.org"), namespaceExists: false,
                for: Holder(uid: "u2", node: "n1.example.org", netns: "/run/netns/own"))
                == .gone(.proven("its network namespace /run/netns/a is gone")))
        // Where no boot ID was recorded, the name counts.
        #expect(
            onThisNode(holder(boot: nil, machine: nil), namespaceExists: false)
                == .gone(.proven("its network namespace /run/netns/a is gone")))
    }

    @Test func aHolderWhoseNamespaceIsThereIsStillThere() {
        #expect(
            onThisNode(holder(), namespaceExists: true)
                == .passing("its network namespace /run/netns/a is still there"))
    }

    @Test func anotherNodeIsNotJudgedByThisOnesNamespaces() {
        #expect(onThisNode(holder(node: "n2", boot: "boot-2", machine: "machine-2"), namespaceExists: false) == nil)
        // A namesake: the machine that was given the name of another one.
        #expect(onThisNode(holder(boot: "boot-2", machine: "machine-2"), namespaceExists: false) == nil)
        // Nodes that are containers share their host's boot ID.
        #expect(onThisNode(holder(node: "n2", machine: "machine-2"), namespaceExists: false) == nil)
        #expect(onThisNode(holder(node: "n2"), namespaceExists: false) == nil)
        #expect(onThisNode(holder(netns: nil), namespaceExists: false) == nil)
    }

    private func elsewhere(_ pod: Pod?, _ node: HolderVerdict.NodeState?) -> HolderVerdict {
        HolderVerdict.elsewhere("u1", pod: pod, node: node, named: "n2")
    }

    private func db(uid: String = "u1", terminal: Bool = false, terminating: Bool = false) -> Pod {
        Pod(pod("default/db-0"), uid: uid, node: "n2", isTerminal: terminal, isTerminating: terminating)
    }

    @Test func aPodInKubernetesIsLiveAndOneBeingDeletedIsPassing() {
        #expect(elsewhere(db(), nil) == .live("its pod is alive"))
        #expect(elsewhere(db(terminating: true), nil) == .passing("its pod is being deleted"))
        // A static pod: the runtime passes the hash of its manifest.
        #expect(elsewhere(.mirror("default/db-0", uid: "u9", of: "u1", node: "n2"), nil) == .live("its pod is alive"))
    }

    @Test(arguments: [
        (HolderVerdict.NodeState.absent, "its node n2 is no longer in the cluster"),
        (.notReady, "its node n2 is not ready"),
        (.outOfService, "its node n2 is out of service"),
    ])
    func aPodGoneWithItsNodeIsAssertedGone(state: HolderVerdict.NodeState, sentence: String) {
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
        #expect(elsewhere(nil, nil) == .seenGone("its pod is gone, but its node n2 may still be stopping it"))
    }

    @Test func aNodeThatIsOutOfServiceIsSoEvenWhileItSaysThatItIsReady() {
        #expect(
            HolderVerdict.NodeState(Node(name: "n2", isReady: true, isOutOfService: true)) == .outOfService)
        #expect(HolderVerdict.NodeState(Node(name: "n2", isReady: true, isOutOfService: false)) == .ready)
        #expect(HolderVerdict.NodeState(Node(name: "n2", isReady: false, isOutOfService: false)) == .notReady)
        #expect(HolderVerdict.NodeState(nil) == .absent)
    }
}
