import Testing

@testable import IPAMKit

/// Who had an address, as a pure function of what is stored.
@Suite struct AddressHistoryTests {
    private let ip = address("10.60.0.9")

    private func time(_ hour: Int64) -> Timestamp { noon.advanced(bySeconds: hour * 3600) }

    private func tenancy(_ name: String?, since: Timestamp?) throws -> Tenancy {
        guard let name else { return Tenancy(containerID: "c-go", addresses: [ip]) }
        let attachment = Attachment(
            addresses: [ip], holder: Holder(pod: pod(name), uid: "u-\(name)", node: "n1"), since: since, isFixed: true)
        return Tenancy(try reference("c-\(name.split(separator: "/").last ?? "")"), attachment)
    }

    private func ended(_ name: String?, _ from: Int64?, _ to: Int64, _ event: HistoryEntry.Event = .deleted)
        throws -> HistoryEntry
    {
        Ending(event, at: time(to), by: "kube-ipam on n1").entry(try tenancy(name, since: from.map(time)))
    }

    private func reserved(_ hour: Int64, _ event: HistoryEntry.Event = .reserved) throws -> HistoryEntry {
        HistoryEntry(
            event, at: time(hour), by: "root@a", reservation: Reservation(for: try ReservationHolder("default/db-0")))
    }

    /// - Parameter entries: oldest first, as they are written.
    private func history(
        _ entries: [HistoryEntry], now: Tenancy? = nil, reservation: Reservation? = nil, depth: Int = 8
    ) throws -> AddressHistory {
        var stored = History()
        for entry in entries { stored.record([entry], depth: depth) }
        return AddressHistory(try entry(now, reservation), try History(stored: stored.serialized()))
    }

    private func entry(_ tenancy: Tenancy? = nil, _ reservation: Reservation? = nil) throws -> AddressEntry {
        AddressEntry(network: try NetworkName("k8s"), address: ip, tenancy: tenancy, reservation: reservation)
    }

    private func who(_ history: AddressHistory, at hour: Int64) -> String {
        switch history.holder(at: time(hour)) {
        case .had(let line): line.who + (line.isOpen ? " now" : "")
        case .mayHaveHad(let line): "perhaps \(line.who)"
        case .nobody(let former, let next): "nobody after \(former?.who ?? "-") before \(next?.who ?? "-")"
        case .unknown(let begin): "unknown before \(begin?.description ?? "-")"
        }
    }

    @Test func aHolderHasItFromItsFirstSecondUpToItsLast() throws {
        let history = try history(
            [ended("default/a", 0, 2), ended("default/b", 2, 5, .takenOver), ended("default/c", 7, 8)],
            now: try tenancy("default/d", since: time(9)))
        let expected: [(Int64, String)] = [
            (-1, "unknown before \(time(0))"), (0, "default/a on n1"), (1, "default/a on n1"), (2, "default/b on n1"),
            (4, "default/b on n1"), (5, "nobody after default/b on n1 before default/c on n1"),
            (6, "nobody after default/b on n1 before default/c on n1"), (7, "default/c on n1"),
            (8, "nobody after default/c on n1 before default/d on n1"), (9, "default/d on n1 now"),
            (100, "default/d on n1 now"),
        ]
        for (hour, answer) in expected { #expect(who(history, at: hour) == answer, "hour \(hour)") }
    }

    @Test func whoHadItWithinASecondHadIt() throws {
        let history = try history([ended("default/a", 3, 3)])
        #expect(who(history, at: 3) == "default/a on n1")
        #expect(who(history, at: 4) == "nobody after default/a on n1 before -")
    }

    @Test func nothingIsKnownOfAnAddressWithoutHistory_orBeforeItsHolder() throws {
        #expect(who(try history([]), at: 0) == "unknown before -")
        let held = try history([], now: try tenancy("default/a", since: time(0)))
        #expect(who(held, at: -1) == "unknown before \(time(0))" && who(held, at: 0) == "default/a on n1 now")
    }

    /// What fell out of the history is not taken for nobody.
    @Test func aHistoryThatIsFullReachesBackToItsOldestEntry() throws {
        let entries = try (0..<12).map { try ended("default/p-\($0)", Int64($0) * 10, Int64($0) * 10 + 5) }
        let history = try history(entries)
        #expect(history.lines.count == 8 && history.knownSince == time(40))
        #expect(who(history, at: 35) == "unknown before \(time(40))")
        #expect(who(history, at: 46) == "nobody after default/p-4 on n1 before default/p-5 on n1")
    }

    /// The Go plugin records no time.
    @Test func aHolderWithoutABeginningMayHaveHadItSinceTheOneBefore() throws {
        let history = try history([ended("default/a", 0, 2), ended(nil, nil, 5)], now: try tenancy(nil, since: nil))
        #expect(who(history, at: 1) == "default/a on n1")
        #expect(who(history, at: 3) == "perhaps container c-go")
        #expect(who(history, at: 6) == "perhaps container c-go", "the one that has it now, since nobody knows when")
        #expect(who(try self.history([ended(nil, nil, 5)]), at: 1) == "perhaps container c-go")
        #expect(who(try self.history([ended(nil, nil, 5)]), at: 5) == "nobody after container c-go before -")
    }

    /// Clocks of nodes differ: the newer one counts.
    @Test func ofTwoThatOverlapTheNewerHadIt() throws {
        let history = try history([ended("default/a", 0, 5), ended("default/b", 3, 8)])
        #expect(who(history, at: 4) == "default/b on n1" && who(history, at: 2) == "default/a on n1")
    }

    @Test func reservationsAreLinesAndReachBack_butNobodyHadTheAddressByThem() throws {
        let present = Reservation(for: try ReservationHolder("default/db-0"), note: "x")
        let history = try history(
            [reserved(0), ended("default/a", 2, 3), reserved(4, .released)], reservation: present)
        #expect(history.lines.map(\.eventName) == ["reserved", "released", "deleted", "reserved"])
        #expect(history.lines.map(\.isOpen) == [true, false, false, false])
        #expect(who(history, at: 1) == "nobody after - before default/a on n1")
        #expect(history.tenancies.count == 1)
        let told = try self.history([reserved(0)], reservation: reserved(0).reservation)
        #expect(told.lines.map(\.isOpen) == [true], "the entry is about the reservation that is there")
    }

    @Test func linesAreFoundByPodAndTime() throws {
        let history = try history(
            [reserved(0), ended("default/a", 1, 2), ended("default/b", 3, 4)],
            now: try tenancy("default/a", since: time(6)))
        #expect(
            history.lines.filter { $0.tenancy?.holder.isCalled(pod("default/a")) == true }.map(\.from) == [
                time(6), time(1),
            ])
        #expect(
            history.lines.filter { $0.isChange(since: time(4)) }.map(\.who) == ["default/a on n1", "default/b on n1"])
        #expect(
            try self.history([], now: try tenancy(nil, since: nil)).lines.filter { $0.isChange(since: time(0)) }.isEmpty
        )
    }

    @Test func whatALaterVersionWroteIsCountedAndKept() throws {
        var stored = try History(stored: #"[{"event":"moved","at":"2026-11-23T02:00:00Z","to":"x"},7]"#)
        stored.record([try ended("default/a", 0, 1)], depth: 8)
        #expect(stored.serialized().hasSuffix(#",{"event":"moved","at":"2026-11-23T02:00:00Z","to":"x"},7]"#))
        let history = AddressHistory(try entry(), stored)
        #expect(history.unknownEntries == 2 && history.lines.count == 1)
    }
}
