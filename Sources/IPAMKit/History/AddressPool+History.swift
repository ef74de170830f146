import Store

extension AddressPool {
    /// Reads the past and the present of one address, by one small read, or two if the address is in use.
    ///
    /// - Throws: ``IPAMError``, `store`.
    public func history(of address: IPAddress) async throws(IPAMError) -> AddressHistory {
        let snapshot = try await read([
            Read(keys.history(address)), Read(keys.used(address)), Read(keys.reservation(address)), Read(keys.settings),
            Read(keys.suspect(address)),
        ])
        let records = snapshot.results.map(\.records.first)
        let states = [address: AddressState(used: records[1], reservation: records[2])]
        let entry = try await entries(of: [address], states, at: snapshot.revision)[0]
        var problems = ReadingProblems()
        let history = stored(records[0], &problems)
        // A suspicion about a former holder is outdated.
        let suspect = records[4].flatMap { try? Suspect(stored: $0.value) }
        return AddressHistory(
            entry, history, suspect: suspect?.revision == records[1]?.modified ? suspect : nil,
            mayHaveGoNodes: mayHaveGoNodes(records[3]), problem: problems.errors.first)
    }

    /// Reads the histories of the whole network.
    ///
    /// - Parameter isWanted: selects the lines to return.
    /// - Returns: the lines, newest first, and the errors of values that cannot be read and are missing in them.
    /// - Throws: ``IPAMError``, `store`.
    public func history(where isWanted: (HistoryLine) -> Bool) async throws(IPAMError) -> (
        lines: [HistoryLine], problems: [IPAMError]
    ) {
        let inventory = try await inventory()
        var present = Dictionary(inventory.entries.map { ($0.address, $0) }) { first, _ in first }
        var problems = ReadingProblems(errors: inventory.overview.problems)
        var lines: [HistoryLine] = []
        func append(_ address: IPAddress, _ history: History) {
            let entry =
                present.removeValue(forKey: address)
                ?? AddressEntry(network: keys.network, address: address, tenancy: nil, reservation: nil)
            lines += AddressHistory(entry, history).lines.filter(isWanted)
        }
        _ = try await forEachRecord(keys.historyPrefix, at: inventory.overview.revision) { record in
            guard let address = Keyspace.address(of: record.key, in: keys.historyPrefix) else { return }
            append(address, stored(record, &problems))
        }
        for address in present.keys { append(address, History()) }
        return (Self.newestFirst(lines), problems.errors)
    }

    /// Lines of one address with equal times stay in their order.
    private static func newestFirst(_ lines: [HistoryLine]) -> [HistoryLine] {
        lines.enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            if one.moment != other.moment { return one.moment > other.moment }
            return one.address == other.address ? left.offset < right.offset : one.address < other.address
        }.map(\.element)
    }

    private func stored(_ record: Record?, _ problems: inout ReadingProblems) -> History {
        problems.readable { () throws(IPAMError) in try value(record, History.init(stored:)) } ?? History()
    }
}
