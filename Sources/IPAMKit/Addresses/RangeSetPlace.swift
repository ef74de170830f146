/// Which range set of several it is, for people.
public struct RangeSetPlace: Hashable, Sendable {
    public let family: AddressFamily
    /// From 0; nil for one that the runtime passed.
    public let index: Int?

    /// `IPv4 address in range set 0`
    var phrase: String { "\(family) address in \(index.map { "range set \($0)" } ?? "the runtime's range set")" }
}
