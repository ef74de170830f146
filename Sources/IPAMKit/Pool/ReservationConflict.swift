/// Why an address cannot be reserved as ordered.
public struct ReservationConflict: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    /// `is reserved for default/db-1`
    public let problem: String

    public var description: String { "\(address) \(problem)" }
}
