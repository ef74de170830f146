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

    /// The change of the reservation `former` of `entry`.
    ///
    /// - Returns: a conflict if the reservation cannot be read, because writing it would replace what it says; or if it has
    ///   expired, and another holder has got the address since.
    func change(_ former: Reservation, of entry: AddressEntry, at now: Timestamp)
        -> Result<ReservationChange, ReservationConflict>
    {
        if former.holder == .unreadable {
            return .failure(.init(address: entry.address, problem: "has a reservation that cannot be read"))
        }
        if former.isExpired(at: now), let tenancy = entry.tenancy, !former.holder.admits(tenancy.holder) {
            return .failure(
                .init(
                    address: entry.address,
                    problem:
                        "is in use by \(tenancy.phrase), and its reservation for \(former.holder.phrase) has expired"))
        }
        var reservation = former
        apply(to: &reservation)
        return .success(
            ReservationChange(
                address: entry.address, kind: reservation == former ? .unchanged : .updated, reservation: reservation,
                former: former))
    }
}
