import Store

/// What is known of an address by a read.
struct AddressState {
    var used: Record?
    var reservation: Record?
}
