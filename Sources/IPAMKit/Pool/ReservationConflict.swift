/// Why an address cannot be reserved, or cannot be released.
public struct ReservationConflict: Error, Hashable, Sendable, CustomStringConvertible {
    /// The address that is reserved for, or used by, somebody else.
    public let address: IPAddress
    /// The predicate of a message: `is reserved for default/db-1`.
    public let problem: String

    /// The error message: the address and ``problem``.
    public var description: String { "\(address) \(problem)" }
}
