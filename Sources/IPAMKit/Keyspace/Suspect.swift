/// The value of a suspect's key: since when the holder of an address is seen gone, without proof.
public struct Suspect: Hashable, Sendable {
    /// The revision of the used key that it is about; another one is another holder.
    public let revision: Int64
    public let since: Timestamp
    /// The node that saw it so, whose clock ``since`` is of.
    public let by: String?

    /// A holder must be seen gone twice, so many seconds apart.
    public static let confirmationSeconds: Int64 = 60

    /// One look counts for so many seconds: a holder that was seen alive in between may not have been noticed to be.
    public static let longestSeconds: Int64 = 1800

    public init(revision: Int64, since: Timestamp, by: String?) {
        self.revision = revision
        self.since = since
        self.by = by
    }

    /// When the holder that was first seen gone then counts as gone, to who looks on `node`. Clocks differ: to another
    /// node, five minutes later.
    public func confirmed(on node: String?) -> Timestamp {
        let allowance = by == node ? 0 : Timestamp.largestClockDifference
        return since.advanced(bySeconds: Self.confirmationSeconds + allowance)
    }

    /// Whether it says something of the holder with this used key at `now`.
    func counts(for revision: Int64?, at now: Timestamp) -> Bool {
        self.revision == revision && since <= now && now <= since.advanced(bySeconds: Self.longestSeconds)
    }

    public var json: JSONValue {
        var object: JSONObject = ["revision": JSONValue(revision), "since": .string(since.description)]
        object["by"] = by.map(JSONValue.string)
        return .object(object)
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue``.
    public init(stored text: String) throws(DamagedValue) {
        let json = try JSONValue(stored: text)
        guard let revision = json["revision"]?.int, let since = json["since"]?.string.flatMap(Timestamp.init) else {
            throw DamagedValue("it has no revision or no time (RFC 3339)")
        }
        self.init(revision: Int64(revision), since: since, by: json["by"]?.string)
    }
}
