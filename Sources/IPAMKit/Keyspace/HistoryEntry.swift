/// The end of a tenancy of an address, or a change of its reservation.
public struct HistoryEntry: Hashable, Sendable {
    /// The kind of an entry; the raw value is stored.
    public enum Event: String, Hashable, Sendable {
        /// The runtime removed the container's interface (DEL).
        case deleted
        /// GC freed the address, because the attachment was not in the runtime's list of valid attachments.
        case collected
        /// Another pod took over the address of a holder that was gone.
        case takenOver = "taken-over"
        /// An operator freed the address.
        case freed
        /// The audit freed the address.
        case repaired
        /// The address was reserved.
        case reserved
        /// The note or the expiry of a reservation changed.
        case updated
        /// A reservation was removed.
        case released
        /// A reservation was removed after its expiry.
        case expired

        /// True if the event ends a tenancy, false if it is about a reservation.
        public var endsTenancy: Bool {
            switch self {
            case .deleted, .collected, .takenOver, .freed, .repaired: true
            case .reserved, .updated, .released, .expired: false
            }
        }
    }

    /// The operation that ended the tenancy or changed the reservation.
    public let event: Event
    /// The time of the event.
    public let at: Timestamp
    /// Who caused the event, such as `default/db-0 on n2`; nil if it is not known.
    public let by: String?
    /// The reason, such as `its node n1 has rebooted`; nil if there was none to record.
    public let evidence: String?
    /// The tenancy that ended; nil if the event is about a reservation.
    public let tenancy: Tenancy?
    /// The reservation that was made, changed or removed; nil if a tenancy ended.
    public let reservation: Reservation?

    init(
        _ event: Event, at: Timestamp, by: String?, evidence: String? = nil, tenancy: Tenancy? = nil,
        reservation: Reservation? = nil
    ) {
        self.event = event
        self.at = at
        self.by = by
        self.evidence = evidence
        self.tenancy = tenancy
        self.reservation = reservation
    }

    /// `{event, at, by, evidence, attachment, reservation}`, with `attachment` as in ``Tenancy/json``; absent members are left
    /// out.
    public var json: JSONValue { .object(object([:], tenancy?.json)) }

    private func object(_ first: JSONObject, _ attachment: JSONObject?) -> JSONObject {
        var object = first
        object["event"] = .string(event.rawValue)
        object["at"] = .string(at.description)
        object["by"] = by.map(JSONValue.string)
        object["evidence"] = evidence.map(JSONValue.string)
        object["attachment"] = attachment.map(JSONValue.object)
        object["reservation"] = reservation?.json
        return object
    }

    // MARK: The stored format

    /// The version of the format in which entries are stored. Entries without `format` are of version 1.
    private static let format = 1

    /// The entry as the store keeps it: `{format, event, at, by, evidence, attachment, reservation}`, with
    /// `attachment: {containerID, ifname, namespace, pod, uid, node, since, fixed}`; absent members are left out.
    var stored: JSONValue { .object(object(["format": JSONValue(Self.format)], tenancy.map(Self.stored))) }

    /// The members of a tenancy that are stored. Not ``Tenancy/json``, which is the programs' output and may get more members.
    private static func stored(_ tenancy: Tenancy) -> JSONObject {
        var object: JSONObject = ["containerID": .string(tenancy.containerID)]
        let holder = tenancy.holder
        object["ifname"] = tenancy.ifname.map { .string($0.text) }
        object["namespace"] = holder.namespace.map { .string($0.text) }
        object["pod"] = holder.name.map { .string($0.name.text) }
        object["uid"] = holder.uid.map(JSONValue.string)
        object["node"] = holder.node.map(JSONValue.string)
        object["since"] = tenancy.since.map { .string($0.description) }
        object["fixed"] = tenancy.attachment.map { .bool($0.isFixed) }
        return object
    }

    /// Reads a stored entry.
    ///
    /// - Throws: ``DamagedValue``, also if this version does not know the event or the format.
    init(stored json: JSONValue) throws(DamagedValue) {
        let format = json["format"]?.int ?? 1
        guard format <= Self.format else { throw DamagedValue("an entry has the unknown format \(format)") }
        guard let event = json["event"]?.string.flatMap(Event.init), let at = json["at"]?.string.flatMap(Timestamp.init)
        else { throw DamagedValue("an entry has no known event or no time (RFC 3339)") }
        self.event = event
        self.at = at
        by = json["by"]?.string
        evidence = json["evidence"]?.string
        tenancy = json["attachment"]?.object.flatMap { Tenancy(json: $0) }
        reservation = try json["reservation"].map { value throws(DamagedValue) in
            try Reservation(stored: value.serialized())
        }
    }
}
