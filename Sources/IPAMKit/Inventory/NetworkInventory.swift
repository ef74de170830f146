/// The addresses of one network that are used or reserved, and who has them, at one revision of the store.
public struct NetworkInventory: Sendable {
    /// The network as a whole, with the errors of all values that could not be read and are left out of the rest.
    public let overview: NetworkOverview
    /// Every address that is used or reserved, ascending.
    public let entries: [AddressEntry]

    /// Makes an inventory of entries in any order.
    init(_ overview: NetworkOverview, _ entries: [AddressEntry]) {
        self.overview = overview
        self.entries = entries.sorted { $0.address < $1.address }
    }
}
