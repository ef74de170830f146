/// Something that ended a tenancy of an address, or changed its reservation.
public struct HistoryEntry: Hashable, Sendable {
    public enum Event: String, Hashable, Sendable {
        /// The runtime said that the container's interface is gone (DEL).
        case deleted
        /// The runtime did not list it among its containers' (GC).
        case collected
        /// A holder that was gone lost the address to another pod.
        case takenOver = "taken-over"
        /// An operator freed it.
        case freed
        /// The audit freed it.
        case repaired
        /// The address was reserved.
        case reserved
        /// A reservation got another note or time.
        case updated
        /// A reservation was dropped.
        case released
        /// A reservation was removed because its time was over.
        case expired

        /// True where a tenancy ended; the others are about reservations.
        public var endsTenancy: Bool {
            switch self {
            case .deleted, .collected, .takenOver, .freed, .repaired: true
            case .reserved, .updated, .released, .expired: false
            }
        }
    }

    public let event: Event
    public let at: Timestamp
    /// Who did it, such as `default/db-0 on n2`.
    public let by: String?
    /// What it was done on, such as "its node n1 has rebooted".
    public let evidence: String?
    /// Who had the address until then, if a tenancy ended.
    public let tenancy: Tenancy?
    /// The reservation that was made or that ended.
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

    /// What is kept of a tenancy. Not ``Tenancy/json``, which is for people and programs and may get more members.
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
    /// - Throws: ``DamagedValue``, also for an event or a format that this version does not know.
    init(stored json: JSONValue) throws(DamagedValue) {
        let format = json["format"]?.int ?? 1
        guard format <= Self.format else { throw DamagedValue("an entry has format \(format), which is not known") }
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
