/// Who had an address at a time.
public enum HolderAnswer: Hashable, Sendable {
    /// This one.
    case had(HistoryLine)
    /// This one may have had it: it had it later, and since when was not recorded.
    case mayHaveHad(HistoryLine)
    /// Nobody that is recorded: the one before had ended, and the next one not begun.
    case nobody(after: HistoryLine?, before: HistoryLine?)
    /// Nothing is known of that time; what is known begins later, or not at all.
    case unknown(knownSince: Timestamp?)
}

/// Everything that is known of one address's past and present.
public struct AddressHistory: Hashable, Sendable {
    public let network: NetworkName
    public let address: IPAddress
    /// Newest first: who has it now, then what ended or changed.
    public let lines: [HistoryLine]
    /// Entries of the stored history that this version does not understand.
    public let unknownEntries: Int
    /// While Go nodes may exist: what they give and free leaves no trace.
    public let mayHaveGoNodes: Bool

    init(
        network: NetworkName, address: IPAddress, history: History, tenancy: Tenancy?,
        reservation: Reservation?, mayHaveGoNodes: Bool = false
    ) {
        self.network = network
        self.address = address
        self.mayHaveGoNodes = mayHaveGoNodes
        let entries = history.entries
        unknownEntries = history.count - entries.count
        // The newest change of the reservation tells of the one that is there, unless somebody else wrote that.
        let newest = entries.first { !$0.event.endsTenancy }
        let changes = entries.map { entry in
            HistoryLine(network, address, entry, present: entry == newest ? reservation : nil)
        }
        var lines: [HistoryLine] = []
        if let tenancy { lines.append(HistoryLine(network, address, tenancy)) }
        if let reservation, !changes.contains(where: \.isOpen) {
            lines.append(HistoryLine(network, address, reservation))
        }
        self.lines = lines + changes
    }

    /// The holders' times with the address, newest first.
    public var tenancies: [HistoryLine] { lines.filter(\.isTenancy) }

    /// Who had the address at `time`. A holder has it from the second in which it got it up to, not including, the one in
    /// which it lost it.
    public func holder(at time: Timestamp) -> HolderAnswer {
        let tenancies = tenancies
        if let found = tenancies.first(where: { Self.covers($0, time) }) { return .had(found) }
        for (index, tenancy) in tenancies.enumerated() where tenancy.from == nil {
            guard tenancy.to.map({ time < $0 }) ?? true else { continue }
            // It got the address after the one before had lost it.
            let begin = tenancies.dropFirst(index + 1).first?.to
            if begin.map({ time >= $0 }) ?? true { return .mayHaveHad(tenancy) }
        }
        guard let begin = knownSince, time >= begin else { return .unknown(knownSince: knownSince) }
        return .nobody(
            after: tenancies.first { $0.to.map { $0 <= time } ?? false },
            before: tenancies.last { $0.from.map { $0 > time } ?? false })
    }

    /// Since when everything is known: the oldest time of all.
    public var knownSince: Timestamp? {
        lines.flatMap { [$0.from, $0.to] }.compactMap(\.self).min()
    }

    private static func covers(_ line: HistoryLine, _ time: Timestamp) -> Bool {
        guard let from = line.from, from <= time else { return false }
        // A holder of less than a second had it in that one.
        return line.to.map { time < $0 || (time == $0 && from == $0) } ?? true
    }
}
