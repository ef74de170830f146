/// One range set of a network that has several, for error messages.
public struct RangeSetPlace: Hashable, Sendable {
    /// The family of the set's addresses.
    public let family: AddressFamily
    /// The position in the configuration, from 0; nil for a set that the runtime passed.
    public let index: Int?

    /// Makes the place of the range set at the position `index` of the configuration; nil: the runtime's range set.
    public init(family: AddressFamily, index: Int?) {
        self.family = family
        self.index = index
    }

    /// `IPv4 address in range set 0`
    public var phrase: String { "\(family) address in \(index.map { "range set \($0)" } ?? "the runtime's range set")" }
}
