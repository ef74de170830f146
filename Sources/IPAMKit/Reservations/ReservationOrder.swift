/// A request to reserve one address, to change its reservation, or to drop the reservation that a plan has of it.
public struct ReservationOrder: Hashable, Sendable {
    /// The purpose of an order.
    enum Purpose: Hashable, Sendable {
        case reserve
        /// Change the reservation; if a former one is given, only if it still has the holder and the plan of that one.
        case amend(Amendment, Reservation?)
        /// Drop the reservation, if it still belongs to the plan of ``ReservationOrder/reservation``.
        case drop(by: String?)
    }

    /// A part of a reservation that an order can remove.
    public enum Part: Hashable, Sendable {
        case note
        case expiry
    }

    /// The address to reserve.
    public let address: IPAddress
    /// The value to store. If the address is already reserved for the same holder, only its note, its expiry and its plan are
    /// changed. Of an order that drops a reservation: that reservation.
    public let reservation: Reservation
    /// What an existing reservation loses; otherwise it keeps the note and the expiry that ``reservation`` does not have.
    let removing: Set<Part>
    let purpose: Purpose

    /// Makes an order to reserve an address.
    ///
    /// - Parameter removing: what an existing reservation loses if `reservation` does not have it, either.
    public init(address: IPAddress, reservation: Reservation, removing: Set<Part> = []) {
        self.init(address: address, reservation: reservation, removing: removing, purpose: .reserve)
    }

    /// Makes an order to change the existing reservation of an address.
    ///
    /// - Parameters:
    ///   - expected: the reservation that was read: one with another holder, or of another plan, is not changed. Nil
    ///     if the reservation is changed whatever it is for.
    ///   - by: who changes it, for the history.
    public init(address: IPAddress, amendment: Amendment, expecting expected: Reservation? = nil, by: String) {
        self.init(
            address: address, reservation: Reservation(for: .anyone, by: by), purpose: .amend(amendment, expected))
    }

    init(address: IPAddress, reservation: Reservation, removing: Set<Part> = [], purpose: Purpose) {
        self.address = address
        self.reservation = reservation
        self.removing = removing
        self.purpose = purpose
    }
}

/// Which reservations a plan drops: its own that are not ordered any more.
public struct PlanPruning: Hashable, Sendable {
    /// The plan. Reservations of no plan, or of another one, are never dropped.
    public let plan: PlanName
    /// Who drops them, for the history.
    public let by: String?
    /// The addresses that the plan still lists, although it does not order them.
    public var kept: Set<IPAddress>

    /// Makes a request to drop what a plan does not list any more.
    public init(of plan: PlanName, by: String?, keeping kept: Set<IPAddress> = []) {
        self.plan = plan
        self.by = by
        self.kept = kept
    }
}

/// The result of one reservation order.
public struct ReservationChange: Hashable, Sendable {
    /// The kind of a result; the raw value is part of the JSON.
    public enum Kind: String, Hashable, Sendable {
        /// The address was not reserved.
        case reserved
        /// The address was reserved for the same holder, with another note or expiry or without a plan; or by the same plan
        /// for another holder.
        case updated
        /// The address was already reserved as ordered.
        case unchanged
        /// The plan has the reservation no more.
        case dropped = "released"
    }

    /// The address of the order.
    public let address: IPAddress
    /// Whether the reservation is new, changed, unchanged or dropped.
    public let kind: Kind
    /// The reservation after the change; of a dropped one, what it was.
    public let reservation: Reservation
    /// The reservation before the change, if it is updated.
    public var previous: Reservation?
    /// The tenancy that goes on after the reservation is dropped; nil if the address is not in use.
    public var stillUsed: Tenancy?
    /// Who makes the change, for the history.
    var by: String?
}

extension ReservationOrder {
    /// What an order comes to.
    enum Outcome {
        case change(ReservationChange)
        case conflict(ReservationConflict)
        /// There is no reservation to change.
        case missing
        /// The reservation to change is another one than that which was read.
        case outdated
    }

    /// What the order comes to if the address is as `entry` has it. Reservations that have expired at `now` do not count.
    func outcome(on entry: AddressEntry, at now: Timestamp) -> Outcome {
        switch purpose {
        case .reserve: break
        case .drop(let by): return .change(drop(entry, by: by))
        case .amend(let amendment, let expected):
            guard let former = entry.reservation else { return expected == nil ? .missing : .outdated }
            if let expected, former.holder != expected.holder || former.plan != expected.plan { return .outdated }
            return amendment.outcome(on: former, of: entry, by: reservation.by, at: now)
        }
        let intruder = entry.tenancy.flatMap { reservation.holder.admits($0.holder) ? nil : $0 }
        guard let present = entry.reservation.flatMap({ $0.isExpired(at: now) ? nil : $0 }) else {
            if let intruder { return conflict("is in use by \(intruder.phrase)") }
            return .change(
                ReservationChange(address: address, kind: .reserved, reservation: reservation, by: reservation.by))
        }
        let isOfSamePlan = reservation.plan != nil && present.plan == reservation.plan
        let owner = present.plan.map { " by plan \($0)" } ?? ""
        if present.holder != reservation.holder {
            guard isOfSamePlan else { return conflict("is reserved for \(present.holder.phrase)\(owner)") }
            if let intruder {
                return conflict("is reserved for \(present.holder.phrase), and is in use by \(intruder.phrase)")
            }
            var moved = reservation
            keep(present, in: &moved)
            return .change(
                ReservationChange(
                    address: address, kind: .updated, reservation: moved, previous: present, by: reservation.by))
        }
        if reservation.plan != nil, present.plan != nil, !isOfSamePlan {
            return conflict("is reserved for \(present.holder.phrase)\(owner)")
        }
        var renewed = present
        keep(present, in: &renewed)
        renewed.plan = reservation.plan ?? present.plan
        return .change(
            ReservationChange(
                address: address, kind: renewed == present ? .unchanged : .updated, reservation: renewed,
                previous: present, by: reservation.by))
    }

    /// The note and the expiry: those of the order; else those of the present reservation, unless they are removed.
    private func keep(_ present: Reservation, in renewed: inout Reservation) {
        renewed.note = reservation.note ?? (removing.contains(.note) ? nil : present.note)
        renewed.expires = reservation.expires ?? (removing.contains(.expiry) ? nil : present.expires)
    }

    private func conflict(_ problem: String) -> Outcome {
        .conflict(ReservationConflict(address: address, problem: problem))
    }

    /// A reservation that somebody has dropped or replaced since the order was made stays as it is.
    private func drop(_ entry: AddressEntry, by: String?) -> ReservationChange {
        guard let present = entry.reservation, present.plan == reservation.plan else {
            return ReservationChange(address: address, kind: .unchanged, reservation: reservation, by: by)
        }
        return ReservationChange(
            address: address, kind: .dropped, reservation: present, stillUsed: entry.tenancy, by: by)
    }
}
