import IPAMKit

/// The networks, with their metrics.
struct NetworkList: Measurable {
    private(set) var summaries: [NetworkSummary]
    /// The reports of the last audit, for metrics.
    let reports: [AuditReport]

    init(summaries: [NetworkSummary], reports: [AuditReport]) {
        self.summaries = summaries
        self.reports = reports
    }

    var json: JSONValue { .array(summaries.map(\.json)) }
    var names: [String] { summaries.map(\.network.text) }

    /// A network, or one of its range sets.
    enum Row: Sendable {
        case network(NetworkSummary)
        /// A network whose range sets follow.
        case heading(NetworkSummary)
        case set(RangeSetSummary)

        /// A pod gets an address of each set, so the figures of a network are those of its fullest set.
        fileprivate var figures: RangeSetSummary? {
            switch self {
            case .network(let summary), .heading(let summary): summary.fullest
            case .set(let set): set
            }
        }

        /// nil for a range set.
        fileprivate var summary: NetworkSummary? {
            switch self {
            case .network(let summary), .heading(let summary): summary
            case .set: nil
            }
        }

        fileprivate var name: String {
            switch self {
            case .network(let summary), .heading(let summary): summary.network.text
            case .set(let set): "  \(set.index) \(set.family)"
            }
        }

        fileprivate var subnets: String {
            switch self {
            case .network(let summary): summary.subnets.map(\.description).joined(separator: ",")
            case .heading(let summary): "\(summary.sets.count) range sets"
            case .set(let set): set.subnets.map(\.description).joined(separator: ",")
            }
        }
    }

    static let columns: [Column<Row>] = [
        .text("NETWORK") { $0.name },
        Column(title: "SUBNETS", importance: .context) { .text($0.subnets) },
        .number("TOTAL") { Cell($0.figures?.total ?? 0) },
        .number("USED") { Cell($0.figures?.usedInRanges ?? 0) },
        .number("RESERVED") { Cell($0.figures?.reservedInRanges ?? 0) },
        .number("FREE", .all, .essential) { Cell($0.figures?.free ?? 0) },
        .number("FREE FIXED") { Cell($0.figures?.freeFixed ?? 0) },
        Column(
            title: "FULL", isBar: true,
            style: { FullnessThreshold.style(ofPercent: $0.figures?.percentTaken ?? 0) },
            cell: { .fullness($0.figures?.percentTaken ?? 0) }),
        .number("OUTSIDE", .wide, .essential) { Cell($0.summary?.outsideRanges ?? $0.figures?.outsideRanges ?? 0) },
        .text("HOLD", .wide, shortening: .end) { row in row.summary?.hold.map { $0.reason ?? "yes" } },
        .text("CHANGED", .wide) { row in
            row.summary?.rangesChange.map { ($0.at ?? "") + ($0.by.map { " by \($0)" } ?? "") }
        },
    ]

    var rows: [Row] { summaries.map(Row.network) }

    /// A network of several range sets has a row for each of them, with its subnets.
    var tableRows: [Row] {
        summaries.flatMap { $0.sets.count > 1 ? [.heading($0)] + $0.sets.map(Row.set) : [.network($0)] }
    }

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) {
        summaries = try sort(rows).compactMap(\.summary)
    }

    /// For standard error: what the narrow table does not show.
    var omissions: [String] {
        summaries.filter { $0.outsideRanges > 0 }.map { summary in
            "network \(summary.network): \(summary.outsideRanges.counted("address")) used or reserved outside the ranges "
                + (summary.outsideRanges == 1 ? "is" : "are") + " not counted; -o wide shows OUTSIDE"
        }
    }

    /// For standard error: what the list itself does not show.
    var remarks: [String] {
        if summaries.isEmpty { return ["there is no network yet: the plugin's first ADD creates it"] }
        return holds + changes
    }

    /// Why pods get no addresses.
    private var holds: [String] {
        summaries.compactMap { summary in
            guard let hold = summary.hold else { return nil }
            return "network \(summary.network) is on hold"
                + (hold.by.map { " by \($0)" } ?? "") + (hold.since.map { " since \($0)" } ?? "")
                + ": \(hold.reason ?? "no reason is given")\n"
                + "hint: pods get no address of it until 'ipamctl unhold \(summary.network)'"
        }
    }

    private var changes: [String] {
        summaries.filter { $0.outside > 0 }.compactMap { summary in
            guard let change = summary.rangesChange else { return nil }
            return "warning: network \(summary.network): \(summary.outside.counted("address")) in use "
                + (summary.outside == 1 ? "is" : "are") + " outside its subnets; \(change.message)\n"
                + "hint: there may be two configurations of this name; see 'ipamctl audit -n \(summary.network)'"
        }
    }

    // MARK: Metrics

    var metrics: [Metric] {
        typealias Subjects<Value> = [(labels: [(name: String, value: String)], value: Value)]
        func gauge<Value, Number: BinaryInteger>(
            _ name: String, _ help: String, _ subjects: Subjects<Value>, _ number: (Value) -> Number
        ) -> Metric {
            Metric(
                name: "kube_ipam_" + name, help: help,
                samples: subjects.map { .init(labels: $0.labels, value: String(number($0.value))) })
        }
        let networks: Subjects = summaries.map { ([("network", $0.network.text)], $0) }
        let sets: Subjects = summaries.flatMap { summary in
            summary.sets.map { set in
                let labels = [
                    ("network", summary.network.text), ("range_set", String(set.index)), ("family", "\(set.family)"),
                ]
                return (labels, set)
            }
        }
        let known = Set(summaries.map(\.network))
        let audits: Subjects = reports.filter { known.contains($0.network) }.map {
            ([("network", $0.network.text)], $0)
        }
        return [
            gauge(
                "addresses_total", "Addresses that can be given out, of the dynamic and the fixed ranges.", networks,
                \.total),
            gauge("addresses_used", "Addresses in use.", networks, \.used),
            gauge("addresses_reserved", "Addresses that are reserved and not in use.", networks, \.reserved),
            gauge(
                "addresses_free", "Addresses of the dynamic ranges that are neither used nor reserved.", networks,
                \.free),
            gauge(
                "addresses_free_fixed", "Addresses of the fixed ranges that are neither used nor reserved.", networks,
                \.freeFixed),
            gauge("range_set_addresses_total", "Addresses of a range set that can be given out.", sets, \.total),
            gauge("range_set_addresses_used", "Addresses of a range set in use.", sets, \.used),
            gauge(
                "range_set_addresses_reserved", "Addresses of a range set that are reserved and not in use.", sets,
                \.reserved),
            gauge(
                "range_set_addresses_free",
                "Addresses of a range set's dynamic range that are neither used nor reserved.", sets, \.free),
            gauge("leaked_addresses", "Addresses that had leaked at the time of the last audit.", audits) { report in
                report.findings.count { $0.code == .leaked }
            },
            gauge(
                "last_audit_timestamp_seconds", "The time of the last audit, in seconds since 1970.", audits,
                \.at.seconds),
        ]
    }
}
