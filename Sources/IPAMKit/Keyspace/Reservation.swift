import Store

/// The value of a reservation's key: the holder for whom an address is reserved.
public struct Reservation: Hashable, Sendable {
    /// The pods that may get the address.
    public var holder: ReservationHolder
    /// Who made the reservation, such as `root@admin1`; nil if it is not recorded.
    public var by: String?
    /// The operator's text; nil if none was given.
    public var note: String?
    /// The time of the reservation; nil if it is not recorded.
    public var since: Timestamp?
    /// The time at which the reservation expires; nil if it never does. See ``isExpired(at:)``.
    public var expires: Timestamp?
    /// The only interface that gets the address without requesting it; nil for any interface of the pod. `kube-ipam.ip: auto`
    /// records it, so that each of several interfaces on one network gets the same address again.
    public var ifname: InterfaceName?
    /// The plan that the reservation belongs to, and that may drop it; nil if it belongs to none.
    public var plan: PlanName?

    /// The value of ``by`` for reservations by `kube-ipam.ip: auto`. The name of an operator has an "@".
    public static let automaticAuthor = "kube-ipam"

    /// How the note begins that the audit gives the reservation of an `untracked` address.
    static let untrackedMark = "fenced: "
    /// How the evidence of an `untracked` address ends, and with it that note.
    static let untracked = "has it, and it is not recorded"

    /// Whether the audit made the reservation for a pod that had the address without a record. A fence of an operator is
    /// another thing: it is for ``ReservationHolder/nobody``.
    var isOfUntrackedAddress: Bool {
        note.map { $0.hasPrefix(Self.untrackedMark) && $0.hasSuffix(Self.untracked) } ?? false
    }

    /// The longest accepted note, in bytes of UTF-8. A stored note may be longer.
    public static let longestNote = 1024

    /// Makes a reservation that is not stored yet.
    public init(
        for holder: ReservationHolder, by: String? = nil, note: String? = nil, since: Timestamp? = nil,
        expires: Timestamp? = nil, ifname: InterfaceName? = nil, plan: PlanName? = nil
    ) {
        self.holder = holder
        self.by = by
        self.note = note
        self.since = since
        self.expires = expires
        self.ifname = ifname
        self.plan = plan
    }

    /// Whether the reservation no longer counts at `now`: ``Timestamp/largestClockDifference`` after ``expires``.
    public func isExpired(at now: Timestamp) -> Bool {
        guard let expires else { return false }
        return now >= expires.advanced(bySeconds: Timestamp.largestClockDifference)
    }

    /// The stored value: `{for, by, note, since, expires, ifname, plan}`; absent members are left out.
    public var json: JSONValue {
        var object = JSONObject()
        if holder != .anyone { object["for"] = .string(holder.description) }
        object["by"] = by.map(JSONValue.string)
        object["note"] = note.map(JSONValue.string)
        object["since"] = since.map { .string($0.description) }
        object["expires"] = expires.map { .string($0.description) }
        object["ifname"] = ifname.map { .string($0.text) }
        object["plan"] = plan.map { .string($0.text) }
        return .object(object)
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue`` if the text is not a JSON object, or `for` or `expires` is not valid.
    public init(stored text: String) throws(DamagedValue) {
        let json = try JSONValue(stored: text)
        guard json.object != nil else { throw DamagedValue("it is not an object") }
        for key in ["for", "expires"] {
            // If an invalid value counted as absent, any pod could get the address.
            if let value = json[key], value.string == nil { throw DamagedValue("its \(key) is not a string") }
        }
        do throws(InvalidReservationHolder) {
            holder = try ReservationHolder(json["for"]?.string ?? "")
        } catch {
            throw DamagedValue(error.description)
        }
        by = json["by"]?.string
        note = json["note"]?.string
        since = json["since"]?.string.flatMap(Timestamp.init)
        ifname = json["ifname"]?.string.flatMap { try? InterfaceName($0) }
        plan = json["plan"]?.string.flatMap { try? PlanName($0) }
        if let text = json["expires"]?.string {
            guard let time = Timestamp(text) else { throw DamagedValue("\"\(text)\" is not a time (RFC 3339)") }
            expires = time
        }
    }

    /// Reads a stored record; if it cannot be read, no pod may get the address.
    init(orUnreadable record: Record) {
        self = (try? Reservation(stored: record.value)) ?? Reservation(for: .unreadable)
    }
}
