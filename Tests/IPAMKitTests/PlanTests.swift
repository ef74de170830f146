import EtcdClient
import EtcdStore
import HTTPTransport
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// What was planned, and perhaps shown to an operator, is what is carried out.
@Suite struct PlanTests {
    private let wanted = address("10.97.0.20")

    private func pool() throws -> TestPool { try TestPool([set("10.97.0.0/16")]) }

    private func order(_ address: IPAddress, note: String? = nil) throws -> ReservationOrder {
        ReservationOrder(
            address: address,
            reservation: Reservation(for: try ReservationHolder("default/db-0"), by: "a@a", note: note, since: noon))
    }

    private func plan(_ pool: TestPool, _ orders: [ReservationOrder]) async throws -> ReservePlan {
        try await pool.pool().planReservations(orders, rangeSets: pool.rangeSets, now: noon)
    }

    private func reserve(_ pool: TestPool, _ orders: [ReservationOrder]) async throws {
        try await pool.pool().carryOut(plan(pool, orders))
    }

    /// The update that was shown would overwrite a note that nobody has seen.
    @Test func updateOfAReservationThatHasChangedIsNotMade() async throws {
        let pool = try pool()
        try await reserve(pool, [order(wanted, note: "first")])
        let shown = try await plan(pool, [order(wanted, note: "mine")])
        #expect(shown.changes.map(\.kind) == [.updated])
        try await pool.pool().carryOut(
            pool.pool().planReservations(
                [
                    ReservationOrder(
                        address: wanted,
                        reservation: Reservation(
                            for: try ReservationHolder("default/db-0"), note: "theirs",
                            expires: noon.advanced(bySeconds: 9000)))
                ], rangeSets: pool.rangeSets, now: noon))
        let before = try await pool.contents()
        await #expect(throws: IPAMError.outdated(network: pool.network, [wanted])) {
            try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.contents() == before)
    }

    @Test func updateOfAReservationThatIsGoneIsNotMade() async throws {
        let pool = try pool()
        try await reserve(pool, [order(wanted, note: "first")])
        let shown = try await plan(pool, [order(wanted, note: "mine")])
        _ = try await pool.pool().release([wanted], force: false)
        await #expect(throws: IPAMError.outdated(network: pool.network, [wanted])) {
            try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.contents().isEmpty)
    }

    @Test func reservationThatAnotherOperatorMadeInTheSameWayIsSuccess() async throws {
        let pool = try pool()
        let shown = try await plan(pool, [order(wanted)])
        let theirs = Reservation(for: try ReservationHolder("default/db-0"), by: "b@b", since: noon)
        try await reserve(pool, [ReservationOrder(address: wanted, reservation: theirs)])
        let before = try await pool.contents()
        let made = try await pool.pool().carryOut(shown)
        #expect(made.map(\.kind) == [.unchanged] && made[0].reservation == theirs)
        #expect(try await pool.contents() == before)
    }

    /// Many addresses are guarded together, and such a guard does not see a deletion.
    @Test func ofManyReservationsOneThatWasDeletedWithoutATraceIsMadeAnew() async throws {
        let pool = try pool()
        let orders = try (0..<60).map { try order(address("10.97.1.\($0)")) }
        let former = Reservation(for: try ReservationHolder("default/db-0"), by: "b@b", since: nil)
        try await reserve(pool, [ReservationOrder(address: orders[0].address, reservation: former)])
        let shown = try await plan(pool, orders)
        #expect(shown.changes[0].kind == .unchanged)
        _ = try await pool.store().commit(
            Transaction(
                if: [],
                then: [
                    .delete(KeyRange(pool.keys.reservation(orders[0].address))),
                    .delete(KeyRange(prefix: pool.keys.claimsPrefix(of: try #require(former.holder.claimOwner)))),
                ]), deadline: .now + .seconds(60))
        let made = try await pool.pool().carryOut(shown)
        #expect(made.allSatisfy { $0.kind == .reserved })
        let stored = try #require(try await pool.contents()["reservations/10.97.1.0"])
        #expect(try Reservation(stored: stored).by == "a@a")
    }

    @Test func holdThatWasReplacedIsNotLifted() async throws {
        let pool = try pool()
        _ = try await pool.pool().add(pool.request("c1"))
        _ = try await pool.pool().hold(.init(by: "a@a", reason: "first", since: nil))
        let shown = try await pool.pool().plan(.unhold)
        _ = try await pool.pool().unhold()
        let second = NetworkSettings.Hold(by: "b@b", reason: "second", since: nil)
        _ = try await pool.pool().hold(second)
        await #expect(throws: IPAMError.outdated(network: pool.network, [])) {
            try await pool.pool().carryOut(shown)
        }
        #expect(try await pool.pool().plan(.unhold).hold == second)
    }

    @Test func changeOfSettingsThatAnotherOperatorMadeIsNotMadeTwice() async throws {
        let pool = try pool()
        _ = try await pool.pool().add(pool.request("c1"))
        let hold = NetworkSettings.Hold(by: "a@a", reason: "moving", since: nil)
        let shown = try await pool.pool().plan(.hold(hold))
        let theirs = NetworkSettings.Hold(by: "b@b", reason: "moving", since: nil)
        _ = try await pool.pool().hold(theirs)
        #expect(try await pool.pool().carryOut(shown) == false)
        #expect(try await pool.pool().plan(.unhold).hold == theirs)
    }

    /// Go nodes do not end because of a hold, nor in spite of one.
    @Test func endOfGoNodesGoesOnWhateverTheHold() async throws {
        let pool = try pool()
        try await pool.put([(pool.keys.document, NetworkDocument.serialize(pool.rangeSets))])
        let shown = try await pool.pool().plan(.endGoNodes)
        _ = try await pool.pool().hold(.init(by: "a@a", reason: "moving", since: nil))
        #expect(try await pool.pool().carryOut(shown))
        let now = try await pool.pool().plan(.endGoNodes)
        #expect(!now.isNeeded && now.hold?.reason == "moving")
    }

    /// An address that is selected for its reservation may be in use by somebody else.
    @Test func forceFreesOnlyTheTenanciesThatAreMeant() async throws {
        let pool = try pool()
        try await reserve(pool, [order(wanted)])
        try await pool.put([(pool.keys.used(wanted), "intruder")])
        let plan = try await pool.pool().planRelease(of: [wanted], force: true, frees: { _ in false })
        #expect(plan.tenancies.isEmpty && plan.changes.map { $0.stillUsed?.containerID } == ["intruder"])
        let changes = try await pool.pool().carryOut(plan)
        #expect(changes.map { $0.dropped?.by } == ["a@a"] && changes[0].freed == nil)
        #expect(try await pool.contents() == ["used/\(wanted)": "intruder"])
    }

    /// etcd up to 3.5 checks only at the root of a transaction whether its user may write (CVE-2026-33343).
    @Test(.needs(.etcd), arguments: EtcdServer.Version.allCases)
    func garbageCollectionNeedsTheRightToWrite(version: EtcdServer.Version) async throws {
        let server = try await EtcdServer.start(version: version, arguments: ["--bcrypt-cost", "4"])
        let pool = try TestPool([set("10.97.0.0/24")], on: server)
        let node = TestNode(pool: pool, cluster: TestCluster())
        for index in 0..<3 {
            _ = try await node.start("c\(index)", Pod.member("default/p-\(index)", uid: "u\(index)"))
        }
        let before = try await pool.contents()
        for arguments in [
            ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"], ["user", "add", "reader:pw"],
            ["role", "add", "reader"], ["role", "grant-permission", "reader", "--prefix=true", "read", "/"],
            ["user", "grant-role", "reader", "reader"], ["auth", "enable"],
        ] { try await server.etcdctl(arguments) }
        func store(_ user: String, _ password: String) -> EtcdStore {
            var configuration = EtcdConfiguration(endpoints: server.endpoints)
            configuration.credentials = EtcdConfiguration.Credentials(user: user, password: password)
            return EtcdStore(client: EtcdClient(configuration, loop: TransferLoop.onOwnThread()))
        }
        let reader = AddressPool(
            store: store("reader", "pw"), network: pool.network, deadline: .now + .seconds(60), historyDepth: 0)
        let view = NodeView.test("n1", boot: "n1-boot-1") { $0 == "/run/netns/c2" ? .there : .absent }
        let refusal = await #expect(throws: IPAMError.self) {
            _ = try await reader.collectGarbage(keeping: [], on: view)
        }
        #expect(refusal?.description.contains("permission denied") == true, "\(String(describing: refusal))")
        let root = AddressPool(store: store("root", "rootpw"), network: pool.network, deadline: .now + .seconds(60))
        #expect(try await root.inventory().entries.filter { $0.state == .used }.count == 3, "\(before)")
        #expect(try await root.collectGarbage(keeping: [], on: view).count == 2)
    }
}
