import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Which address an ADD gets: annotations, reservations and `auto`.
@Suite struct FixedAddressTests {
    private let fixed = "10.70.0.0/24 10.70.0.100-10.70.0.200 10.70.0.10-10.70.0.50"

    private func node(_ sets: String...) throws -> TestNode {
        try TestNode.first(sets.isEmpty ? [set(fixed)] : sets.map { try set($0) })
    }

    @Test func anAnnotatedAddressIsGivenAndRecordedAsFixed() async throws {
        let node = try node()
        let pod = Pod.member(
            "default/db-0", uid: "u1", ip: "10.70.0.20",
            ["kube-ipam.netmask": "255.255.255.192", "kube-ipam.gateway": "10.70.0.9"])
        let added = try await node.start("c1", pod)
        #expect(added.assignments.map(\.prefixLength) == [26])
        #expect(added.assignments.map(\.gateway) == [address("10.70.0.9")])
        #expect(added.addresses == [address("10.70.0.20")])
        let contents = try await node.pool.contents()
        #expect(contents["used/10.70.0.20"] == "c1")
        #expect(contents["attachments/c1/eth0"]?.contains("\"fixed\":true") == true)
        #expect(contents["lastReserved/0"] == nil, "a fixed address must not move the cursor")
        // Once more: the runtime may repeat an ADD.
        #expect(try await node.add("c1", pod) == added)
    }

    @Test func theRuntimesAnnotationsSpareTheQuestion() async throws {
        let node = try node()
        let pod = Pod.member("default/db-0", uid: "u1")
        let added = try await node.add("c1", pod, annotations: .passed(["kube-ipam.ip": "10.70.0.20"]))
        #expect(added.addresses == [address("10.70.0.20")])
        #expect(node.cluster.asked == [])
    }

    @Test func withoutAnySourceOfAnnotationsThePodIsRefused() async throws {
        let node = try node()
        var request = try node.pool.request("c1", "default/db-0")
        request.annotations = .kubernetes
        let error = await #expect(throws: IPAMError.self) { _ = try await node.pool.pool().add(request) }
        #expect(error?.cniCode == .invalidNetworkConfig)
        #expect(try await node.pool.contents().isEmpty)
    }

    @Test(arguments: [
        (
            "10.70.0.60", 103,
            "pod default/db-0: annotation kube-ipam.ip: \"10.70.0.60\" lies neither in the fixed range 10.70.0.10-10.70.0.50 nor in the dynamic range "
                + "10.70.0.100-10.70.0.200"
        ),
        (
            "10.70.0.120", 103,
            "annotation kube-ipam.ip: 10.70.0.120 is in the dynamic range 10.70.0.100-10.70.0.200 and is not "
                + "reserved, so another pod could get it when this pod restarts"
        ),
        ("10.70.0.1", 103, "pod default/db-0: annotation kube-ipam.ip: \"10.70.0.1\" is the gateway of 10.70.0.0/24"),
        (
            "10.70.0.0", 103,
            "pod default/db-0: annotation kube-ipam.ip: \"10.70.0.0\" is the network address of 10.70.0.0/24"
        ),
        (
            "10.70.0.255", 103,
            "pod default/db-0: annotation kube-ipam.ip: \"10.70.0.255\" is the broadcast address of 10.70.0.0/24"
        ),
        ("10.70.0.20,10.70.0.21", 103, "10.70.0.21 was requested beside 10.70.0.20: a range set gives one address"),
        (
            "10.7O.0.20", 103,
            "pod default/db-0: annotation kube-ipam.ip: \"10.7O.0.20\" is not an IP address, such as "
                + "10.188.0.216 or fd00::1, nor \"auto\" or \"dynamic\""
        ),
    ])
    func whatNoPodCanHaveIsRefusedWithItsSentence(ip: String, code: Int, sentence: String) async throws {
        let node = try node()
        let pod = Pod.member("default/db-0", uid: "u1", ip: ip)
        node.cluster.put(pod)
        let error = await node.refusal("c1", pod)
        #expect(error?.description == sentence)
        #expect(error?.cniCode.rawValue == code)
        #expect(try await node.pool.contents().isEmpty)
    }

    @Test func anUnqualifiedAddressOfAnotherNetworkIsAnErrorUntilTheQualifiedFormIsThere() async throws {
        let node = try node()
        var pod = Pod.member("default/db-0", uid: "u1", ip: "10.99.0.20")
        node.cluster.put(pod)
        let error = await node.refusal("c1", pod)
        #expect(error?.cniCode == .addressNotAllowed)
        #expect(
            error?.nextStep(on: nil)?.contains("kube-ipam.ip/\(node.pool.network)") == true,
            "\(String(describing: error))")
        pod.annotations["kube-ipam.ip/\(node.pool.network)"] = "10.70.0.20"
        #expect(try await node.start("c1", pod).addresses == [address("10.70.0.20")])
        pod.annotations["kube-ipam.ip/\(node.pool.network)"] = "dynamic"
        #expect(try await node.start("c2", pod).addresses == [address("10.70.0.100")])
    }

    @Test func aDynamicAddressIsAcceptedOnceItIsReserved() async throws {
        let node = try node()
        let pod = Pod.member("default/web-6d9b74fd4d-xjhek", uid: "u1", ip: "10.70.0.120")
        node.cluster.put(pod)
        let refusal = await node.refusal("c1", pod)
        #expect(refusal?.nextStep(on: nil) == "reserve it: ipamctl reserve 10.70.0.120 --for default/deploy/web")
        _ = try await node.pool.pool().reserve(
            node.pool.orders([address("10.70.0.120")], for: "default/"), rangeSets: node.pool.rangeSets, now: noon)
        #expect(try await node.add("c1", pod).addresses == [address("10.70.0.120")])
    }

    @Test func anAddressReservedForAnotherIsRefusedNamingForWhom() async throws {
        let node = try node()
        _ = try await node.pool.pool().reserve(
            node.pool.orders([address("10.70.0.20")], for: "default/db-1"), rangeSets: node.pool.rangeSets, now: noon)
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        node.cluster.put(pod)
        let error = await node.refusal("c1", pod)
        #expect(error?.description == "10.70.0.20 is reserved for default/db-1")
        #expect(error?.cniCode == .reservedForAnother)
    }

    @Test func bothFamiliesAreNamedAtOnceAndAnUnnamedSetStaysDynamic() async throws {
        let node = try node("10.70.0.0/24 10.70.0.100-10.70.0.200", "fd70::/64 fd70::100-fd70::200")
        let both = Pod.member("default/db-0", uid: "u1", ip: "fd70::5,10.70.0.20")
        #expect(try await node.start("c1", both).addresses == [address("10.70.0.20"), address("fd70::5")])
        let one = Pod.member("default/db-1", uid: "u2", ip: "fd70::6")
        #expect(try await node.start("c2", one).addresses == [address("10.70.0.100"), address("fd70::6")])
    }

    @Test func anAnnotationThatContradictsTheRuntimeIsRefused_andTheRuntimeWinsOverReservations() async throws {
        let node = try node()
        _ = try await node.pool.pool().reserve(
            node.pool.orders([address("10.70.0.30")], for: "default/db-0"), rangeSets: node.pool.rangeSets, now: noon)
        let named = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        node.cluster.put(named)
        let refusal = await #expect(throws: IPAMError.self) {
            try await node.add("c1", named, requested: ["10.70.0.25"])
        }
        #expect(
            refusal?.description
                == "pod default/db-0: annotation kube-ipam.ip: \"10.70.0.20\" contradicts 10.70.0.25, which the runtime asks "
                + "for (ips, or IP in CNI_ARGS): leave one of them out")
        #expect(refusal?.cniCode == .addressNotAllowed)
        #expect(try await node.add("c1", named, requested: ["10.70.0.20"]).addresses == [address("10.70.0.20")])
        let plain = Pod.member("default/db-0", uid: "u1")
        node.cluster.put(plain)
        #expect(try await node.add("c2", plain, requested: ["10.70.0.25"]).addresses == [address("10.70.0.25")])
        #expect(try await node.add("c3", plain).addresses == [address("10.70.0.30")])
        let dynamic = Pod.member("default/db-0", uid: "u1", ip: "dynamic")
        node.cluster.put(dynamic)
        #expect(try await node.add("c4", dynamic).addresses == [address("10.70.0.100")])
    }

    // MARK: Who the pod is

    @Test func aPodThatIsGoneIsRefusedAndItsNamesakesAnnotationsAreNotUsed() async throws {
        let node = try node()
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        #expect(await node.refusal("c1", pod)?.cniCode == .podGone)
        node.cluster.put(Pod.member("default/db-0", uid: "u2", ip: "10.70.0.20"))
        let error = await node.refusal("c1", pod)
        #expect(
            error?.description
                == "pod default/db-0 is gone: the one with UID u1 is not there, Kubernetes has another (UID u2)")
        #expect(try await node.pool.contents().isEmpty)
    }

    @Test func aStaticPodIsKnownByItsHash() async throws {
        let node = try node()
        let mirror = Pod.mirror("default/db-0", uid: "mirror", of: "hash", ip: "10.70.0.20")
        node.cluster.put(mirror)
        var asked = mirror
        asked.uid = "hash"
        #expect(try await node.add("c1", asked).addresses == [address("10.70.0.20")])
        #expect(try await node.pool.contents()["attachments/c1/eth0"]?.contains("\"uid\":\"hash\"") == true)
    }

    @Test(arguments: [("n1", true), ("n2", false)])
    func aRuntimeWithoutUIDsLearnsThePodsFromItsOwnNodeOnly(place: String, isKnown: Bool) async throws {
        let node = try node()
        node.cluster.put(Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20", node: place))
        var request = try node.pool.request("c1", "default/db-0")
        request.annotations = .kubernetes
        _ = try await node.pool.pool().add(request, observer: node.observer())
        #expect(
            try await node.pool.contents()["attachments/c1/eth0"]?.contains("\"uid\":\"u1\"") == isKnown)
    }

    @Test func aFailedLookupFailsTheAddAndWritesNothing() async throws {
        let node = try node()
        let pod = Pod.member("default/db-0", uid: "u1")
        node.cluster.put(pod)
        node.cluster.fail("https://api:6443 answered 500")
        let error = await node.refusal("c1", pod)
        #expect(error?.cniCode == .tryAgainLater && error?.description == "https://api:6443 answered 500")
        #expect(try await node.pool.contents().isEmpty)
    }

    /// The hash in a long name is cut off: only the owner that Kubernetes names leads to the reservation.
    @Test func theWorkloadIsTheControllerThatKubernetesNames() async throws {
        let node = try node()
        _ = try await node.pool.pool().reserve(
            node.pool.orders([address("10.70.0.30")], for: "default/deploy/web"), rangeSets: node.pool.rangeSets,
            now: noon)
        var cut = Pod(pod("default/cut-off-name-xjhek"), uid: "u1", node: "n1")
        cut.templateHash = "6d9b74fd4d"
        cut.controller = .init(kind: "ReplicaSet", name: "web-6d9b74fd4d")
        #expect(try await node.start("c1", cut).addresses == [address("10.70.0.30")])
        _ = try await node.pool.pool().delete(reference("c1"))
        // A name that looks like a Deployment's, of a pod that is none.
        var alike = Pod(pod("default/web-6d9b74fd4d-xjhek"), uid: "u2", node: "n1")
        alike.controller = .init(kind: "Job", name: "web-6d9b74fd4d")
        #expect(try await node.start("c2", alike).addresses == [address("10.70.0.100")])
    }

    // MARK: Repeated

    /// Some runtimes give a new sandbox the ID of a former one: who judges its holder must see the namespace of now.
    @Test func aRepeatedAddByAnotherSandboxOfTheSameIDIsRecorded() async throws {
        var node = try node()
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        _ = try await node.start("c1", pod)
        let before = try await node.pool.contents()
        _ = try await node.add("c1", pod, at: noon.advanced(bySeconds: 9))
        #expect(try await node.pool.contents() == before, "nothing is new")
        node.boot = "boot-2"
        #expect(try await node.add("c1", pod).addresses == [address("10.70.0.20")])
        #expect(try await node.pool.contents()["attachments/c1/eth0"]?.contains("n1-boot-2") == true)
        #expect(await node.refusal("c2", pod)?.cniCode == .tryAgainLater, "the holder is there")
    }

    /// `ctr run web` on two nodes: the same container ID twice.
    @Test func aContainerOfTheSameIDOnAnotherNodeKeepsItsAddress() async throws {
        let node = try node()
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        _ = try await node.start("web", pod)
        let before = try await node.pool.contents()
        let other = Pod.member("default/db-1", uid: "u2", node: "n2")
        node.cluster.put(other)
        let error = await node.other("n2").refusal("web", other)
        #expect(
            error?.description
                == "10.70.0.20 is in use by default/db-0 on n1: a container of the same ID has it there")
        #expect(try await node.pool.contents() == before)
        // Its node dead and its pod gone, the ID is free again.
        node.cluster.remove(pod.reference)
        node.cluster.put(node: "n1", ready: false)
        #expect(try await node.other("n2").add("web", other).addresses == [address("10.70.0.20")])
    }

    @Test func aRepeatedAddWhoseAddressIsAnothersByNowIsRefusedWhateverItsHolder() async throws {
        var node = try node()
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        _ = try await node.start("c1", pod)
        try await node.pool.put([(node.pool.keys.used(address("10.70.0.20")), "c9")])
        node.boot = "boot-2"
        #expect(await node.refusal("c1", pod) == .inUse(address("10.70.0.20"), by: "container c9"))
    }

    // MARK: Several interfaces

    @Test func aSecondInterfaceDoesNotShareTheFirstOnesAddress() async throws {
        let node = try node()
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        _ = try await node.start("c1", pod)
        let error = await node.refusal("c1", pod, ifname: "net1")
        #expect(
            error?.description
                == "10.70.0.20 is in use by default/db-0 on n1: another interface of this container has it")
        #expect(error?.cniCode == .addressInUse)
    }

    // MARK: Reservations

    /// Each interface of a pod has the same of its reservations after every rebuild.
    @Test func aPodsOwnReservationsAreGivenInTheirOrder() async throws {
        let node = try node()
        _ = try await node.pool.pool().reserve(
            node.pool.orders([address("10.70.0.30"), address("10.70.0.31")], for: "default/db-0"),
            rangeSets: node.pool.rangeSets, now: noon)
        let pod = Pod.member("default/db-0", uid: "u1")
        node.cluster.put(pod)
        for container in ["c1", "c2", "c3", "c4"] {
            for (ifname, expected) in [("eth0", "10.70.0.30"), ("net1", "10.70.0.31")] {
                #expect(try await node.add(container, pod, ifname: ifname).addresses == [address(expected)])
            }
            for ifname in ["eth0", "net1"] { _ = try await node.pool.pool().delete(reference(container, ifname)) }
        }
    }

    /// Recorded with its controller, a pod whose name does not tell it is not taken for another one's.
    @Test func theRecordedWorkloadTellsWhoseReservationItIs() async throws {
        let node = try node()
        let orders = try node.pool.orders([address("10.70.0.30")], for: "default/deploy/web")
        _ = try await node.pool.pool().reserve(orders, rangeSets: node.pool.rangeSets, now: noon)
        var cut = Pod(pod("default/cut-off-name-xjhek"), uid: "u1", node: "n1")
        cut.templateHash = "6d9b74fd4d"
        cut.controller = .init(kind: "ReplicaSet", name: "web-6d9b74fd4d")
        _ = try await node.start("c1", cut)
        #expect(try await !node.pool.pool().history(of: address("10.70.0.30")).entry.isReservedForAnother)
        let again = try await node.pool.pool().reserve(orders, rangeSets: node.pool.rangeSets, now: noon)
        #expect(again.map(\.kind) == [.unchanged])
    }

    // MARK: Go nodes

    @Test func whereGoNodesMayBeAndNothingTellsThePodsAFixedAddressIsRefused() async throws {
        let node = try node()
        try await node.pool.put([(node.pool.keys.document, NetworkDocument.serialize(node.pool.rangeSets))])
        var request = try node.pool.request("c1", "default/db-0")
        request.annotations = .passed(["kube-ipam.ip": "10.70.0.20"])
        let error = await #expect(throws: IPAMError.self) { _ = try await node.pool.pool().add(request) }
        #expect(error == .goNodesUnknown(address("10.70.0.20"), network: node.pool.network))
        #expect(error?.cniCode == .invalidNetworkConfig)
        // A dynamic address is recorded by both.
        request.annotations = .passed([:])
        #expect(try await node.pool.pool().add(request).addresses == [address("10.70.0.100")])
    }

    @Test func ofReservedAddressesOneThatNoGoNodesPodReportsIsGiven() async throws {
        let node = try node()
        try await node.pool.put([(node.pool.keys.document, NetworkDocument.serialize(node.pool.rangeSets))])
        _ = try await node.pool.pool().reserve(
            node.pool.orders((30...33).map { address("10.70.0.\($0)") }, for: "default/deploy/web"),
            rangeSets: node.pool.rangeSets, now: noon)
        for last in [30, 31, 33] {
            var other = Pod.member("default/old-\(last)", uid: "o\(last)", node: "n2")
            other.addresses = [address("10.70.0.\(last)")]
            node.cluster.put(other)
        }
        for container in ["c1", "c2", "c3"] {
            let pod = Pod.member("default/web-6d9b74fd4d-\(container)xyz", uid: container)
            #expect(try await node.start(container, pod).addresses == [address("10.70.0.32")])
            _ = try await node.pool.pool().delete(reference(container))
        }
    }

    @Test func anAddressThatAGoNodesPodReportsIsRefused() async throws {
        let node = try node()
        try await node.pool.put([(node.pool.keys.document, NetworkDocument.serialize(node.pool.rangeSets))])
        var other = Pod.member("default/old-0", uid: "u9", node: "n2")
        other.addresses = [address("10.70.0.20")]
        node.cluster.put(other)
        let pod = Pod.member("default/db-0", uid: "u1", ip: "10.70.0.20")
        node.cluster.put(pod)
        let error = await node.refusal("c1", pod)
        #expect(
            error?.description
                == "10.70.0.20 is in use by default/old-0 on n2: Kubernetes reports it, and a Go node did not record it"
        )
        // Its own report is no obstacle, nor is that of a pod whose containers have ended.
        other.isTerminal = true
        node.cluster.put(other)
        var own = pod
        own.addresses = [address("10.70.0.20")]
        node.cluster.put(own)
        #expect(try await node.add("c1", own).addresses == [address("10.70.0.20")])
        // A network without Go nodes does not ask.
        let fresh = try self.node()
        _ = try await fresh.start("c1", pod)
        #expect(!fresh.cluster.asked.contains { $0 == "live pods" })
    }
}
