import IPAMKit

/// Everything that is recorded about one address, and its place in its network.
struct AddressDetail: Renderable {
    let history: AddressHistory
    let range: PoolRange?

    private var entry: AddressEntry { history.entry }

    var names: [String] { [entry.address.description] }

    var json: JSONValue {
        var object = entry.json.object ?? JSONObject()
        object["subnet"] = range.map { .string($0.subnet.description) }
        object["gateway"] = range.map { .string($0.gateway.description) }
        object["place"] = .string(place)
        object["suspect"] = history.suspect?.json
        object["takeover"] = history.takeover?.json
        return .object(object)
    }

    /// The part of its subnet that has the address.
    private var place: String {
        guard let range else { return "outside every subnet" }
        if let role = range.role(of: entry.address) { return role.description }
        if range.fixed?.contains(entry.address) == true { return "fixed range" }
        return range.range.contains(entry.address) ? "dynamic range" : "outside the ranges"
    }

    func cells(wide: Bool) -> [[String]] {
        let lines = lines
        return [lines.map(\.0), lines.map(\.1)]
    }

    func text(wide: Bool) -> String {
        TextTable.render(lines.map { ["\($0.0):", $0.1] })
    }

    private var lines: [(String, String)] {
        var lines = [
            ("Address", entry.address.description), ("Network", entry.network.text), ("State", entry.state.rawValue),
            ("Place", range.map { "\(place) of \($0.subnet)" } ?? place),
        ]
        func add(_ title: String, _ value: String?) {
            if let value { lines.append((title, value)) }
        }
        if let tenancy = entry.tenancy {
            let holder = tenancy.holder
            add("Pod", holder.pod?.description)
            add("Container name", holder.container?.description)
            add("Pod UID", holder.uid)
            add("Node", holder.node)
            add("Container", tenancy.containerID)
            add("Interface", tenancy.ifname?.text)
            add("Workload", holder.owner.text)
            add("Namespace path", holder.netns)
            add("Namespace inode", holder.inode.map(String.init))
            add("Boot ID", holder.boot)
            add("Machine ID", holder.machine)
            add("Cluster", holder.cluster)
            add("Since", tenancy.since?.description)
            if tenancy.attachment == nil {
                add("Recorded by", "no readable attachment (the Go plugin writes none)")
            }
        }
        if let suspect = history.suspect {
            add("Seen gone", "since \(suspect.since)" + (suspect.by.map { " by \($0)" } ?? ""))
        }
        if let takeover = history.takeover {
            add("Taken over", "\(takeover.at)" + (takeover.by.map { " by \($0)" } ?? ""))
            add("Taken from", takeover.tenancy?.phrase)
            add("Evidence", takeover.evidence)
        }
        if let reservation = entry.reservation {
            add("Reserved for", reservation.holder.phrase)
            add("For interface", reservation.ifname?.text)
            add("Reserved by", reservation.by)
            add("Reserved since", reservation.since?.description)
            add("Expires", reservation.expires?.description)
            add("Note", reservation.note)
            if entry.isReservedForAnother {
                add("Warning", "the address is reserved for others than the pod that uses it")
            }
        }
        return lines
    }
}
