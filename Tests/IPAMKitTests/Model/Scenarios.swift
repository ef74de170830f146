import TestSupport

@testable import IPAMKit
@testable import Store

/// The scenarios: each is a small network whose operations collide.
extension Scenario {
    /// All scenarios, anew: none of them has run yet.
    static func all() async throws -> [Scenario] {
        try await dynamic() + fixedAddresses() + takeovers() + reservations() + operators() + goNodes() + endings()
    }

    // MARK: Networks and pods

    /// Two or three dynamic addresses, and two fixed ones.
    static let dynamics = ["10.50.0.2", "10.50.0.3", "10.50.0.4"].map(address)
    static let fixed = ["10.50.0.8", "10.50.0.9"].map(address)

    /// A network of which this many addresses are dynamic.
    static func network(dynamic: Int = 2) throws -> TestNode {
        try TestNode.first([set("10.50.0.0/28 10.50.0.2-10.50.0.\(1 + dynamic) 10.50.0.8-10.50.0.9")])
    }

    /// The same on which an address was given before, so that its document and its settings are there.
    static func usedNetwork(dynamic: Int = 2) async throws -> TestNode {
        let node = try network(dynamic: dynamic)
        try await node.pool.put([
            (node.pool.keys.document, NetworkDocument.serialize(node.pool.rangeSets)),
            (node.pool.keys.settings, settings(of: node.pool).serialized()),
        ])
        return node
    }

    static func settings(of pool: TestPool) -> NetworkSettings {
        var settings = NetworkSettings(hasGoNodes: false, fixed: [])
        settings.record(pool.rangeSets)
        return settings
    }

    /// A replica of the Deployment `default/web`.
    static func web(_ number: Int, _ wish: String? = nil, node: String = "n1") -> Pod {
        .member("default/web-6d9b74fd4d-xjhe\(number)", uid: "u-web-\(number)", ip: wish, node: node)
    }

    /// A pod of the StatefulSet `default/db`.
    static func db(_ number: Int, _ wish: String? = nil, node: String = "n1", uid: String? = nil) -> Pod {
        .member("default/db-\(number)", uid: uid ?? "u-db-\(number)", ip: wish, node: node)
    }

    /// A sandbox that runs before the scenario begins.
    static func started(_ container: String, _ pod: Pod, on node: TestNode) async throws {
        _ = try await node.start(container, pod)
    }

    static func reserved(
        _ address: IPAddress, for holder: String, on node: TestNode, expires: Timestamp? = nil, plan: PlanName? = nil
    ) async throws -> Reservation {
        var reservation = Reservation(
            for: try ReservationHolder(holder), by: "root@admin1", since: noon, expires: expires)
        reservation.plan = plan
        let order = ReservationOrder(address: address, reservation: reservation)
        _ = try await node.pool.pool().reserve([order], rangeSets: node.pool.rangeSets, now: noon)
        return reservation
    }

    /// What a holder that is gone leaves on its node.
    static func gone(_ containers: String..., on node: TestNode) -> TestNode {
        var node = node
        node.gone = Set(containers.map { "/run/netns/\($0)" })
        return node
    }

    static func rebooted(_ node: TestNode) -> TestNode {
        var node = node
        node.boot = "boot-2"
        return node
    }
}

extension TestPool {
    /// Deletes a key outside any operation under test.
    func remove(_ key: Key) async throws {
        _ = try await store().commit(
            Transaction(if: [], then: [.delete(KeyRange(key))]), deadline: .now + .seconds(60))
    }
}
