import IPAMKit

/// Everything that is recorded about one address, and its place in its network.
struct AddressDetail: Renderable {
    let history: AddressHistory
    let range: PoolRange?

    private var entry: AddressEntry { history.entry }
    private var tenancy: Tenancy? { entry.tenancy }
    private var reservation: Reservation? { entry.reservation }

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
        if range.exclusion(of: entry.address) != nil { return "excluded address" }
        if range.fixed?.contains(entry.address) == true { return "fixed range" }
        return range.range.contains(entry.address) ? "dynamic range" : "outside the ranges"
    }

    var rows: [AddressDetail] { [self] }

    static let columns: [Column<AddressDetail>] = [
        Column(title: "Address") { .address($0.entry.address) },
        .text("Network") { $0.entry.network.text },
        .text("State", style: { $0.entry.state.style }) { $0.entry.state.rawValue },
        .text("Place") { detail in detail.range.map { "\(detail.place) of \($0.subnet)" } ?? detail.place },
        .text("Pod") { $0.tenancy?.holder.pod?.description },
        .text("Container name") { $0.tenancy?.holder.container?.description },
        .text("Pod UID") { $0.tenancy?.holder.uid },
        .text("Node") { $0.tenancy?.holder.node },
        .text("Container") { $0.tenancy?.containerID },
        .text("Interface") { $0.tenancy?.ifname?.text },
        .text("Workload") { $0.tenancy?.holder.owner.text },
        .text("Namespace path") { $0.tenancy?.holder.netns },
        .text("Namespace inode") { $0.tenancy?.holder.inode.map { String($0) } },
        .text("Boot ID") { $0.tenancy?.holder.boot },
        .text("Machine ID") { $0.tenancy?.holder.machine },
        .text("Cluster") { $0.tenancy?.holder.cluster },
        Column(title: "Since") { Cell($0.tenancy?.since) },
        .text("Recorded by") { detail in
            guard let tenancy = detail.tenancy, tenancy.attachment == nil else { return nil }
            return "no readable attachment (the Go plugin writes none)"
        },
        .text("Seen gone") { detail in
            detail.history.suspect.map { "since \($0.since)" + ($0.by.map { " by \($0)" } ?? "") }
        },
        .text("Taken over") { detail in
            detail.history.takeover.map { "\($0.at)" + ($0.by.map { " by \($0)" } ?? "") }
        },
        .text("Taken from") { $0.history.takeover?.tenancy?.phrase },
        .text("Evidence", shortening: .end) { $0.history.takeover?.evidence },
        .text("Reserved for") { $0.reservation?.holder.phrase },
        .text("For interface") { $0.reservation?.ifname?.text },
        .text("Reserved by") { $0.reservation?.by },
        .text("Of plan") { $0.reservation?.plan?.text },
        Column(title: "Reserved since") { Cell($0.reservation?.since) },
        Column(title: "Expires") { Cell($0.reservation?.expires) },
        .text("Note", shortening: .end) { $0.reservation?.note },
        .text("Warning", shortening: .end, style: { _ in .yellow }) { detail in
            detail.entry.isReservedForAnother
                ? "the address is reserved for others than the pod that uses it" : nil
        },
    ]

    /// A line for each value that is known.
    func text(_ layout: Layout, isWide: Bool) -> String? {
        var titles: [String] = []
        var values: [String] = []
        var styles: [Style?] = []
        for column in Self.columns {
            let cell = column.cell(self)
            if cell.isEmpty { continue }
            titles.append(column.title + ":")
            if case .time(let time) = cell {
                values.append(Age.phrase(time, at: layout.now))
            } else {
                values.append(DisplayText.visible(cell.text(at: layout.now)))
            }
            styles.append(column.style(self))
        }
        return TextTable(columns: [.init(titles), .init(values, style: { styles[$0] })])
            .wrapped(to: isWide ? nil : layout.screen.columns).render(hasColor: layout.screen.hasColor)
    }
}
