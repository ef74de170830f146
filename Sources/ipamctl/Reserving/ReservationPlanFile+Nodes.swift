import IPAMKit

/// Plans in YAML and JSON: a list of entries, an object with `plan`, `network` and `reservations`, or a list as
/// `ipamctl list -o yaml|json` writes it.
extension ReservationPlanFile {
    private static let planKeys = ["plan", "network", "reservations"]

    /// - Throws: ``Failure`` with the entry or the key that cannot be used.
    func plan(of node: PlanNode) throws(Failure) -> Plan {
        if let elements = node.elements {
            if elements.contains(where: { $0["state"] != nil }) { return Plan(rows: try rows(ofList: elements)) }
            return Plan(rows: try rows(elements, ""))
        }
        guard let object = node.value.object else {
            throw Failure(.usage, "\(name) is \(node.value.kind), not a plan", hint: PlanEntry.keyHint)
        }
        if let unknown = object.keys.first(where: { !Self.planKeys.contains($0) }) {
            throw Failure(.usage, "\(name): unknown key \(unknown.quotedForPeople)", hint: PlanEntry.keyHint)
        }
        var plan = Plan()
        if let text = try string(node, "plan") {
            plan.name = try Failure.wrap(.usage, about: "\(name), plan") { try PlanName(text) }
        }
        plan.network = try string(node, "network")
        guard let list = node["reservations"] else {
            throw Failure(
                .usage, "\(name) has no reservations",
                hint: "write a list of entries as reservations; an empty list is []")
        }
        guard let elements = list.elements else {
            throw Failure(
                .usage, "\(name), reservations: this is \(list.value.kind), not a list",
                hint: PlanEntry.keyHint)
        }
        plan.rows = try rows(elements, "reservations, ").map { row in
            var row = row
            row.network = plan.network
            return row
        }
        return plan
    }

    private func string(_ node: PlanNode, _ key: String) throws(Failure) -> String? {
        guard let value = node[key]?.value else { return nil }
        guard let text = value.string else {
            throw Failure(
                .usage, "\(name), \(key): this is \(value.kind), not a string",
                hint: "write it in quotes")
        }
        return text
    }

    // MARK: Entries

    private func rows(_ entries: [PlanNode], _ before: String) throws(Failure) -> [ReservationPlan.Row] {
        try collect(entries, place: { before + Self.place($0, $1) }) { node throws(Failure) in
            guard let object = node.value.object else {
                throw Failure(.usage, "this is \(node.value.kind), not an entry", hint: PlanEntry.keyHint)
            }
            if let unknown = object.keys.first(where: { !PlanEntry.keys.contains($0) }) {
                throw Failure(
                    .usage, "unknown key \(unknown.quotedForPeople)",
                    hint: "the keys are \(PlanEntry.keys.joined(separator: ", "))")
            }
            var entry = PlanEntry()
            entry.addresses = try Self.addresses(object["address"])
            entry.holder = try Self.text(object, "for")
            entry.note = try Self.text(object, "note")
            entry.removesNote = entry.note?.isEmpty == true
            // A number is a span in seconds, as for --expires.
            if let seconds = object["expires"]?.int {
                entry.expires = String(seconds)
            } else {
                entry.expires = try Self.text(object, "expires")
            }
            entry.isEach = try Self.flag(object, "each")
            entry.isFence = try Self.flag(object, "fence")
            if let start = object["start"], !start.isNull {
                guard let number = start.int else { throw Self.wrong(start, "start", "a whole number") }
                entry.start = number
            }
            try entry.checkNote()
            return entry
        }
    }

    /// An address, or a list of addresses.
    private static func addresses(_ value: JSONValue?) throws(Failure) -> [String] {
        guard let value, !value.isNull else {
            throw Failure(.usage, "the entry has no address", hint: "write an address, a range a-b, or a CIDR")
        }
        guard let list = value.array else {
            guard let text = value.string else { throw wrong(value, "address", "a string") }
            return [text]
        }
        var texts: [String] = []
        for element in list {
            guard let text = element.string else { throw wrong(element, "address", "a string") }
            texts.append(text)
        }
        return texts
    }

    private static func text(_ object: JSONObject, _ key: String) throws(Failure) -> String? {
        guard let value = object[key], !value.isNull else { return nil }
        guard let text = value.string else { throw wrong(value, key, "a string") }
        return text
    }

    private static func flag(_ object: JSONObject, _ key: String) throws(Failure) -> Bool {
        guard let value = object[key], !value.isNull else { return false }
        guard let flag = value.bool else { throw wrong(value, key, "true or false") }
        return flag
    }

    private static func wrong(_ value: JSONValue, _ key: String, _ expected: String) -> Failure {
        Failure(
            .usage, "\(key): this is \(value.kind), not \(expected)",
            hint: expected == "a string" ? "write it in quotes" : nil)
    }

    private static func place(_ index: Int, _ node: PlanNode) -> String {
        "entry \(index + 1)" + (node.line.map { " (line \($0))" } ?? "")
    }

    // MARK: Lists

    /// The reserved addresses of a list: reserving them again changes nothing. Expired reservations are skipped.
    private func rows(ofList entries: [PlanNode]) throws(Failure) -> [ReservationPlan.Row] {
        var expired = 0
        let rows = try collect(entries, place: Self.place) { node throws(Failure) in
            guard let reservation = node["reservation"]?.value else { return nil }
            guard !isExpired(reservation["expires"]?.string) else {
                expired += 1
                return nil
            }
            let address = node.value["address"]?.string ?? ""
            let holder = reservation["for"]?.string ?? ""
            guard holder != ReservationHolder.unreadable.description else {
                Terminal.note("skipped: \(address), whose reservation cannot be read")
                return nil
            }
            var entry = PlanEntry(
                addresses: [address], holder: holder, note: reservation["note"]?.string)
            entry.setStored(expires: reservation["expires"]?.string, now: now)
            entry.network = node.value["network"]?.string
            entry.plan = reservation["plan"]?.string.flatMap { try? PlanName($0) }
            entry.ifname = reservation["ifname"]?.string.flatMap { try? InterfaceName($0) }
            return entry
        }
        reportExpired(expired)
        guard !rows.isEmpty else { throw noReservations(PlanEntry.keyHint) }
        return rows
    }
}
