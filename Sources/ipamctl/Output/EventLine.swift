import IPAMKit

/// An event, with the time at which this machine received it.
struct EventLine: Renderable {
    let time: Timestamp
    let event: NetworkEvent

    var json: JSONValue {
        let facts = event.json.members.map { ($0.key, $0.value) }
        return .object(JSONObject([("time", .string(time.description))] + facts))
    }
    var names: [String] { event.address.map { [$0.description] } ?? [] }

    private static let columns = ["TIME", "NETWORK", "EVENT", "ADDRESS", "WHO"]
    private static let wideColumns = ["FROM", "HOW", "NODE", "CONTAINER", "IFNAME", "BY", "BECAUSE", "REVISION"]

    /// The widths of the columns, wide enough for most rows.
    ///
    /// - Parameter network: the only network; nil if there are several.
    static func widths(_ network: NetworkName?) -> [Int] {
        [
            "2026-11-23T02:00:00Z".count, max("NETWORK".count, network?.text.count ?? 12), "configured".count,
            "255.255.255.255".count, 24,
        ]
    }

    static func header(wide: Bool) -> [String] {
        columns + (wide ? wideColumns : [])
    }

    func cells(wide: Bool) -> [[String]] {
        [Self.header(wide: wide), wide ? row(who) + wideRow : row(summary)]
    }

    private func row(_ who: String) -> [String] {
        [time.description, event.network.text, event.kind.rawValue, event.address?.description ?? "", who]
    }

    private var wideRow: [String] {
        [
            event.former.map(Self.phrase) ?? "", event.ending?.rawValue ?? "",
            event.tenancy?.holder.node ?? "", event.tenancy?.containerID ?? "",
            event.tenancy?.ifname?.text ?? "", event.by ?? "", event.evidence ?? "", String(event.revision),
        ]
    }

    /// The table's last column: who, with the former holder, or how a tenancy ended.
    private var summary: String {
        switch event.kind {
        case .given, .takenOver: who + (event.former.map { ", before \(Self.phrase($0))" } ?? "")
        case .freed:
            switch event.ending {
            case nil, .deleted: who
            case .some(let ending): who + " (\(ending.rawValue)\(event.by.map { " by \($0)" } ?? ""))"
            }
        case .reserved, .updated, .released, .expired, .suspected, .held, .unheld, .configured: who
        }
    }

    private var who: String {
        switch event.kind {
        case .given, .takenOver, .freed: event.tenancy.map(Self.phrase) ?? ""
        case .reserved, .updated, .released, .expired: event.reservation?.holder.phrase ?? ""
        case .suspected: event.by.map { "seen gone by \($0)" } ?? "seen gone"
        case .held, .unheld: event.hold?.reason ?? ""
        case .configured: event.evidence ?? configuration
        }
    }

    private var configuration: String {
        var parts = event.rangeSets?.flatMap { $0.ranges.map(\.subnet.description) } ?? []
        if let settings = event.settings {
            parts += settings.fixed.map { "fixed \($0.start)-\($0.end)" }
            parts.append(settings.hasGoNodes ? "with Go nodes" : "no Go node")
        }
        return parts.joined(separator: ", ")
    }

    private static func phrase(_ tenancy: Tenancy) -> String {
        tenancy.holder.phrase == nil ? "container \(tenancy.containerID.prefix(12))" : tenancy.phrase
    }
}

/// Events that etcd no longer has.
struct LostEvents: Renderable {
    let time: Timestamp
    /// The last revision that was seen.
    let after: Int64
    /// The revision after which the events continue.
    let through: Int64

    var message: String {
        through < after
            ? "etcd went back from revision \(after) to \(through): the events of a restored etcd are not known"
            : "events between revision \(after + 1) and \(through) were lost: etcd has compacted them"
    }

    var json: JSONValue {
        [
            "time": .string(time.description), "event": "lost", "fromRevision": JSONValue(after + 1),
            "toRevision": JSONValue(through),
        ]
    }
    var names: [String] { [] }
    func cells(wide: Bool) -> [[String]] { [] }
}
