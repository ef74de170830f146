/// The value of an address's history key: what ended or changed, newest first.
///
/// Whoever holds the address now is not part of it; the attachment and the reservation say that.
public struct History: Hashable, Sendable {
    /// How many entries are kept where nothing else is configured.
    public static let defaultDepth = 8
    /// The most that can be configured.
    public static let largestDepth = 64

    /// As they are stored: those that a later version made are kept, too.
    private var stored: [JSONValue]

    public init() {
        stored = []
    }

    /// The entries that this version understands.
    public var entries: [HistoryEntry] { stored.compactMap { try? HistoryEntry(stored: $0) } }

    /// In bytes of JSON: entries that make a history longer go, the oldest first; the newest stays. With ordinary entries
    /// this is far more than ``largestDepth`` of them have. Each is read and written with every change.
    static let largestSize = 256 << 10

    /// How many entries are stored, understood or not.
    var count: Int { stored.count }

    mutating func record(_ new: [HistoryEntry], depth: Int) {
        for entry in new { stored.insert(entry.stored, at: 0) }
        stored.removeLast(max(0, stored.count - depth))
    }

    public func serialized() -> String {
        JSONValue.array(stored).serialized()
    }

    /// The value to be stored, less the oldest entries where all of them are too long (``largestSize``).
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
    /// - Throws: ``DamagedValue``.
    public init(stored text: String) throws(DamagedValue) {
        guard let array = try JSONValue(stored: text).array else { throw DamagedValue("it is not an array") }
        stored = array
    }
}

/// How tenancies end, for the history: which operation it was, when, and who did it.
public struct Ending: Hashable, Sendable {
    public let event: HistoryEntry.Event
    public let at: Timestamp
    public let by: String?
    public let evidence: String?

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
