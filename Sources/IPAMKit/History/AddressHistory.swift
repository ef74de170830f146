/// The holder of an address at a certain time.
public enum HolderAnswer: Hashable, Sendable {
    /// This tenancy.
    case had(HistoryLine)
    /// Perhaps this tenancy: its holder had the address later, and the start of the tenancy is not recorded.
    case mayHaveHad(HistoryLine)
    /// No recorded holder: the tenancy `after` had ended, and the tenancy `before` had not begun. Nil if there is none.
    case nobody(after: HistoryLine?, before: HistoryLine?)
    /// Nothing is recorded about this time; the records begin later, or are empty.
    case unknown(knownSince: Timestamp?)
}

/// The present and the recorded past of one address.
public struct AddressHistory: Hashable, Sendable {
    /// The address with its present holder and reservation.
    public let entry: AddressEntry
    /// The present holder and reservation, then the tenancies that ended and the changes of reservations, newest first.
    public let lines: [HistoryLine]
    /// The stored entries that this version understands, newest first.
    public let entries: [HistoryEntry]
    /// Since when the present holder appears to be gone; nil if it does not.
    public let suspect: Suspect?
    /// The number of stored entries in a format that this version does not know.
    public let unknownEntries: Int
    /// Whether nodes may run the Go plugin, which records no history.
    public let mayHaveGoNodes: Bool
    /// Why the stored history cannot be read; nil if it can.
    public let problem: IPAMError?

    init(
        _ entry: AddressEntry, _ history: History, suspect: Suspect? = nil, mayHaveGoNodes: Bool = false,
        problem: IPAMError? = nil
    ) {
        self.entry = entry
        self.suspect = suspect
        self.mayHaveGoNodes = mayHaveGoNodes
        self.problem = problem
        let (network, address, reservation) = (entry.network, entry.address, entry.reservation)
        entries = history.entries
        unknownEntries = history.count - entries.count
        // The newest change of a reservation is about the present reservation, unless another program wrote the present one.
        let newest = entries.first { !$0.event.endsTenancy }
        let changes = entries.map { entry in
            HistoryLine(network, address, entry, present: entry == newest ? reservation : nil)
        }
        var lines: [HistoryLine] = []
        if let tenancy = entry.tenancy { lines.append(HistoryLine(network, address, tenancy)) }
        if let reservation, !changes.contains(where: \.isOpen) {
            lines.append(HistoryLine(network, address, reservation))
        }
        self.lines = lines + changes
    }

    /// The last takeover of the address: when, by whom and on what evidence; nil if no entry has one.
    public var takeover: HistoryEntry? { entries.first { $0.event == .takenOver } }

    /// The lines that are tenancies, newest first.
    public var tenancies: [HistoryLine] { lines.filter(\.isTenancy) }

    /// The holder of the address at `time`. A holder has the address from the second in which its tenancy starts to the second
    /// before the tenancy ends.
    public func holder(at time: Timestamp) -> HolderAnswer {
        let tenancies = tenancies
        if let found = tenancies.first(where: { Self.covers($0, time) }) { return .had(found) }
        for (index, tenancy) in tenancies.enumerated() where tenancy.from == nil {
            guard tenancy.to.map({ time < $0 }) ?? true else { continue }
            // The tenancy began after the tenancy before it had ended.
            let begin = tenancies.dropFirst(index + 1).first?.to
            if begin.map({ time >= $0 }) ?? true { return .mayHaveHad(tenancy) }
        }
        guard let begin = knownSince, time >= begin else { return .unknown(knownSince: knownSince) }
        return .nobody(
            after: tenancies.first { $0.to.map { $0 <= time } ?? false },
            before: tenancies.last { $0.from.map { $0 > time } ?? false })
    }

    /// The oldest time in ``lines``; nil if they have no time.
    public var knownSince: Timestamp? {
        lines.flatMap { [$0.from, $0.to] }.compactMap(\.self).min()
    }

    private static func covers(_ line: HistoryLine, _ time: Timestamp) -> Bool {
        guard let from = line.from, from <= time else { return false }
        // A tenancy that starts and ends in the same second covers this second.
        return line.to.map { time < $0 || (time == $0 && from == $0) } ?? true
    }
}
