/// The value of an address's history key: the tenancies that ended and the changes of reservations, newest first.
///
/// The present holder and the present reservation are not part of it; the attachment and the reservation have them.
public struct History: Hashable, Sendable {
    /// The default of `ipam.historyDepth`: the number of entries to keep.
    public static let defaultDepth = 8
    /// The largest value of `ipam.historyDepth`.
    public static let largestDepth = 64

    /// The entries as stored, so that entries of a later version are kept, too.
    private var stored: [JSONValue]

    /// Makes a history without entries.
    public init() {
        stored = []
    }

    /// The entries in a format that this version knows, newest first.
    public var entries: [HistoryEntry] { stored.compactMap { try? HistoryEntry(stored: $0) } }

    /// In bytes of JSON. If a history is larger, its oldest entries are removed; the newest stays. ``largestDepth`` ordinary
    /// entries are much smaller. The whole history is read and written with every change.
    static let largestSize = 256 << 10

    /// The number of stored entries, also of those in an unknown format.
    var count: Int { stored.count }

    /// Adds entries, the oldest first, and removes the oldest so that `depth` remain.
    mutating func record(_ new: [HistoryEntry], depth: Int) {
        for entry in new { stored.insert(entry.stored, at: 0) }
        stored.removeLast(max(0, stored.count - depth))
    }

    /// The stored value: a JSON array of entries, newest first.
    public func serialized() -> String {
        JSONValue.array(stored).serialized()
    }

    /// The value to be stored, without the oldest entries if it would exceed ``largestSize``.
    mutating func fitted() -> String {
        var text = serialized()
        while text.utf8.count > Self.largestSize, stored.count > 1 {
            stored.removeLast()
            text = serialized()
        }
        return text
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue`` if the text is not a JSON array.
    public init(stored text: String) throws(DamagedValue) {
        guard let array = try JSONValue(stored: text).array else { throw DamagedValue("it is not an array") }
        stored = array
    }
}

/// The operation that ends tenancies, for the history.
public struct Ending: Hashable, Sendable {
    /// The operation; an event that ends a tenancy.
    public let event: HistoryEntry.Event
    /// The time of the operation.
    public let at: Timestamp
    /// Who ended the tenancy, such as `root@admin1` or `kube-ipam on n1`; nil if it is not known.
    public let by: String?
    /// The reason, such as `its node n1 has rebooted`; nil if there was none to record.
    public let evidence: String?

    /// Describes an operation that ends tenancies.
    public init(_ event: HistoryEntry.Event, at: Timestamp, by: String?, evidence: String? = nil) {
        self.event = event
        self.at = at
        self.by = by
        self.evidence = evidence
    }

    /// The entry for one tenancy.
    func entry(_ tenancy: Tenancy) -> HistoryEntry {
        HistoryEntry(event, at: at, by: by, evidence: evidence, tenancy: tenancy)
    }
}
