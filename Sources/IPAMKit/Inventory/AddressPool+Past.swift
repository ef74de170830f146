import Store

/// The past of an address: its history, and the observation that its present holder appears to be gone.
public struct AddressPast: Hashable, Sendable {
    /// The stored history; empty if it cannot be read.
    public let history: History
    /// The error if the history cannot be read, else nil.
    public let problem: IPAMError?
    /// The observation that the present holder appears to be gone; nil if there is none.
    public let suspect: Suspect?

    /// The latest take-over of the address; nil if the history has none.
    public var takeover: HistoryEntry? { history.entries.first { $0.event == .takenOver } }
}

extension AddressPool {
    /// Reads the past of one address, by one small read.
    ///
    /// - Throws: ``IPAMError``, `store`.
    public func past(of address: IPAddress) async throws(IPAMError) -> AddressPast {
        let snapshot = try await read([
            Read(keys.history(address)), Read(keys.used(address)), Read(keys.suspect(address)),
        ])
        let records = snapshot.results.map(\.records.first)
        var problems = ReadingProblems()
        let history = problems.readable { () throws(IPAMError) in try value(records[0], History.init(stored:)) }
        // An observation of a former holder is out of date.
        let suspect = records[2].flatMap { try? Suspect(stored: $0.value) }
        let isCurrent = suspect != nil && suspect?.revision == records[1]?.modified
        return AddressPast(
            history: history ?? History(), problem: problems.errors.first, suspect: isCurrent ? suspect : nil)
    }
}
