import Store

/// What is known of an address by a read.
struct AddressState {
    var used: Record?
    var reservation: Record?
    /// That of the container that uses it, where it was asked for.
    var attachment: Record?
}
