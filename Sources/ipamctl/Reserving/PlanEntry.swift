import IPAMKit

/// An entry of a plan as it is written, in any format.
struct PlanEntry {
    /// An address, a range or a CIDR, or several.
    var addresses: [String] = []
    var holder: String?
    /// Not checked if the entry is of a list: a note that is stored already may be longer than a new one.
    var note: String?
    /// Whether the note is written, and empty: then a reservation that exists loses its own.
    var removesNote = false
    /// As for --expires, or `never`.
    var expires: String?
    /// Whether each pod of the StatefulSet gets an address of its own.
    var isEach = false
    /// Whether no pod gets the address.
    var isFence = false
    /// The first ordinal; nil if the entry has none.
    var start: Int?

    /// Of a list: what the reservation has, too.
    var network: String?
    var plan: PlanName?
    var ifname: InterfaceName?
    /// An expiry that has passed a short time ago.
    var expired: Timestamp?

    static let columns = ["address", "for", "note", "expires"]
    /// Columns that a header may name besides.
    static let moreColumns = ["each", "start", "fence"]
    static let keys = columns + moreColumns
    static let columnHint =
        "the columns are \(columns.joined(separator: ",")), perhaps \(moreColumns.joined(separator: ",")), or those of 'ipamctl list -o csv'"
    static let keyHint =
        "write a list of entries with the keys \(keys.joined(separator: ", ")), or an object with plan, network and reservations"
    static let fileHint =
        "a plan is CSV with the columns \(columns.joined(separator: ",")), or YAML or JSON: a list of entries with these keys"

    /// The row of a plan.
    ///
    /// - Throws: ``Failure`` with the value that cannot be used.
    func row(now: Timestamp) throws(Failure) -> ReservationPlan.Row {
        var ranges: [AddressRange] = []
        for text in addresses.isEmpty ? [""] : addresses { ranges += try AddressSelection(argument: text).ranges }
        try AddressSelection(ranges: ranges).requireWithinLimit()
        let holder = try readHolder()
        let expires = try Self.read("expires", self.expires, NewExpiry.init(argument:))
        let reservation = Reservation(
            for: holder, by: Operator.name, note: note.flatMap { $0.isEmpty ? nil : $0 }, since: now,
            expires: expires?.time(from: now) ?? expired, ifname: ifname, plan: plan)
        var removing: Set<ReservationOrder.Part> = []
        if removesNote { removing.insert(.note) }
        if case .never = expires { removing.insert(.expiry) }
        if start != nil, !isEach {
            throw Failure(.usage, "start goes with each", hint: "write each: true, or omit start")
        }
        return ReservationPlan.Row(
            place: "", network: network, ranges: ranges, reservation: reservation, removing: removing,
            pods: isEach ? try Self.pods(of: holder, from: start ?? 0) : nil)
    }

    private func readHolder() throws(Failure) -> ReservationHolder {
        // In a list, a fence is a reservation for this holder.
        let isNobody = holder == ReservationHolder.nobody.description
        if isFence, !isNobody, let holder, !holder.isEmpty {
            throw Failure(.usage, "fence and for exclude each other", hint: "omit one of them")
        }
        if isFence || isNobody { return .nobody }
        return try Self.read("for", holder, ReservationHolder.init(argument:)) ?? .anyone
    }

    /// An expiry as a list has it: it may have passed, as long as the reservation counts.
    mutating func setStored(expires text: String?, now: Timestamp) {
        if let time = text.flatMap(Timestamp.init), time <= now { expired = time } else { expires = text }
    }

    /// The note as `--note` takes it.
    mutating func checkNote() throws(Failure) {
        note = try Self.read("note", note, StoredText.note(argument:))
    }

    private static func pods(of holder: ReservationHolder, from start: Int) throws(Failure) -> PodOrdinals {
        do throws(InvalidPodOrdinals) {
            return try PodOrdinals(of: holder, from: start)
        } catch {
            throw Failure(.usage, "each: \(error)", hint: "write for: NAMESPACE/sts/NAME, or omit each")
        }
    }

    /// Reads a value as the option of the same name is read; an empty one is absent.
    private static func read<Value>(_ key: String, _ text: String?, _ read: (String) throws -> Value)
        throws(Failure) -> Value?
    {
        guard let text, !text.isEmpty else { return nil }
        return try Failure.wrap(about: key, hint: "write it as for --\(key), see 'ipamctl reserve --help'") {
            try read(text)
        }
    }
}
