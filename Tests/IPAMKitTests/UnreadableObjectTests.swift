import Testing

@testable import IPAMKit

/// What Kubernetes, Multus or the store say in a way that cannot be read: the rest is judged, and nothing that it may be about
/// is freed.
@Suite struct UnreadableObjectTests {
    /// A leak, a Go record, and what live pods have.
    private func world(hasGoNodes: Bool = true) throws -> AuditWorld {
        var world = AuditWorld(try NetworkName("k8s"), rangeSets: [try set("10.188.0.0/22")])
        world.settings.hasGoNodes = hasGoNodes
        world.run("live", ["10.188.0.10"], pod: "default/live-0", uid: "live")
        world.record("dead", ["10.188.0.20"], pod: "default/dead-0", uid: "dead", node: "n9")
        world.records.append((world.keys.used(address("10.188.0.30")), "go"))
        return world
    }

    @Test(arguments: [true, false])
    func whatAPodWithAnUnreadableAddressMayHaveIsNotFreed(hasGoNodes: Bool) throws {
        var world = try world(hasGoNodes: hasGoNodes)
        #expect(world.findings() == ["10.188.0.20 leaked free", "10.188.0.30 unverified free?"])
        #expect(world.report().warnings.isEmpty)
        var pod = Pod.member("default/odd-0", uid: "odd")
        pod.unreadableAddresses = ["<nil>"]
        world.pods.append(pod)
        #expect(world.findings() == ["10.188.0.20 leaked free", "10.188.0.30 doubtful free?"])
        #expect(
            world.report().warnings == [
                #"Kubernetes reports an address of pod default/odd-0 on n1 that is none: "<nil>""#
            ])
        // What is recorded for it is what it has.
        world.record("odd", ["10.188.0.11"], pod: "default/odd-0", uid: "odd")
        #expect(world.findings() == ["10.188.0.20 leaked free", "10.188.0.30 unverified free?"])
    }

    @Test func aPodThatUsesItsNodesNetworkOrHasEndedHasNothing() throws {
        var world = try world()
        var pod = Pod.member("default/odd-0", uid: "odd")
        pod.unreadableAddresses = ["<nil>"]
        pod.isTerminal = true
        world.pods.append(pod)
        #expect(world.findings() == ["10.188.0.20 leaked free", "10.188.0.30 unverified free?"])
    }

    @Test(arguments: [
        UnreadableObject(.pod, namespace: nil, name: nil, uid: "dead", problem: "x"),
        UnreadableObject(.pod, namespace: "default", name: "dead-0", uid: nil, problem: "x"),
        UnreadableObject(
            .pod, namespace: "x", name: "y", uid: "z", addresses: [address("10.188.0.20")], problem: "x"),
    ])
    func whatAPodThatCannotBeReadMayHaveIsNotFreed(_ object: UnreadableObject) throws {
        var world = try world()
        world.unreadable = [object]
        #expect(world.findings() == ["10.188.0.30 doubtful free?"])
        #expect(world.report().warnings == [object.description])
    }

    /// One that is somebody else certainly leaves the leak a leak.
    @Test func aPodThatCannotBeReadHidesNoLeakOfAnotherOne() throws {
        var world = try world()
        world.unreadable = [UnreadableObject(.pod, namespace: "a", name: "b", uid: "c", problem: "x")]
        #expect(world.findings() == ["10.188.0.20 leaked free", "10.188.0.30 doubtful free?"])
    }

    @Test func aPodWithoutAReadableNameMayBeAnybodys() throws {
        var world = try world()
        world.unreadable = [UnreadableObject(.pod, namespace: "default", name: nil, uid: nil, problem: "x")]
        #expect(world.findings() == ["10.188.0.30 doubtful free?"])
        #expect(
            world.report().unjudged == ["Kubernetes lists a pod that cannot be read, not even its name": 1])
    }

    /// Its node may be the one: then the holder may still be stopping.
    @Test func aNodeWithoutAReadableNameIsNotAbsent() throws {
        var world = try world()
        world.unreadable = [UnreadableObject(.node, namespace: nil, name: nil, uid: nil, problem: "x")]
        #expect(world.findings() == ["10.188.0.20 leaked free?", "10.188.0.30 unverified free?"])
        world.record("far", ["10.188.0.40"], pod: "default/far-0", uid: "far", node: "n8", cluster: nil)
        #expect(!world.findings().contains { $0.contains("node-gone") })
        world.unreadable = []
        #expect(world.findings().contains("10.188.0.40 node-gone free?"))
    }

    @Test func reservationsOfAPodThatCannotBeReadAreNotOrphaned() throws {
        var world = try world()
        world.reserve("10.188.0.50", for: "default/gone-0", by: Reservation.automaticAuthor)
        world.reserve("10.188.0.51", for: "other/deploy/web", by: Reservation.automaticAuthor)
        func orphans() -> [String] { world.findings().filter { $0.contains("orphaned") } }
        #expect(orphans().count == 2)
        world.unreadable = [UnreadableObject(.pod, namespace: "default", name: "x", uid: "x", problem: "x")]
        #expect(orphans() == ["10.188.0.51 reservation-orphaned drop-reservation?"])
        world.unreadable = [UnreadableObject(.pod, namespace: nil, name: nil, uid: "x", problem: "x")]
        #expect(orphans().isEmpty)
    }

    /// Multus' note has one address that can be read, and one that cannot.
    @Test(arguments: [
        #"[{"name": "a", "interface": "net1", "ips": ["10.188.1.5", "<nil>"]}]"#,
        #"[{"name": "a", "interface": "net1", "ips": [7]}]"#,
        #"[{"name": "a", "interface": "net1", "ips": "10.188.1.5"}]"#,
        "not JSON",
    ])
    func aNetworkStatusThatCannotBeReadWholeIsADoubt(_ status: String) throws {
        var world = try world()
        var pod = Pod.member("default/multi-0", uid: "multi")
        pod.addresses = [address("192.0.2.7")]
        pod.annotations = ["k8s.v1.cni.cncf.io/networks": "a", "k8s.v1.cni.cncf.io/network-status": status]
        world.pods.append(pod)
        #expect(world.findings() == ["10.188.0.20 leaked free", "10.188.0.30 doubtful free?"])
    }

    /// The Go plugin gives an address by annotation alone, and records none.
    @Test func anAddressThatAnUnreadablePodAsksForIsNotGivenToAnother() async throws {
        let node = try TestNode.first([set("10.61.0.0/24 10.61.0.100-10.61.0.200 10.61.0.10-10.61.0.50")])
        try await node.pool.put([
            (node.pool.keys.settings, NetworkSettings(hasGoNodes: true, fixed: []).serialized())
        ])
        var odd = Pod.member("default/odd-0", uid: "odd", ip: "10.61.0.20")
        odd.unreadableAddresses = ["<nil>"]
        node.cluster.put(odd)
        let wanting = Pod.member("default/db-0", uid: "u1", ip: "10.61.0.20")
        node.cluster.put(wanting)
        #expect(
            await node.refusal("c1", wanting)?.description
                == "10.61.0.20 is in use by default/odd-0 on n1: it asks for it by annotation, and the address that "
                + "Kubernetes reports for it cannot be read")
        // Any other address is another pod's business.
        let other = Pod.member("default/db-1", uid: "u2", ip: "10.61.0.21")
        #expect(try await node.start("c2", other).assignments.map(\.address) == [address("10.61.0.21")])
        // Its own ADD is not kept from it either.
        #expect(try await node.start("c3", odd).assignments.map(\.address) == [address("10.61.0.20")])
    }

    /// A report may be of a newer version.
    @Test func aFindingThatCannotBeUsedDoesNotSpoilAReport() throws {
        let json = try JSONValue(
            parsing: #"""
                {"format": 1, "network": "k8s", "revision": 7, "at": "2026-11-23T02:00:00Z", "warnings": ["w", 3], "findings": [
                {"code": "of-the-future", "repair": "free"}, {"code": "leaked", "repair": "free", "address": "10.188.0.20"},
                {"code": "leaked", "repair": "free", "address": "x"}]}
                """#)
        let report = try AuditReport(json)
        #expect(report.findings.map(\.address) == [address("10.188.0.20")])
        #expect(report.warnings == ["w"] && report.unreadable.count == 2)
        #expect(
            report.unreadable[0]
                == "finding 1 of the report cannot be used: a finding has no known code, or no known repair")
    }
}
