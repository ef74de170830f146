@testable import IPAMKit
@testable import Store

/// ADDs that collide with each other, and with the end of what they take over.
extension Scenario {
    // MARK: Dynamic addresses

    static func dynamic() async throws -> [Scenario] {
        let new = try network()
        let two = try await usedNetwork()
        let three = try await usedNetwork()
        let repeated = try await usedNetwork()
        let ended = try await usedNetwork()
        let kept = try await usedNetwork()
        try await started("c1", web(1), on: kept)
        let full = try await usedNetwork(dynamic: 1)
        try await started("c1", web(1), on: full)
        let readded = try await usedNetwork()
        try await started("c1", web(1), on: readded)
        let collected = try await usedNetwork()
        try await started("c0", web(0), on: collected)
        try await started("c1", web(1), on: collected)
        let sets = try (0..<3).map { try set("10.5\($0).0.0/28 10.5\($0).0.2-10.5\($0).0.3") }
        let several = try TestNode.first(sets)
        try await several.pool.put([
            (several.pool.keys.document, NetworkDocument.serialize(sets)),
            (several.pool.keys.settings, settings(of: several.pool).serialized()),
        ])
        return [
            Scenario(
                name: "two dynamic ADDs on a new network", pool: new.pool,
                operations: [try .add("c1", web(1), on: new), try .add("c2", web(2), on: new)]),
            Scenario(
                name: "two dynamic ADDs", pool: two.pool,
                operations: [try .add("c1", web(1), on: two), try .add("c2", web(2), on: two)]),
            Scenario(
                name: "three dynamic ADDs on two addresses", pool: three.pool,
                operations: try (1...3).map { try .add("c\($0)", web($0), on: three) }),
            Scenario(
                name: "the same ADD twice", pool: repeated.pool,
                operations: [try .add("c1", web(1), on: repeated), try .add("c1", web(1), on: repeated)]),
            Scenario(
                name: "an ADD and the DEL of its container", pool: ended.pool,
                operations: [try .add("c1", web(1), on: ended), try .delete("c1")]),
            Scenario(
                name: "a repeated ADD and the DEL of its container", pool: kept.pool,
                operations: [try .add("c1", web(1), on: kept), try .delete("c1")]),
            Scenario(
                name: "two DELs of one container and an ADD", pool: full.pool,
                operations: [try .delete("c1"), try .delete("c1"), try .add("c2", web(2), on: full)]),
            Scenario(
                name: "a DEL without history, and an ADD of the same container after its DEL", pool: readded.pool,
                operations: [
                    try .delete("c1", writesHistory: false),
                    try .delete("c1", writesHistory: false).then(.add("c1", web(1), on: readded)),
                ]),
            Scenario(
                name: "GC and an ADD", pool: collected.pool,
                operations: [
                    try .collect(keeping: ["c1"], on: gone("c0", on: collected), ends: ["c0"]),
                    try .add("c2", web(2), on: collected),
                ]),
            Scenario(
                name: "two ADDs with three range sets", pool: several.pool,
                operations: [try .add("c1", web(1), on: several), try .add("c2", web(2), on: several)]),
        ]
    }

    // MARK: Fixed and automatic addresses

    static func fixedAddresses() async throws -> [Scenario] {
        let named = try await usedNetwork()
        let onePod = try await usedNetwork()
        let replicas = try await usedNetwork()
        let limited = try await usedNetwork()
        let renamed = try await usedNetwork()
        let busy = try await usedNetwork()
        let expired = try await usedNetwork()
        _ = try await reserved(
            fixed[0], for: "default/db-7", on: expired, expires: noon.advanced(bySeconds: -86_400))
        return [
            Scenario(
                name: "two ADDs of one fixed address", pool: named.pool,
                operations: [
                    try .add("c1", db(0, "10.50.0.8"), on: named), try .add("c2", db(1, "10.50.0.8"), on: named),
                ]),
            Scenario(
                name: "two automatic ADDs of one pod", pool: onePod.pool,
                operations: [
                    try .add("c1", db(0, "auto"), on: onePod, takes: ["c2"]),
                    try .add("c2", db(0, "auto"), on: onePod, takes: ["c1"]),
                ], findings: [.reservationOrphaned]),
            Scenario(
                name: "two automatic ADDs of two replicas", pool: replicas.pool,
                operations: [
                    try .add("c1", web(1, "auto"), on: replicas), try .add("c2", web(2, "auto"), on: replicas),
                ], findings: [.reservationOrphaned]),
            Scenario(
                name: "two automatic ADDs and a limit of one", pool: limited.pool,
                operations: [
                    try .add("c1", db(0, "auto"), on: limited) { $0.autoLimit = 1 },
                    try .add("c2", db(1, "auto"), on: limited) { $0.autoLimit = 1 },
                ], findings: [.reservationOrphaned]),
            Scenario(
                name: "an automatic ADD and a reservation for its pod", pool: renamed.pool,
                operations: [
                    try .add("c1", db(0, "auto"), on: renamed),
                    try .reserve([fixed[0]], for: "default/db-0", on: renamed.pool),
                ], findings: [.reservationOrphaned]),
            Scenario(
                name: "an automatic ADD, and a reservation that is released", pool: busy.pool,
                operations: [
                    try .add("c1", db(0, "auto"), on: busy), try passing(for: "default/db-1", on: busy),
                ], findings: [.reservationOrphaned]),
            Scenario(
                name: "an ADD of an address whose reservation has expired, and a new reservation", pool: expired.pool,
                operations: [
                    try .add("c1", db(0, "10.50.0.8"), on: expired),
                    try .reserve([fixed[0]], for: "default/db-1", on: expired.pool),
                ], findings: [.reservationExpired]),
        ]
    }

    // MARK: Takeovers

    /// A pod with a fixed address whose old sandbox is `c0`.
    static func rebuilt(_ sets: String...) async throws -> TestNode {
        let node: TestNode
        if sets.isEmpty {
            node = try await usedNetwork()
        } else {
            node = try TestNode.first(sets.map { try set($0) })
        }
        try await started("c0", db(0, "10.50.0.8"), on: node)
        return node
    }

    static func takeovers() async throws -> [Scenario] {
        let wish = "10.50.0.8"
        let deleted = try await rebuilt()
        let waited = try await rebuilt()
        let twice = try await rebuilt()
        let two = try await rebuilt(
            "10.50.0.0/28 10.50.0.2-10.50.0.3 10.50.0.8-10.50.0.9", "10.60.0.0/28 10.60.0.2-10.60.0.3")
        let freed = try await rebuilt()
        let leaked = try await rebuilt()
        let reserved = try await rebuilt()
        let suspected = try await usedNetwork()
        try await started("c0", db(0, wish), on: suspected)
        // The first look at a holder whose pod is gone was a minute ago.
        suspected.cluster.remove(db(0).reference)
        _ = await suspected.other("n2").refusal("c9", seen(db(5, wish, node: "n2"), on: suspected))
        let late = noon.advanced(bySeconds: Suspect.confirmationSeconds)
        // A node whose Kubernetes still has the pod.
        var sighted = suspected.other("n1")
        sighted = TestNode(pool: sighted.pool, cluster: TestCluster(), name: "n2")
        sighted.cluster.put(db(0, wish))
        func taker(_ container: String, on node: TestNode, takes: Set<String> = ["c0"]) throws -> ModelOperation {
            try .add(container, db(0, wish), on: gone("c0", on: node), takes: takes)
        }
        return [
            Scenario(
                name: "a takeover and the DEL of the old sandbox", pool: deleted.pool,
                operations: [try taker("c1", on: deleted), try .delete("c0")]),
            Scenario(
                name: "an ADD that waits for the DEL of the old sandbox", pool: waited.pool,
                operations: [
                    try .add("c1", db(0, wish), on: waited) { $0.waitForRelease = .seconds(15) }, try .delete("c0"),
                ]),
            Scenario(
                name: "two takeovers of one address", pool: twice.pool,
                operations: [
                    try taker("c1", on: gone("c0", on: twice), takes: ["c0", "c2"]),
                    try taker("c2", on: gone("c0", on: twice), takes: ["c0", "c1"]),
                ]),
            Scenario(
                name: "a takeover of one of two addresses, and the DEL of the old sandbox", pool: two.pool,
                operations: [
                    try taker("c1", on: two), try .delete("c0"), try .add("c2", web(2), on: two),
                ]),
            Scenario(
                name: "a takeover and a forced release", pool: freed.pool,
                operations: [try taker("c1", on: freed), .release(fixed[0], force: true, ends: ["c0"])]),
            Scenario(
                name: "a takeover and the repair of the leak", pool: leaked.pool,
                operations: [
                    try taker("c1", on: leaked), .repair(.leaked, of: fixed[0], by: [], ends: ["c0"], on: leaked.pool),
                ]),
            Scenario(
                name: "a takeover and a reservation", pool: reserved.pool,
                operations: [
                    try taker("c1", on: reserved), try .reserve([fixed[0]], for: "default/db-1", on: reserved.pool),
                ]),
            Scenario(
                name: "a takeover from a suspect, and an ADD that sees it alive", pool: suspected.pool,
                operations: [
                    try .add(
                        "c1", db(5, wish, node: "n2"), on: suspected.other("n2"), takes: ["c0"], onlySuspect: fixed[0],
                        at: late),
                    try .add("c2", db(6, wish, node: "n2"), on: sighted, at: late),
                ]),
        ]
    }

    static func seen(_ pod: Pod, on node: TestNode) -> Pod {
        node.cluster.put(pod)
        return pod
    }
}
