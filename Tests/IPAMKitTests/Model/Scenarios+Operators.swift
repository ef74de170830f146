@testable import IPAMKit
@testable import Store

/// Operators, audits and Go nodes that collide with ADDs and DELs.
extension Scenario {
    // MARK: Reservations

    static func reservations() async throws -> [Scenario] {
        let dynamic = try await usedNetwork()
        let owned = try await usedNetwork()
        let named = try await usedNetwork()
        let released = try await usedNetwork()
        let mine = try await reserved(fixed[0], for: "default/db-0", on: released)
        let overlapping = try await usedNetwork()
        let amended = try await usedNetwork()
        let noted = try await reserved(fixed[0], for: "default/db-0", on: amended)
        let pruned = try await usedNetwork()
        let plan = try PlanName("web")
        _ = try await reserved(fixed[0], for: "default/db-0", on: pruned, plan: plan)
        let deleted = try await usedNetwork()
        try await started("c1", db(0, "10.50.0.8"), on: deleted)
        let passed = try await usedNetwork()
        let replaced = try await usedNetwork()
        let former = try await reserved(fixed[0], for: "default/db-0", on: replaced)
        let followed = try await usedNetwork()
        try await started("c1", db(0, "10.50.0.8"), on: followed)
        let unrecorded = try await usedNetwork()
        let unrecordedChange = try await usedNetwork()
        let unchanged = try await reserved(fixed[0], for: "default/db-0", on: unrecordedChange)
        let unrecordedHolder = try await usedNetwork()
        try await started("c1", db(0, "10.50.0.8"), on: unrecordedHolder)
        return [
            Scenario(
                name: "two reservations of one address, without histories", pool: unrecorded.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: unrecorded.pool, writesHistory: false),
                    try .reserve([fixed[0]], for: "default/db-1", on: unrecorded.pool, writesHistory: false),
                ]),
            Scenario(
                name: "a change of a reservation, and one for another pod after its release, without histories",
                pool: unrecordedChange.pool,
                operations: [
                    try .reserve(
                        [fixed[0]], for: "default/db-0", on: unrecordedChange.pool, note: "mysql", writesHistory: false),
                    try .release(fixed[0], drops: unchanged).then(
                        .reserve([fixed[0]], for: "default/db-1", on: unrecordedChange.pool)),
                ]),
            Scenario(
                name: "a reservation for the holder, and another holder after its DEL, without histories",
                pool: unrecordedHolder.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: unrecordedHolder.pool, writesHistory: false),
                    try .delete("c1").then(.add("c2", db(1, "10.50.0.8"), on: unrecordedHolder)),
                ]),
            Scenario(
                name: "a reservation, and another one that is released", pool: passed.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: passed.pool),
                    try passing(for: "default/db-1", on: passed),
                ]),
            Scenario(
                name: "a reservation and a dynamic ADD of its address", pool: dynamic.pool,
                operations: [
                    try .reserve([dynamics[0]], for: "default/db-1", on: dynamic.pool),
                    try .add("c1", web(1), on: dynamic),
                ]),
            Scenario(
                name: "a reservation for a pod and its ADD", pool: owned.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: owned.pool), try .add("c1", db(0), on: owned),
                ]),
            Scenario(
                name: "a reservation and an ADD that names its address", pool: named.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-1", on: named.pool),
                    try .add("c1", db(0, "10.50.0.8"), on: named),
                ]),
            Scenario(
                name: "the release of a reservation, one for another pod, and an ADD that uses the first",
                pool: released.pool,
                operations: [
                    .release(fixed[0], drops: mine), try .add("c1", db(0), on: released),
                    try .reserve([fixed[0]], for: "default/db-1", on: released.pool),
                ]),
            Scenario(
                name: "two operators who reserve overlapping lists", pool: overlapping.pool,
                operations: [
                    try .reserve([dynamics[0], fixed[0]], for: "default/db-0", on: overlapping.pool),
                    try .reserve([fixed[0], dynamics[1]], for: "default/db-1", on: overlapping.pool),
                ]),
            Scenario(
                name: "a change of a reservation and its release", pool: amended.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: amended.pool, note: "mysql"),
                    .release(fixed[0], drops: noted),
                ]),
            Scenario(
                name: "a change of a reservation, and one for another pod after its release", pool: replaced.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: replaced.pool, note: "mysql"),
                    try .release(fixed[0], drops: former).then(
                        .reserve([fixed[0]], for: "default/db-1", on: replaced.pool)),
                ]),
            Scenario(
                name: "a reservation for the holder, and another holder after its DEL", pool: followed.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-0", on: followed.pool),
                    try .delete("c1").then(.add("c2", db(1, "10.50.0.8"), on: followed)),
                ]),
            Scenario(
                name: "a plan that prunes, and a further reservation of it", pool: pruned.pool,
                operations: [
                    try .reserve([fixed[1]], for: "default/db-1", on: pruned.pool, plan: plan, prunes: true),
                    try .reserve([dynamics[0]], for: "default/db-2", on: pruned.pool, plan: plan),
                ]),
            Scenario(
                name: "a reservation and the DEL of the holder", pool: deleted.pool,
                operations: [
                    try .reserve([fixed[0]], for: "default/db-1", on: deleted.pool), try .delete("c1"),
                ]),
        ]
    }

    // MARK: Operators

    static func operators() async throws -> [Scenario] {
        let hold = SettingsChange.hold(.init(by: "root@admin1", reason: "moving", since: nil))
        let held = try await usedNetwork()
        let moved = try await usedNetwork()
        let wider = try TestNode.first([set("10.50.0.0/28 10.50.0.2-10.50.0.5 10.50.0.8-10.50.0.9")])
        let ended = try await usedNetwork(dynamic: 1)
        try await started("c0", web(0), on: ended)
        let wanted = try await usedNetwork()
        try await started("c0", db(0, "10.50.0.8"), on: wanted)
        let repaired = try await usedNetwork(dynamic: 1)
        try await started("c0", web(0), on: repaired)
        let dangling = try await usedNetwork(dynamic: 1)
        try await started("c0", web(0), on: dangling)
        try await dangling.pool.remove(dangling.pool.keys.used(dynamics[0]))
        let again = try await usedNetwork(dynamic: 1)
        try await started("c0", web(0), on: again)
        try await again.pool.remove(again.pool.keys.used(dynamics[0]))
        let automatic = try await usedNetwork()
        _ = try await automatic.start("c0", db(0, "auto"))
        _ = try await automatic.pool.pool().delete(reference("c0"))
        let (chosen, made) = try await onlyReservation(on: automatic)
        let expired = try await usedNetwork()
        let old = try await reserved(
            fixed[0], for: "default/db-7", on: expired, expires: noon.advanced(bySeconds: -86_400))
        let settings = try await usedNetwork()
        try await settings.pool.put([
            (settings.pool.keys.settings, NetworkSettings(hasGoNodes: true, fixed: []).serialized())
        ])
        return [
            Scenario(
                name: "a hold and an ADD", pool: held.pool,
                operations: [.change(hold, on: held.pool), try .add("c1", web(1), on: held)]),
            Scenario(
                name: "a hold and an ADD that changes the ranges", pool: moved.pool,
                operations: [
                    .change(hold, on: moved.pool),
                    try .add("c1", web(1), on: moved) { $0.rangeSets = wider.pool.rangeSets },
                ], findings: [.configDrift]),
            Scenario(
                name: "a hold and the end of Go nodes", pool: settings.pool,
                operations: [.change(hold, on: settings.pool), .change(.endGoNodes, on: settings.pool)],
                findings: [.configDrift]),
            Scenario(
                name: "a forced release, the DEL, and an ADD of the same address", pool: ended.pool,
                operations: [
                    .release(dynamics[0], force: true, ends: ["c0"]), try .delete("c0"),
                    try .add("c1", web(1), on: ended),
                ]),
            Scenario(
                name: "a forced release and a reservation for the holder", pool: wanted.pool,
                operations: [
                    .release(fixed[0], force: true, ends: ["c0"]),
                    try .reserve([fixed[0]], for: "default/db-0", on: wanted.pool),
                ]),
            Scenario(
                name: "the repair of a leak, the DEL, and an ADD of the same address", pool: repaired.pool,
                operations: [
                    .repair(.leaked, of: dynamics[0], by: [], ends: ["c0"], on: repaired.pool), try .delete("c0"),
                    try .add("c1", web(1), on: repaired),
                ]),
            Scenario(
                name: "the repair of a lost used key, the DEL, and an ADD of its address", pool: dangling.pool,
                operations: [
                    .repair(.dangling, of: dynamics[0], by: [web(0)], ends: ["c0"], on: dangling.pool),
                    try .delete("c0"),
                    try .add("c1", web(1), on: dangling),
                ], mayDangle: ["c0"], findings: [.dangling]),
            Scenario(
                name: "a repeated ADD without its used key, the DEL, and an ADD of its address", pool: again.pool,
                operations: [
                    try .add("c0", web(0), on: again), try .delete("c0"), try .add("c1", web(1), on: again),
                ], mayDangle: ["c0"], findings: [.dangling]),
            Scenario(
                name: "the repair of an orphaned reservation and an ADD that uses it", pool: automatic.pool,
                operations: [
                    .repair(
                        .reservationOrphaned, of: chosen, by: [], drops: made, on: automatic.pool),
                    try .add("c1", db(0, "auto"), on: automatic),
                ], findings: [.reservationOrphaned]),
            Scenario(
                name: "the repair of an expired reservation and a new one", pool: expired.pool,
                operations: [
                    .repair(.reservationExpired, of: fixed[0], by: [], drops: old, on: expired.pool),
                    try .reserve([fixed[0]], for: "default/db-1", on: expired.pool),
                ], findings: [.reservationExpired]),
        ]
    }

    // MARK: Go nodes

    /// A network that the Go plugin made, on which the container `go0` has the first address.
    static func goNetwork(dynamic: Int = 2) async throws -> TestNode {
        let node = try network(dynamic: dynamic)
        try await node.pool.put([
            (node.pool.keys.document, NetworkDocument.serialize(node.pool.rangeSets)),
            (node.pool.keys.used(dynamics[0]), "go0"), (node.pool.keys.cursor(rangeSet: 0), "10.50.0.2"),
        ])
        return node
    }

    static func goNodes() async throws -> [Scenario] {
        let new = try network()
        let both = try await usedNetwork()
        let deleted = try await usedNetwork()
        try await started("c1", web(1), on: deleted)
        let foreign = try await usedNetwork(dynamic: 1)
        try await started("c1", web(1), on: foreign)
        let late = try await usedNetwork()
        let noticed = try await usedNetwork()
        let adopted = try await goNetwork()
        var reporting = web(0)
        reporting.addresses = [dynamics[0]]
        let record = try await goNetwork(dynamic: 1)
        let fenced = try await goNetwork()
        let doubted = try await goNetwork()
        let retried = try await goNetwork()
        let passed = try await goNetwork()
        var unrecorded = db(3)
        unrecorded.addresses = [fixed[0]]
        let restored = try await usedNetwork()
        try await started("c0", web(0), on: restored)
        try await restored.pool.remove(restored.pool.keys.used(dynamics[0]))
        let again = try await usedNetwork()
        try await started("c0", web(0), on: again)
        try await again.pool.remove(again.pool.keys.used(dynamics[0]))
        let unverified: Set<AuditCode> = [.unverified, .doubtful]
        return [
            Scenario(
                name: "a Go node's ADD and an ADD on a new network", pool: new.pool,
                operations: [.goAdd("go1", on: new.pool), try .add("c1", web(1), on: new)], goContainers: ["go1"],
                findings: unverified),
            Scenario(
                name: "a Go node's ADD and an ADD", pool: both.pool,
                operations: [.goAdd("go1", on: both.pool), try .add("c1", web(1), on: both)], goContainers: ["go1"],
                findings: unverified),
            Scenario(
                name: "a Go node's ADD and a DEL", pool: deleted.pool,
                operations: [.goAdd("go1", on: deleted.pool), try .delete("c1")], goContainers: ["go1"],
                findings: unverified),
            Scenario(
                name: "a Go node's DEL of our container and an ADD", pool: foreign.pool,
                operations: [.goDelete("c1", on: foreign.pool), try .add("c2", web(2), on: foreign)],
                mayDangle: ["c1"], findings: [.dangling]),
            Scenario(
                name: "a Go node's ADD that outlives its lease, an ADD and its DEL", pool: late.pool,
                operations: [
                    .goAdd("go1", on: late.pool), try .add("c1", web(1), on: late).then(.delete("c1")),
                ], mayDangle: ["c1"], goContainers: ["go1"], goOutlivesItsLease: true,
                findings: unverified.union([.dangling]), isVeryLarge: true),
            Scenario(
                name: "a Go node's ADD that outlives its lease, and a repeated ADD", pool: noticed.pool,
                operations: [
                    .goAdd("go1", on: noticed.pool),
                    try .add("c1", web(1), on: noticed).then(.add("c1", web(1), on: noticed)),
                ], mayDangle: ["c1"], goContainers: ["go1"], goOutlivesItsLease: true,
                findings: unverified.union([.dangling])),
            Scenario(
                name: "a Go node's ADD and the repair of a lost used key", pool: restored.pool,
                operations: [
                    .goAdd("go1", on: restored.pool),
                    .repair(.dangling, of: dynamics[0], by: [web(0)], ends: ["c0"], on: restored.pool),
                ], mayDangle: ["c0"], goContainers: ["go1"], findings: unverified.union([.dangling])),
            Scenario(
                name: "a Go node's ADD and a repeated ADD without its used key", pool: again.pool,
                operations: [.goAdd("go1", on: again.pool), try .add("c0", web(0), on: again)],
                mayDangle: ["c0"], goContainers: ["go1"], findings: unverified.union([.dangling])),
            Scenario(
                name: "the adoption of a Go record and its DEL", pool: adopted.pool,
                operations: [
                    .adopt([reporting]) { $0.holder(of: dynamics[0]) != nil || $0.reservations[dynamics[0]] != nil },
                    try .delete("go0"),
                ], goContainers: ["go0"],
                findings: unverified),
            Scenario(
                name: "the adoption of a Go record and the repair of what no pod reported", pool: doubted.pool,
                operations: [
                    .adopt([reporting]) { $0.holder(of: dynamics[0]) != nil || $0.reservations[dynamics[0]] != nil },
                    .repair(.unverified, of: dynamics[0], by: [], ends: ["go0"], on: doubted.pool),
                ], goContainers: ["go0"], findings: unverified),
            Scenario(
                name: "the adoption of a Go record and an ADD of its container", pool: retried.pool,
                operations: [
                    .adopt([reporting]) { $0.holder(of: dynamics[0]) != nil || $0.reservations[dynamics[0]] != nil },
                    try .add("go0", web(0), on: retried),
                ], goContainers: ["go0"], findings: unverified),
            Scenario(
                name: "the adoption of an unrecorded address, and a reservation that is released", pool: passed.pool,
                operations: [
                    .adopt([unrecorded]) { $0.reservations[fixed[0]] != nil },
                    try passing(for: "default/db-4", on: passed),
                ], goContainers: ["go0"], findings: unverified),
            Scenario(
                name: "the DEL of a Go record, an ADD of its address, and its repair", pool: record.pool,
                operations: [
                    try .delete("go0"), try .add("c1", web(1), on: record),
                    .repair(.unverified, of: dynamics[0], by: [], ends: ["go0"], on: record.pool),
                ], goContainers: ["go0"], findings: unverified),
            Scenario(
                name: "the adoption of an unrecorded address and an ADD that names it", pool: fenced.pool,
                operations: [
                    .adopt([unrecorded]) { $0.reservations[fixed[0]] != nil },
                    try .add("c1", db(4, "10.50.0.8"), on: fenced),
                ],
                goContainers: ["go0"], findings: unverified),
        ]
    }

    private static func onlyReservation(on node: TestNode) async throws -> (IPAddress, Reservation?) {
        let records = node.pool.memory?.records ?? [:]
        for (key, record) in records {
            guard let address = Keyspace.address(of: key, in: node.pool.keys.reservationsPrefix) else { continue }
            return (address, try Reservation(stored: record.value))
        }
        fatalError("there is no reservation")
    }

    /// A reservation of the first fixed address that is made and released again.
    static func passing(for holder: String, on node: TestNode) throws -> ModelOperation {
        let reservation = Reservation(for: try ReservationHolder(holder), by: "root@admin1", since: noon)
        return try .reserve([fixed[0]], for: holder, on: node.pool)
            .then(.release(fixed[0], drops: reservation))
    }

    // MARK: Ends of a tenancy

    /// Whatever may end the tenancy of `c0`, or go on with it, beside whatever may change it in the meantime. `c0` has a reserved address of the
    /// dynamic range, the only one, and its node has started anew since.
    static func endings() async throws -> [Scenario] {
        let later = noon.advanced(bySeconds: 1)
        let pod = db(0)
        typealias Making = (TestNode, Reservation) throws -> ModelOperation
        let enders: [(String, Making)] = [
            ("a DEL", { _, _ in try .delete("c0") }),
            ("GC", { node, _ in try .collect(keeping: ["c9"], on: rebooted(node), ends: ["c0"]) }),
            ("a forced release", { _, mine in .release(dynamics[0], force: true, ends: ["c0"], drops: mine) }),
            ("a repair", { node, _ in .repair(.leaked, of: dynamics[0], by: [], ends: ["c0"], on: node.pool) }),
            ("a takeover", { node, _ in try .add("c1", pod, on: rebooted(node), takes: ["c0"]) }),
            ("another repeated ADD", { node, _ in try .add("c0", pod, on: rebooted(node), at: later) }),
        ]
        let others: [(String, Making)] = [
            (
                "a change of its reservation",
                { node, _ in try .reserve([dynamics[0]], for: "default/db-0", on: node.pool, note: "mysql") }
            ),
            (
                "an ADD of the same container after its DEL",
                { node, _ in try .delete("c0").then(.add("c0", pod, on: rebooted(node), at: later)) }
            ),
            ("a repeated ADD", { node, _ in try .add("c0", pod, on: rebooted(node), at: later) }),
            (
                "a Go node that frees the address and gives it away",
                { _, _ in .goGives(dynamics[0], of: "c0", to: "go1") }
            ),
        ]
        var scenarios: [Scenario] = []
        for (ender, makeEnder) in enders {
            for (other, makeOther) in others {
                let node = try await usedNetwork(dynamic: 1)
                let mine = try await reserved(dynamics[0], for: "default/db-0", on: node)
                try await started("c0", pod, on: node)
                let operations = [try makeEnder(node, mine), try makeOther(node, mine)]
                let isOfGo = operations[1].kind == .go
                scenarios.append(
                    Scenario(
                        name: "\(ender), and \(other)", pool: node.pool, operations: operations,
                        mayDangle: isOfGo ? ["c0"] : [], goContainers: isOfGo ? ["go1"] : [], pods: [pod],
                        findings: isOfGo ? [.dangling, .unverified, .doubtful, .reservationViolated] : []))
            }
        }
        return scenarios
    }
}
