/// The value of a suspect's key: since when the holder of an address is seen gone, without proof.
public struct Suspect: Hashable, Sendable {
    /// The revision of the used key that it is about; another one is another holder.
    public let revision: Int64
    public let since: Timestamp

    /// A holder must be seen gone twice, so many seconds apart.
    public static let confirmationSeconds: Int64 = 60

    public init(revision: Int64, since: Timestamp) {
        self.revision = revision
        self.since = since
    }

    /// When the holder that was first seen gone then counts as gone.
    public var confirmed: Timestamp { since.advanced(bySeconds: Self.confirmationSeconds) }

    public var json: JSONValue { ["revision": JSONValue(revision), "since": .string(since.description)] }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue``.
    public init(stored text: String) throws(DamagedValue) {
        let json = try JSONValue(stored: text)
        guard let revision = json["revision"]?.int, let since = json["since"]?.string.flatMap(Timestamp.init) else {
            throw DamagedValue("it has no revision or no time (RFC 3339)")
        }
        self.init(revision: Int64(revision), since: since)
    }
}
