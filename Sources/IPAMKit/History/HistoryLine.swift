/// A line of an address's history: a tenancy, or a change of a reservation.
public struct HistoryLine: Hashable, Sendable {
    /// The network that the address belongs to.
    public let network: NetworkName
    /// The address that was used or reserved.
    public let address: IPAddress
    /// The event that ended the tenancy or changed the reservation; nil for a present tenancy, and for a present reservation
    /// without an entry in the history.
    public let event: HistoryEntry.Event?
    /// The start of the tenancy or reservation; nil if it is not recorded.
    public let from: Timestamp?
    /// The end of the tenancy or reservation; nil if it has not ended.
    public let to: Timestamp?
    /// Whether the line is about the present tenancy or reservation.
    public let isOpen: Bool
    /// Who ended the tenancy or changed the reservation; nil if it is not recorded.
    public let by: String?
    /// The reason for the event, such as `its node n1 has rebooted`; nil if none is recorded.
    public let evidence: String?
    /// The tenancy; nil for a change of a reservation, and if the history does not have it.
    public let tenancy: Tenancy?
    /// The reservation after the change, or the reservation that was removed; nil for a tenancy.
    public let reservation: Reservation?

    /// False if the line is about a reservation.
    public let isTenancy: Bool

    /// The holder as in ``Tenancy/phrase``, or the holder of the reservation as in ``ReservationHolder/phrase``.
    public var who: String {
        tenancy?.phrase ?? reservation?.holder.phrase ?? "unknown"
    }

    /// Whether the tenancy or reservation ended at `time` or later, or, if it has not ended, started then.
    public func isChange(since time: Timestamp) -> Bool {
        guard let moment = to ?? from else { return false }
        return moment >= time
    }

    /// The time of the last change, for the order of lines; the present tenancy is the newest line.
    var moment: Timestamp { isTenancy && isOpen ? .latest : to ?? from ?? Timestamp(seconds: 0) }

    /// Makes the line of a stored entry.
    ///
    /// - Parameter present: the present reservation of the address, if the entry can be about it.
    init(_ network: NetworkName, _ address: IPAddress, _ entry: HistoryEntry, present: Reservation? = nil) {
        self.network = network
        self.address = address
        event = entry.event
        by = entry.by
        evidence = entry.evidence
        isTenancy = entry.event.endsTenancy
        tenancy = isTenancy ? entry.tenancy : nil
        reservation = entry.reservation
        switch entry.event {
        case .deleted, .collected, .takenOver, .freed, .repaired:
            from = entry.tenancy?.since
            to = entry.at
            isOpen = false
        case .reserved, .updated:
            from = entry.at
            to = nil
            isOpen = present != nil && present == entry.reservation
        case .released, .expired:
            from = entry.reservation?.since
            to = entry.at
            isOpen = false
        }
    }

    /// Makes the line of the present tenancy.
    init(_ network: NetworkName, _ address: IPAddress, _ tenancy: Tenancy) {
        self.network = network
        self.address = address
        event = nil
        from = tenancy.since
        to = nil
        isOpen = true
        by = nil
        evidence = nil
        isTenancy = true
        self.tenancy = tenancy
        reservation = nil
    }

    /// Makes the line of a present reservation without an entry in the history.
    init(_ network: NetworkName, _ address: IPAddress, _ reservation: Reservation) {
        self.network = network
        self.address = address
        event = nil
        from = reservation.since
        to = nil
        isOpen = true
        by = reservation.by
        evidence = nil
        isTenancy = false
        tenancy = nil
        self.reservation = reservation
    }

    /// The raw value of ``event``; `in-use` or `reserved` if it is nil.
    public var eventName: String { event?.rawValue ?? (isTenancy ? "in-use" : "reserved") }

    /// `{network, address, event, from, to, open, by, evidence, attachment, reservation}`; absent members are left out.
    public var json: JSONValue {
        var object: JSONObject = [
            "network": .string(network.text), "address": .string(address.description), "event": .string(eventName),
        ]
        object["from"] = from.map { .string($0.description) }
        object["to"] = to.map { .string($0.description) }
        if isOpen { object["open"] = true }
        object["by"] = by.map(JSONValue.string)
        object["evidence"] = evidence.map(JSONValue.string)
        if isTenancy { object["attachment"] = .object(tenancy?.json ?? JSONObject()) }
        object["reservation"] = reservation?.json
        return .object(object)
    }
}
