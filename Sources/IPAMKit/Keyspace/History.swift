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
    public var entries: [HistoryEntry] { stored.compactMap { try? HistoryEntry($0) } }

    /// In bytes of JSON: entries that make a history longer go, the oldest first; the newest stays. With ordinary entries
    /// this is far more than ``largestDepth`` of them have. Each is read and written with every change.
    static let largestSize = 256 << 10

    /// How many entries are stored, understood or not.
    var count: Int { stored.count }

    mutating func record(_ new: [HistoryEntry], depth: Int) {
        for entry in new { stored.insert(entry.json, at: 0) }
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

/// Something that ended a tenancy of an address, or changed its reservation.
public struct HistoryEntry: Hashable, Sendable {
    public enum Event: String, Hashable, Sendable {
        /// The runtime said that the container's interface is gone (DEL).
        case deleted
        /// The runtime did not list it among its containers' (GC).
        case collected
        /// A holder that was gone lost the address to another pod.
        case takenOver = "taken-over"
        /// An operator freed it.
        case freed
        /// The audit freed it.
        case repaired
        /// The address was reserved.
        case reserved
        /// A reservation got another note or time.
        case updated
        /// A reservation was dropped.
        case released
        /// A reservation was removed because its time was over.
        case expired

        /// True where a tenancy ended; the others are about reservations.
        public var endsTenancy: Bool {
            switch self {
            case .deleted, .collected, .takenOver, .freed, .repaired: true
            case .reserved, .updated, .released, .expired: false
            }
        }
    }

    public let event: Event
    public let at: Timestamp
    /// Who did it, such as `default/db-0 on n2`.
    public let by: String?
    /// What it was done on, such as "its node n1 has rebooted".
    public let evidence: String?
    /// Who held the address until then, where a tenancy ended: the `attachment` of `ipamctl list -o json`.
    public let attachment: JSONObject?
    /// The reservation that was made or that ended.
    public let reservation: Reservation?

    init(
        _ event: Event, at: Timestamp, by: String?, evidence: String? = nil, attachment: JSONObject? = nil,
        reservation: Reservation? = nil
    ) {
        self.event = event
        self.at = at
        self.by = by
        self.evidence = evidence
        self.attachment = attachment
        self.reservation = reservation
    }

    /// For a sentence, as ``Usage/phrase``; nil where no tenancy ended.
    public var formerHolder: String? {
        attachment.flatMap(Self.phrase)
    }

    /// The holder of a stored `attachment`, for a sentence.
    static func phrase(_ attachment: JSONObject) -> String? {
        var holder = Holder()
        holder.setNames(namespace: attachment["namespace"]?.string, name: attachment["pod"]?.string)
        guard let name = holder.phrase else { return attachment["containerID"]?.string.map { "container \($0)" } }
        return name + (attachment["node"]?.string.map { " on \($0)" } ?? "")
    }

    public var json: JSONValue {
        var object: JSONObject = ["event": .string(event.rawValue), "at": .string(at.description)]
        object["by"] = by.map(JSONValue.string)
        object["evidence"] = evidence.map(JSONValue.string)
        object["attachment"] = attachment.map(JSONValue.object)
        object["reservation"] = reservation?.json
        return .object(object)
    }

    init(_ json: JSONValue) throws(DamagedValue) {
        guard let event = json["event"]?.string.flatMap(Event.init), let at = json["at"]?.string.flatMap(Timestamp.init)
        else { throw DamagedValue("an entry has no known event or no time (RFC 3339)") }
        self.event = event
        self.at = at
        by = json["by"]?.string
        evidence = json["evidence"]?.string
        attachment = json["attachment"]?.object
        reservation = try json["reservation"].map { value throws(DamagedValue) in
            try Reservation(stored: value.serialized())
        }
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
    func entry(_ usage: Usage) -> HistoryEntry {
        HistoryEntry(event, at: at, by: by, evidence: evidence, attachment: usage.json)
    }
}
