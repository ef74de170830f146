/// A line of an address's history: a holder's time with it, or a change of its reservation.
public struct HistoryLine: Hashable, Sendable {
    public let network: NetworkName
    public let address: IPAddress
    /// What ended or changed; nil for what is so now and no entry of the history tells.
    public let event: HistoryEntry.Event?
    /// Since when; nil where that was not recorded.
    public let from: Timestamp?
    /// Until when; nil for what did not end.
    public let to: Timestamp?
    /// True for what is so now.
    public let isOpen: Bool
    /// Who ended or changed it.
    public let by: String?
    /// What it was done on.
    public let evidence: String?
    /// Who has, or had, the address; nil for a change of a reservation, and if that is not recorded.
    public let tenancy: Tenancy?
    public let reservation: Reservation?

    /// True for a holder's time with the address.
    public let isTenancy: Bool

    /// Whom it is about: a holder as in ``Tenancy/phrase``, or for whom the address is or was reserved.
    public var who: String {
        tenancy?.phrase ?? reservation?.holder.phrase ?? "nobody known"
    }

    /// Whether `pod`, or a container that was called so, has or had the address.
    public func isTenancy(of pod: PodReference) -> Bool {
        tenancy?.holder.isCalled(pod) ?? false
    }

    /// Whether it came to be, or ended, at `time` or later.
    public func isChange(since time: Timestamp) -> Bool {
        guard let moment = to ?? from else { return false }
        return moment >= time
    }

    /// When it last changed, for the order of lines: what a holder has now is after everything else.
    var moment: Timestamp { isTenancy && isOpen ? .latest : to ?? from ?? Timestamp(seconds: 0) }

    /// A holder's time that has ended, or a change of a reservation.
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

    /// Who has the address now.
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

    /// For whom the address is reserved now, where no entry tells.
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

    /// `in-use` and `reserved` for what is so now, else the event's name in the store.
    public var eventName: String { event?.rawValue ?? (isTenancy ? "in-use" : "reserved") }

    /// `{network, address, event, from, to, open, by, evidence, attachment, reservation}`; absent parts are left out.
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
