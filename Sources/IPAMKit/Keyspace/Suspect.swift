/// The value of a suspect's key: the holder of an address appears to be gone, without proof.
public struct Suspect: Hashable, Sendable {
    /// The modification revision of the used key; if it is another one now, the address has another holder.
    public let revision: Int64
    /// The time at which the holder first appeared to be gone, by the clock of ``by``.
    public let since: Timestamp
    /// The node that made the observation; nil if it is not recorded.
    public let by: String?

    /// How long a holder must appear to be gone before it counts as gone, in seconds.
    public static let confirmationSeconds: Int64 = 60

    /// How long an observation counts, in seconds: the holder may have been alive in between without being noticed.
    public static let longestSeconds: Int64 = 1800

    /// Makes an observation that is not stored yet.
    public init(revision: Int64, since: Timestamp, by: String?) {
        self.revision = revision
        self.since = since
        self.by = by
    }

    /// The time from which the holder counts as gone on `node`. Because clocks differ, it is
    /// ``Timestamp/largestClockDifference`` later on other nodes than on ``by``.
    public func confirmed(on node: String?) -> Timestamp {
        let allowance = by == node ? 0 : Timestamp.largestClockDifference
        return since.advanced(bySeconds: Self.confirmationSeconds + allowance)
    }

    /// Whether the observation is about the holder with this revision of the used key, and still counts at `now`.
    func counts(for revision: Int64?, at now: Timestamp) -> Bool {
        self.revision == revision && since <= now && now <= since.advanced(bySeconds: Self.longestSeconds)
    }

    /// The stored value: `{revision, since, by}`; `by` is left out if it is nil.
    public var json: JSONValue {
        var object: JSONObject = ["revision": JSONValue(revision), "since": .string(since.description)]
        object["by"] = by.map(JSONValue.string)
        return .object(object)
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue`` if the text is not JSON, or has no revision or no time.
    public init(stored text: String) throws(DamagedValue) {
        let json = try JSONValue(stored: text)
        guard let revision = json["revision"]?.int, let since = json["since"]?.string.flatMap(Timestamp.init) else {
            throw DamagedValue("it has no revision or no time (RFC 3339)")
        }
        self.init(revision: Int64(revision), since: since, by: json["by"]?.string)
    }
}
