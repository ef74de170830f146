import Store

/// The value of a reservation's key: for whom an address is kept, by whom, why and until when.
public struct Reservation: Hashable, Sendable {
    public var holder: ReservationHolder
    /// Who reserved it, such as `root@admin1`.
    public var by: String?
    public var note: String?
    public var since: Timestamp?
    public var expires: Timestamp?
    /// The interface that gets the address unasked; nil where any of the pod's does. `kube-ipam.ip: auto` records it, so that
    /// each of several interfaces on one network has its own address again.
    public var ifname: InterfaceName?

    /// Who reserved what `kube-ipam.ip: auto` asked for. A person's name has an "@".
    public static let automaticAuthor = "kube-ipam"

    /// In bytes of UTF-8: the longest note that is accepted. What is stored already may be longer.
    public static let longestNote = 1024

    public init(
        for holder: ReservationHolder, by: String? = nil, note: String? = nil, since: Timestamp? = nil,
        expires: Timestamp? = nil, ifname: InterfaceName? = nil
    ) {
        self.holder = holder
        self.by = by
        self.note = note
        self.since = since
        self.expires = expires
        self.ifname = ifname
    }

    /// True when the reservation no longer counts at `now`: five minutes after its time.
    public func isExpired(at now: Timestamp) -> Bool {
        guard let expires else { return false }
        return now >= expires.advanced(bySeconds: Timestamp.largestClockDifference)
    }

    /// The value as the store keeps it; absent parts are left out.
    public var json: JSONValue {
        var object = JSONObject()
        if holder != .anyone { object["for"] = .string(holder.description) }
        object["by"] = by.map(JSONValue.string)
        object["note"] = note.map(JSONValue.string)
        object["since"] = since.map { .string($0.description) }
        object["expires"] = expires.map { .string($0.description) }
        object["ifname"] = ifname.map { .string($0.text) }
        return .object(object)
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue``.
    public init(stored text: String) throws(DamagedValue) {
        let json = try JSONValue(stored: text)
        guard json.object != nil else { throw DamagedValue("it is not an object") }
        for key in ["for", "expires"] {
            // Taken for absent, it would open the address to everyone.
            if let value = json[key], value.string == nil { throw DamagedValue("its \(key) is not a text") }
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
        if let text = json["expires"]?.string {
            guard let time = Timestamp(text) else { throw DamagedValue("\"\(text)\" is not a time (RFC 3339)") }
            expires = time
        }
    }

    /// Reads a stored record; one that cannot be read is for nobody.
    init(orUnreadable record: Record) {
        self = (try? Reservation(stored: record.value)) ?? Reservation(for: .unreadable)
    }
}
