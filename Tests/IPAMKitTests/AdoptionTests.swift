import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// What the Go plugin left in the store, and pods that Kubernetes has.
@Suite struct AdoptionTests {
    private func pool(_ used: [String: String] = [:], sets: [String] = ["10.64.0.0/16"]) async throws -> TestPool {
        let pool = try TestPool(sets.map { try set($0) })
        try await pool.put(
            [(pool.keys.document, NetworkDocument.serialize(pool.rangeSets))]
                + used.map { (pool.keys.used(address($0.key)), $0.value) })
        return pool
    }

    private func live(_ name: String, _ addresses: String..., uid: String? = nil) -> Pod {
        var pod = Pod.member("default/" + name, uid: uid ?? "u-\(name)")
        pod.addresses = addresses.map(address)
        return pod
    }

    private func plan(_ pool: TestPool, _ pods: [Pod], at now: Timestamp = noon, store: FaultyStore? = nil)
        async throws -> Adoption
    {
        try await pool.pool(store).planAdoption(
            configured: nil, cluster: "cluster-1", observe: { () async throws(PodSourceError) in Listing(pods) },
            now: { now })
    }

    private func adopt(_ pool: TestPool, _ pods: [Pod], store: FaultyStore? = nil) async throws -> [AdoptionOutcome] {
        try await pool.pool(store).adopt(plan(pool, pods), by: "root@admin1", at: noon)
    }

    private func reasons(_ adoption: Adoption) -> [String: String] {
        var reasons: [String: String] = [:]
        for step in adoption.steps {
            if case .conflict(let reason) = step.action { reasons[step.addresses[0].description] = reason }
        }
        return reasons
    }

    // MARK: Recording

    @Test func aContainerOfTheGoPluginGetsAnAttachmentOfAllItsAddresses() async throws {
        let pool = try await pool(
            ["10.64.0.5": "go1", "fd64::5": "go1", "10.64.0.6": "go2"], sets: ["10.64.0.0/16", "fd64::/64"])
        let web = live("web-6d9b74fd4d-xjhek", "10.64.0.5", "fd64::5")
        let before = try await pool.contents()
        #expect(try await plan(pool, [web, live("db-0", "10.64.0.6")]).steps.count == 2)
        #expect(try await pool.contents() == before, "a plan changes nothing")
        let outcomes = try await adopt(pool, [web, live("db-0", "10.64.0.6")])
        #expect(outcomes.map(\.isDone) == [true, true])
        let contents = try await pool.contents()
        #expect(
            contents["attachments/go1/eth0"] == """
                {"addresses":["10.64.0.5","fd64::5"],"namespace":"default","pod":"web-6d9b74fd4d-xjhek",\
                "uid":"u-web-6d9b74fd4d-xjhek","workload":"deploy/web","node":"n1","cluster":"cluster-1",\
                "since":"\(noon)","fixed":false}
                """)
        #expect(contents.filter { $0.key.hasPrefix("used/") } == before.filter { $0.key.hasPrefix("used/") })
        let again = try await plan(pool, [web, live("db-0", "10.64.0.6")])
        #expect(again.steps.isEmpty && again.recorded == 3 && again.obstacles.isEmpty)
        #expect(try await pool.pool().delete(reference("go1")).count == 2)
        #expect(try await !pool.contents().keys.contains { $0.contains("go1") || $0 == "used/fd64::5" })
    }

    @Test func podsThatHaveNoAddressOfThePoolAreNotLookedAt() async throws {
        let pool = try await pool(["10.64.0.5": "go1"])
        var host = live("host-0", "10.64.0.5")
        host.usesHostNetwork = true
        var done = live("done-0", "10.64.0.5")
        done.isTerminal = true
        let adoption = try await plan(pool, [host, done, live("far-0", "10.99.0.5"), live("none-0")])
        #expect(adoption.steps.isEmpty && adoption.recorded == 0)
        #expect(adoption.obstacles.count == 1, "the used key is nobody's: \(adoption.obstacles)")
    }

    @Test func moreThanOneTransactionTakes() async throws {
        let used = (0..<250).map { ("10.64.\(1 + $0 / 200).\($0 % 200)", "go\($0)") }
        let pool = try await pool(Dictionary(uniqueKeysWithValues: used))
        let pods = (0..<300).map { index in
            live("p-\(index)", index < 250 ? used[index].0 : "10.64.9.\(index - 250)")
        }
        let outcomes = try await adopt(pool, pods)
        #expect(outcomes.count == 300 && outcomes.allSatisfy(\.isDone))
        let keys = try await pool.contents().keys
        #expect(keys.count { $0.hasPrefix("attachments/") } == 250 && keys.count { $0.hasPrefix("claims/") } == 50)
        #expect(try await plan(pool, pods).steps.isEmpty)
    }

    // MARK: Fences

    @Test func anUnrecordedAddressIsReserved_forThePodOrItsDeployment() async throws {
        let pool = try await pool()
        let pods = [live("db-0", "10.64.0.5"), live("web-6d9b74fd4d-xjhek", "10.64.0.6")]
        let outcomes = try await adopt(pool, pods)
        #expect(outcomes.map(\.isDone) == [true, true])
        let contents = try await pool.contents()
        #expect(contents["reservations/10.64.0.5"]?.contains(#""for":"default/db-0","by":"root@admin1""#) == true)
        #expect(contents["reservations/10.64.0.6"]?.contains(#""for":"default/deploy/web""#) == true)
        #expect(contents["claims/default/pod/db-0/10.64.0.5"] == "")
        #expect(contents["claims/default/workload/web/10.64.0.6"] == "")
        #expect(try await pool.pool().history(of: address("10.64.0.5")).entries.map(\.event) == [.reserved])
        let again = try await plan(pool, pods)
        #expect(again.steps.isEmpty && again.recorded == 2)
        #expect(again.obstacles.count == 1 && again.obstacles[0].contains("10.64.0.6"), "\(again.obstacles)")
    }

    /// Its address may have been freed a moment ago, and a reservation would outlast the pod.
    @Test func aPodThatIsBeingDeletedIsNotFenced_butStandsAgainstTheEnd() async throws {
        let pool = try await pool(["10.64.0.6": "go2"])
        var db = live("db-0", "10.64.0.5")
        db.isTerminating = true
        var web = live("web-6d9b74fd4d-xjhek", "10.64.0.6")
        web.isTerminating = true
        let adoption = try await plan(pool, [db, web])
        #expect(adoption.steps.map(\.addresses) == [[address("10.64.0.6")]])
        #expect(
            adoption.obstacles == ["10.64.0.5 of default/db-0 on n1: it is not recorded, and the pod is being deleted"])
    }

    // MARK: Conflicts

    @Test func whatIsRecordedForAnotherIsToldAndLeft() async throws {
        let pool = try await pool(["10.64.0.8": "go8", "10.64.0.9": "go9", "10.64.0.10": "a/b", "10.64.0.12": "go9"])
        let other = Attachment(
            addresses: [address("10.64.0.5")], holder: Holder(pod: pod("default/other-0"), node: "n1"), since: noon,
            isFixed: true)
        try await pool.put([
            (pool.keys.used(address("10.64.0.5")), "c5"),
            (pool.keys.attachment(try reference("c5")), other.json.serialized()),
        ])
        for (text, holder) in [("10.64.0.6", "default/other-0"), ("10.64.0.7", "")] {
            _ = try await pool.pool().reserve(
                pool.orders([address(text)], for: holder, expires: text.hasSuffix("7") ? noon : nil),
                rangeSets: pool.rangeSets, now: noon)
        }
        try await pool.put([
            (pool.keys.attachment(try reference("go8")), "junk"),
            (
                pool.keys.attachment(try reference("c11")),
                #"{"addresses":["10.64.0.11"],"namespace":"default","pod":"x-0"}"#
            ),
        ])
        let pods =
            (5...8).map { live("p-\($0)", "10.64.0.\($0)") } + [
                live("p-9", "10.64.0.9"), live("p-10", "10.64.0.10"), live("p-11", "10.64.0.11"),
                live("p-12", "10.64.0.12"), live("p-13", "10.64.0.13"), live("q-13", "10.64.0.13"),
            ]
        let before = try await pool.contents()
        let late = noon.advanced(bySeconds: 301)
        let adoption = try await plan(pool, pods, at: late)
        #expect(
            reasons(adoption) == [
                "10.64.0.5": "it is recorded for default/other-0 on n1",
                "10.64.0.6": "it is not recorded, and it is reserved for default/other-0",
                "10.64.0.7": "it is not recorded, and its reservation has expired",
                "10.64.0.8": "the attachment of its container go8 does not contain it",
                "10.64.0.9": "other pods report other addresses of its container go9",
                "10.64.0.10": #"the value of its used key, "a/b", is not a valid container ID"#,
                "10.64.0.11": "the attachment of default/x-0 has it without a used key",
                "10.64.0.12": "other pods report other addresses of its container go9",
                "10.64.0.13": "default/q-13 on n1 also has it",
            ])
        #expect(adoption.obstacles.count == 9)
        let outcomes = try await pool.pool().adopt(adoption, by: "root@a", at: late)
        #expect(outcomes.allSatisfy { !$0.isDone })
        #expect(try await pool.contents() == before)
    }

    @Test func aHolderWithoutAPodIsNotAnothers() async throws {
        let pool = try await pool()
        var request = try pool.request("c5")
        request.requested = [address("10.64.0.5")]
        _ = try await pool.pool().add(request)
        let adoption = try await plan(pool, [live("p-0", "10.64.0.5")])
        #expect(adoption.steps.isEmpty && adoption.recorded == 1)
    }

    // MARK: Changes in between, and faults

    @Test func whatChangesInBetweenIsLeftAlone() async throws {
        let pool = try await pool(["10.64.0.5": "go5", "10.64.0.6": "go6"])
        let store = FaultyStore(
            pool.store(),
            faults: [
                .meanwhile {
                    try await pool.put([
                        (pool.keys.used(address("10.64.0.5")), "another"),
                        (pool.keys.attachment(try reference("go6")), #"{"addresses":["10.64.0.6"]}"#),
                        (pool.keys.used(address("10.64.0.7")), "new"),
                        (pool.keys.reservation(address("10.64.0.8")), "{}"),
                    ])
                }
            ])
        let pods = (5...9).map { live("p-\($0)", "10.64.0.\($0)") }
        let outcomes = try await adopt(pool, pods, store: store)
        #expect(outcomes.map(\.isDone) == [false, false, false, false, true])
        let contents = try await pool.contents()
        #expect(
            contents["attachments/go5/eth0"] == nil
                && contents["attachments/go6/eth0"] == #"{"addresses":["10.64.0.6"]}"#)
        #expect(contents["reservations/10.64.0.7"] == nil && contents["reservations/10.64.0.8"] == "{}")
    }

    @Test(arguments: [FaultyStore.Fault.loseAnswer, .loseRequest])
    func aLostAnswerIsLookedUp(fault: FaultyStore.Fault) async throws {
        let pool = try await pool(["10.64.0.5": "go5"])
        let store = FaultyStore(pool.store(), faults: [fault])
        let outcomes = try await adopt(pool, [live("p-5", "10.64.0.5"), live("p-6", "10.64.0.6")], store: store)
        #expect(outcomes.map(\.isDone) == [true, true])
        #expect(try await pool.pool().history(of: address("10.64.0.6")).entries.count == 1)
    }

    /// A pod of which nobody can tell what it has stands against the end of Go nodes, and the others are adopted.
    @Test func aPodThatCannotBeReadIsAnObstacleAndTheOthersAreAdopted() async throws {
        let pool = try await pool(["10.64.0.5": "go5"])
        var odd = live("odd-0")
        odd.unreadableAddresses = ["<nil>"]
        let broken = UnreadableObject(.pod, namespace: "default", name: "x", uid: nil, problem: "y")
        let pods = Listing([live("p-5", "10.64.0.5"), odd], unreadable: [broken])
        let adoption = try await pool.pool().planAdoption(
            configured: nil, cluster: "cluster-1", observe: { () async throws(PodSourceError) in pods }, now: { noon })
        #expect(adoption.steps.map { $0.addresses } == [[address("10.64.0.5")]])
        #expect(
            adoption.obstacles == [
                "Kubernetes lists pod default/x, which cannot be read: y; its addresses are not known"
            ])
        #expect(adoption.doubt?.contains("default/odd-0") == true, "\(adoption.doubt ?? "none")")
    }

    /// Its used key came after the store was read.
    @Test func aPodThatStartedSinceTheLookIsNotFenced() async throws {
        let pool = try await pool()
        let pod = live("p-0", "10.64.0.5")
        let adoption = try await pool.pool().planAdoption(
            configured: nil, cluster: nil,
            observe: { () async throws(PodSourceError) in
                try? await pool.put([(pool.keys.used(address("10.64.0.5")), "new")])
                return Listing([pod])
            }, now: { noon })
        #expect(adoption.steps.isEmpty)
    }

    @Test func podsThatCannotBeListedChangeNothing_norDoesAnUnknownNetwork() async throws {
        let pool = try await pool(["10.64.0.5": "go5"])
        await #expect(throws: IPAMError.lookupFailed(PodSourceError("no"))) {
            _ = try await pool.pool().planAdoption(
                configured: nil, cluster: nil,
                observe: { () async throws(PodSourceError) -> Listing<Pod> in throw PodSourceError("no") },
                now: { noon })
        }
        let unknown = try TestPool([set("10.64.0.0/24")])
        await #expect(throws: IPAMError.unknownNetwork(unknown.network)) {
            _ = try await plan(unknown, [live("p-5", "10.64.0.5")])
        }
    }

    // MARK: The end of Go nodes

    @Test func theEndOfGoNodesIsWrittenOnce_withWhatIsThereKept() async throws {
        let pool = try await pool()
        #expect(try await plan(pool, []).hasGoNodes)
        _ = try await pool.pool().hold(.init(by: "a", reason: "b", since: nil))
        #expect(try await pool.pool(FaultyStore(pool.store(), faults: [.loseAnswer])).endGoNodes())
        #expect(
            try await pool.contents()["config"]
                == #"{"hold":{"by":"a","reason":"b"},"format":1,"goNodes":false,"fixed":[]}"#)
        #expect(try await !pool.pool().endGoNodes())
        #expect(try await !plan(pool, []).hasGoNodes)
    }
}
