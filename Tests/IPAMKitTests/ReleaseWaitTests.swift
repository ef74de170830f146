import Testing

@testable import IPAMKit
@testable import Store

/// An ADD that waits: for a holder that is about to go, and for the Go plugin's lock. No test waits: the clock is its own.
@Suite struct ReleaseWaitTests {
    private let wanted = address("10.73.0.20")

    /// A node whose pod default/db-0 has the address as c1, and is being deleted.
    private func nodeOfALeavingPod() async throws -> TestNode {
        let node = try TestNode.first([set("10.73.0.0/24 10.73.0.100-10.73.0.200 10.73.0.10-10.73.0.50")])
        var former = db("u1")
        _ = try await node.start("c1", former)
        former.isTerminating = true
        node.cluster.put(former)
        return node
    }

    private func db(_ uid: String) -> Pod { Pod.member("default/db-0", uid: uid, ip: "10.73.0.20") }

    /// Another pod that asks for the address.
    private func other(in node: TestNode) -> Pod {
        let pod = Pod.member("default/db-1", uid: "u2", ip: "10.73.0.20")
        node.cluster.put(pod)
        return pod
    }

    private func elapsed(_ node: TestNode) throws -> Duration { try #require(node.pool.clock).elapsed }

    @Test func itGoesOnAsSoonAsTheHolderIsGone() async throws {
        let node = try await nodeOfALeavingPod()
        let pool = node.pool
        try #require(pool.clock).plan(after: .seconds(40)) { _ = try? await pool.pool().delete(reference("c1")) }
        let added = try await node.add("c2", other(in: node), waiting: .seconds(120))
        #expect(added.addresses == [wanted] && added.waited == .seconds(40))
        #expect(try elapsed(node) == .seconds(40))
        let attachment = try await node.pool.pool().history(of: wanted).entry.tenancy?.attachment
        #expect(attachment?.since == noon.advanced(bySeconds: 40), "what is recorded begins after the wait")
    }

    /// What else changes in the network does not end the wait.
    @Test func otherChangesAreNoEndOfTheWait() async throws {
        let node = try await nodeOfALeavingPod()
        let pool = node.pool
        let clock = try #require(pool.clock)
        clock.plan(after: .seconds(10)) { try? await pool.put([(pool.keys.used(address("10.73.0.21")), "c9")]) }
        clock.plan(after: .seconds(30)) { _ = try? await pool.pool().delete(reference("c1")) }
        #expect(try await node.add("c2", other(in: node), waiting: .seconds(60)).waited == .seconds(30))
    }

    /// Its own time limit, which is shorter than the wait, moves with it.
    @Test func aHolderThatStaysIsWaitedForAsLongAsAskedAndNoLonger() async throws {
        let node = try await nodeOfALeavingPod()
        let before = try await node.pool.contents()
        let error = await #expect(throws: IPAMError.self) {
            _ = try await node.add("c2", other(in: node), waiting: .seconds(120), limit: .seconds(5))
        }
        #expect(error?.cniCode == .tryAgainLater, "\(String(describing: error))")
        #expect(try elapsed(node) == .seconds(120))
        #expect(try await node.pool.contents() == before)
    }

    @Test func nothingIsWaitedForUnlessAsked() async throws {
        let node = try await nodeOfALeavingPod()
        let other = other(in: node)
        #expect(await node.refusal("c2", other)?.cniCode == .tryAgainLater)
        #expect(try elapsed(node) == .zero)
    }

    /// A holder that was seen gone counts as gone a minute later: that is near enough to wait for, or not.
    @Test(arguments: [60, 59] as [Int64])
    func aHolderThatSoonCountsAsGoneIsWaitedForIfThatIsInTime(seconds: Int64) async throws {
        let node = try await nodeOfALeavingPod()
        node.cluster.remove(db("u1").reference)
        let rebuilt = Pod.member("default/db-0", uid: "u3", ip: "10.73.0.20", node: "n2")
        node.cluster.put(rebuilt)
        let second = node.other("n2")
        #expect(await second.refusal("c2", rebuilt)?.cniCode == .tryAgainLater)
        guard seconds == Suspect.confirmationSeconds else {
            await #expect(throws: IPAMError.self) {
                _ = try await second.add("c2", rebuilt, waiting: .seconds(seconds))
            }
            #expect(try elapsed(node) == .zero, "it would not end in time")
            return
        }
        let added = try await second.add("c2", rebuilt, waiting: .seconds(seconds))
        #expect(added.addresses == [wanted] && added.takeovers.count == 1)
        #expect(try elapsed(node) == .seconds(seconds))
    }

    // MARK: The Go plugin's lock

    @Test func theLockIsWaitedForUntilItIsReleased() async throws {
        let node = try await nodeOfALeavingPod()
        let pool = node.pool
        try await pool.put([(pool.keys.lock, "7587")])
        try #require(pool.clock).plan(after: .seconds(7)) {
            let unlock = Transaction(if: [], then: [.delete(KeyRange(pool.keys.lock))])
            _ = try? await pool.store().commit(unlock, deadline: .now + .seconds(60))
        }
        let plain = Pod.member("default/x-0", uid: "x")
        node.cluster.put(plain)
        #expect(try await node.add("c3", plain).addresses == [address("10.73.0.100")])
        #expect(try elapsed(node) == .seconds(7))
    }

    @Test func aLockThatStaysEndsTheAddAtItsTimeLimit() async throws {
        let node = try await nodeOfALeavingPod()
        try await node.pool.put([(node.pool.keys.lock, "7587")])
        let plain = Pod.member("default/x-0", uid: "x")
        node.cluster.put(plain)
        await #expect(throws: IPAMError.locked(network: node.pool.network, lease: "7587")) {
            _ = try await node.add("c3", plain, limit: .seconds(30))
        }
        #expect(try elapsed(node) == .seconds(30))
    }
}
