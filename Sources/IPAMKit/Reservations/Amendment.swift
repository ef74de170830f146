/// A change of one thing of an existing reservation; everything else stays.
public enum Amendment: Hashable, Sendable {
    /// The time at which the reservation expires; nil for never.
    case expires(Timestamp?)
    /// The note; nil for none.
    case note(String?)

    private func apply(to reservation: inout Reservation) {
        switch self {
        case .expires(let time): reservation.expires = time
        case .note(let note): reservation.note = note
        }
    }

    /// What changing the reservation `former` of `entry` comes to.
    ///
    /// - Parameter by: who changes it, for the history.
    /// - Returns: a conflict if the reservation cannot be read, because writing it would replace what it says; or if it has
    ///   expired, and another holder has got the address since.
    func outcome(on former: Reservation, of entry: AddressEntry, by: String?, at now: Timestamp)
        -> ReservationOrder.Outcome
    {
        if former.holder == .unreadable {
            return .conflict(.init(address: entry.address, problem: "has a reservation that cannot be read"))
        }
        if former.isExpired(at: now), let tenancy = entry.tenancy, !former.holder.admits(tenancy.holder) {
            return .conflict(
                .init(
                    address: entry.address,
                    problem:
                        "is in use by \(tenancy.phrase), and its reservation for \(former.holder.phrase) has expired"))
        }
        var reservation = former
        apply(to: &reservation)
        return .change(
            ReservationChange(
                address: entry.address, kind: reservation == former ? .unchanged : .updated, reservation: reservation,
                previous: former, by: by))
    }
}
