import Store

/// What is known of an address beside who has it now.
public struct AddressPast: Hashable, Sendable {
    /// What ended or changed there; empty where it cannot be read.
    public let history: History
    /// Why the history cannot be read, else nil.
    public let problem: IPAMError?
    /// Since when its present holder is seen gone; nil where it is not.
    public let suspect: Suspect?

    /// When, by whom and on what evidence the address was last taken over; nil where that is not remembered.
    public var takeover: HistoryEntry? { history.entries.first { $0.event == .takenOver } }
}

extension AddressPool {
    /// The past of one address, by one small read.
    ///
    /// - Throws: ``IPAMError``.
    public func past(of address: IPAddress) async throws(IPAMError) -> AddressPast {
        let snapshot = try await read([
            Read(keys.history(address)), Read(keys.used(address)), Read(keys.suspect(address)),
        ])
        let records = snapshot.results.map(\.records.first)
        var problems = ReadingProblems()
        let history = problems.readable { () throws(IPAMError) in try value(records[0], History.init(stored:)) }
        // One that is about a former holder is out of date.
        let suspect = records[2].flatMap { try? Suspect(stored: $0.value) }
        let isCurrent = suspect != nil && suspect?.revision == records[1]?.modified
        return AddressPast(
            history: history ?? History(), problem: problems.errors.first, suspect: isCurrent ? suspect : nil)
    }
}
