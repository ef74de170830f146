import Store

/// The records of an address that were read.
struct AddressState {
    var used: Record?
    var reservation: Record?
}
