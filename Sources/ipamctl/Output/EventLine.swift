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

    static let columns: [Column<EventLine>] = [
        Column(title: "TIME") { .time($0.time) },
        .network { $0.event.network.text },
        .text("EVENT", shortening: .never) { $0.event.kind.rawValue },
        Column(title: "ADDRESS") { Cell($0.event.address) },
        .text("WHO", .table) { $0.summary },
        .text("WHO", .wide) { $0.who },
        .text("FROM", .wide) { $0.event.former.map(phrase) },
        .text("HOW", .wide, shortening: .never) { $0.event.ending?.rawValue },
        .text("NODE", .wide) { $0.event.tenancy?.holder.node },
        .text("CONTAINER", .wide) { $0.event.tenancy?.containerID },
        .text("IFNAME", .wide) { $0.event.tenancy?.ifname?.text },
        .text("BY", .wide) { $0.event.by },
        .text("BECAUSE", .wide, shortening: .end) { $0.event.evidence },
        .number("REVISION", .wide, .essential) { Cell($0.event.revision) },
    ]

    var rows: [EventLine] { [self] }

    /// The width of a column that most rows do not exceed, by its title.
    ///
    /// - Parameter network: the only network; nil if there are several.
    static func expectedWidth(_ title: String, _ network: NetworkName?) -> Int {
        switch title {
        case "TIME": "2026-11-23T02:00:00Z".count
        case "NETWORK": max(title.count, network?.text.count ?? 12)
        case "EVENT": "configured".count
        case "ADDRESS": "255.255.255.255".count
        case "WHO": 24
        default: title.count
        }
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
        case .reserved, .updated, .released, .expired, .suspected: who
        // The column NETWORK may be left out.
        case .held, .unheld, .configured: "network \(event.network): \(who)"
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

    /// The most excluded ranges that a line names; the JSON has all.
    private static let mostExcluded = 8

    private var configuration: String {
        var parts = event.rangeSets?.flatMap { $0.ranges.map(\.subnet.description) } ?? []
        if let settings = event.settings {
            parts += settings.fixed.map { "fixed \($0.start)-\($0.end)" }
            parts +=
                settings.excluded.count <= Self.mostExcluded
                ? settings.excluded.map { "excluded \($0)" } : ["excluded \(settings.excluded.count) ranges"]
            parts.append(settings.hasGoNodes ? "with Go nodes" : "no Go node")
        }
        return parts.joined(separator: ", ")
    }

    private static func phrase(_ tenancy: Tenancy) -> String {
        tenancy.holder.phrase == nil ? "container \(tenancy.containerID.prefix(12))" : tenancy.phrase
    }
}

/// Events that etcd no longer has.
struct LostEvents {
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
}
