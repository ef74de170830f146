import Synchronization
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Many tasks at once on small pools; then every revision of the keyspace is looked at.
@Suite(.serialized, .needs(.etcd)) struct InterleavingTests {
    enum Family: CaseIterable, Sendable { case four, six, both }

    /// Something that was called, with the revisions it lies between.
    private struct Call: Sendable {
        enum Kind: Sendable {
            case added(container: String, [IPAddress])
            case refused(container: String, IPAMError)
            case deleted(container: String)
            case reserved([IPAddress])
            case released([ReleaseChange])
        }

        let kind: Kind
        let before: Revision
        let after: Revision
    }

    private func rangeSets(_ family: Family) throws -> [RangeSet] {
        let four = try set("10.65.0.0/28 10.65.0.2-10.65.0.12")
        let six = try set("fd65::/64 fd65::2-fd65::a")
        return switch family {
        case .four: [four]
        case .six: [six]
        case .both: [four, six]
        }
    }

    @Test(arguments: (0..<UInt64(Repetitions.of(2))).map { 61 + $0 }, Family.allCases)
    func noAddressHasTwoHoldersAndNothingIsLostOrInvented(seed: UInt64, family: Family) async throws {
        var generator = SeededGenerator(seed: seed)
        let server = try await EtcdServer.start()
        let pool = try TestPool(try rangeSets(family), on: server)
        let seeds = (0..<8).map { _ in generator.next() }
        let calls = try await withThrowingTaskGroup(of: [Call].self) { group in
            for (index, seed) in seeds.enumerated() {
                group.addTask { try await self.work(pool, worker: index, seed: seed) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(calls.count == 8 * 40)
        let history = try await history(of: pool)
        for index in history.indices {
            check(history[index], before: index > 0 ? history[index - 1] : nil, "\(generator) \(family)")
        }
        check(calls, against: history, pool, "\(generator) \(family)")
    }

    // MARK: The workers

    private func work(_ pool: TestPool, worker: Int, seed: UInt64) async throws -> [Call] {
        var generator = SplitMix(seed)
        let store = pool.store(worker)
        let addresses = pool.rangeSets.flatMap { set in (0..<set.dynamicSpace.count).map { set.dynamicSpace[$0] } }
        var calls: [Call] = []
        while calls.count < 40 {
            let container = "c\(worker)-\(Int.random(in: 0..<3, using: &generator))"
            let pod = "default/w\(worker)-\(container.suffix(1))"
            let chosen = Array(addresses.shuffled(using: &generator).prefix(Int.random(in: 1...3, using: &generator)))
            let before = try await revision(store)
            let kind: Call.Kind
            do {
                let on = pool.pool(store)
                switch Int.random(in: 0..<12, using: &generator) {
                case 0..<6:
                    kind = .added(container: container, try await on.add(pool.request(container, pod)).addresses)
                case 6..<9:
                    _ = try await on.delete(reference(container))
                    kind = .deleted(container: container)
                case 9:
                    let holder = ["", pod, "default/sts/w\(worker)"].randomElement(using: &generator) ?? ""
                    _ = try await on.reserve(pool.orders(chosen, for: holder), rangeSets: pool.rangeSets, now: noon)
                    kind = .reserved(chosen)
                default:
                    kind = .released(try await on.release(chosen, force: Bool.random(using: &generator)))
                }
            } catch let error as IPAMError {
                kind = .refused(container: container, error)
            }
            calls.append(Call(kind: kind, before: before, after: try await revision(store)))
        }
        return calls
    }

    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64
        init(_ seed: UInt64) { state = seed }
        mutating func next() -> UInt64 {
            var generator = SpreadSequence(seed: String(state))
            state &+= 1
            return UInt64(truncatingIfNeeded: generator.next())
        }
    }

    private func revision(_ store: any Store) async throws -> Revision {
        try await store.read([Read(Key("/"))], deadline: .now + .seconds(60)).revision
    }

    // MARK: The keyspace at every revision

    private struct State {
        let revision: Revision
        var used: [IPAddress: String] = [:]
        var reservations: [IPAddress: Reservation] = [:]
        var claims: Set<String> = []
        var attachments: [String: IPAMKit.Attachment] = [:]
    }

    private func history(of pool: TestPool) async throws -> [State] {
        let store = pool.store()
        let end = try await revision(store)
        var states: [State] = []
        // Revision 1 is that of an empty etcd.
        for revision in stride(from: Revision(2), through: end, by: 1) {
            var state = State(revision: revision)
            for (key, value) in try await pool.contents(at: revision) {
                let parts = key.split(separator: "/").map(String.init)
                switch parts[0] {
                case "used": state.used[address(parts[1])] = value
                case "reservations": state.reservations[address(parts[1])] = try Reservation(stored: value)
                case "claims": state.claims.insert(key)
                case "attachments": state.attachments[parts[1]] = try IPAMKit.Attachment(stored: value)
                case "lastReserved", "config": break
                default: Issue.record("nobody should have written \(key)")
                }
            }
            states.append(state)
        }
        return states
    }

    private func check(_ state: State, before: State?, _ comment: Comment) {
        var holders: [IPAddress: String] = [:]
        for (container, attachment) in state.attachments {
            for address in attachment.addresses {
                #expect(holders[address] == nil, "\(comment): \(address) has two holders at \(state.revision)")
                holders[address] = container
            }
        }
        #expect(holders == state.used, "\(comment): attachments and used keys differ at \(state.revision)")
        let claims = state.reservations.compactMap { address, reservation -> String? in
            switch reservation.holder.claimOwner {
            case .pod(let pod)?: "claims/\(pod.namespace)/pod/\(pod.name)/\(address)"
            case .workload(let namespace, let name)?: "claims/\(namespace)/workload/\(name)/\(address)"
            case nil: nil
            }
        }
        #expect(Set(claims) == state.claims, "\(comment): claims and reservations differ at \(state.revision)")
        for (address, container) in state.used where before?.used[address] == nil {
            guard let reservation = before?.reservations[address] else { continue }
            let holder = state.attachments[container]?.holder
            #expect(
                reservation.holder.claimOwner != nil && reservation.holder.admits(holder),
                "\(comment): \(address), reserved for \(reservation.holder.phrase), was given to \(container)")
        }
    }

    // MARK: What the callers were told

    private func check(_ calls: [Call], against history: [State], _ pool: TestPool, _ comment: Comment) {
        let empty = State(revision: 1)
        func states(_ call: Call) -> [State] {
            ([empty] + history).filter { $0.revision >= call.before && $0.revision <= call.after }
        }
        var given: Set<String> = []
        for call in calls {
            switch call.kind {
            case .added(let container, let addresses):
                #expect(
                    states(call).contains { $0.attachments[container]?.addresses == addresses },
                    "\(comment): \(container) was told \(addresses), which was never recorded")
                given.formUnion(addresses.map { "\(container) \($0)" })
            case .deleted(let container):
                // A container is one worker's: nobody adds it again meanwhile.
                #expect(states(call).contains { $0.attachments[container] == nil }, "\(comment): \(container)")
            case .reserved(let addresses):
                #expect(
                    states(call).contains { state in addresses.allSatisfy { state.reservations[$0] != nil } },
                    "\(comment): reserving \(addresses)")
            case .released(let changes):
                for change in changes where change.freed != nil || change.dropped != nil {
                    #expect(
                        states(call).contains { state in
                            (change.freed == nil || state.used[change.address] == nil)
                                && (change.dropped == nil || state.reservations[change.address] == nil)
                        }, "\(comment): \(change)")
                }
            case .refused(_, .exhausted):
                #expect(
                    states(call).contains { state in
                        pool.rangeSets.contains { set in
                            let space = set.dynamicSpace
                            return (0..<space.count).allSatisfy {
                                state.used[space[$0]] != nil || state.reservations[space[$0]] != nil
                            }
                        }
                    }, "\(comment): exhausted, but there was room from \(call.before) to \(call.after)")
            case .refused(_, let error):
                switch error {
                case .conflicts, .nothingToRelease, .reservationsInUse, .unverifiable: break
                default: Issue.record("\(comment): \(error)")
                }
            }
        }
        // Nothing is lost: an attachment that goes was deleted by its worker, or freed by force, and vice versa.
        var present: [String: IPAMKit.Attachment] = [:]
        for state in history {
            for (container, attachment) in present where state.attachments[container] != attachment {
                let isAsked = calls.contains { call in
                    guard call.before < state.revision, state.revision <= call.after else { return false }
                    return switch call.kind {
                    case .deleted(let deleted): deleted == container
                    case .released(let changes): changes.contains { $0.freed?.containerID == container }
                    default: false
                    }
                }
                #expect(isAsked, "\(comment): \(container) lost \(attachment.addresses) at \(state.revision)")
            }
            for (container, attachment) in state.attachments where present[container] != attachment {
                #expect(
                    attachment.addresses.allSatisfy { given.contains("\(container) \($0)") },
                    "\(comment): \(container) has \(attachment.addresses) that nobody was told of")
            }
            present = state.attachments
        }
    }
}
