import IPAMKit

/// The networks, with their metrics.
struct NetworkList: Measurable {
    let summaries: [NetworkSummary]
    /// The reports of the last audit, for metrics.
    let reports: [AuditReport]

    var json: JSONValue { .array(summaries.map(\.json)) }
    var names: [String] { summaries.map(\.network.text) }

    /// The number of addresses of an IPv6 subnet is abbreviated: `1.8e19`.
    private static func count(_ number: UInt128, exact: Bool) -> String {
        let digits = String(number)
        guard !exact, digits.utf8.count > 9 else { return digits }
        return "\(digits.prefix(1)).\(digits.dropFirst().prefix(1))e\(digits.utf8.count - 1)"
    }

    private static func header(wide: Bool) -> [String] {
        ["NETWORK", "SUBNETS", "TOTAL", "USED", "RESERVED", "FREE", "FULL"]
            + (wide ? ["FIXED", "HOLD", "CHANGED"] : [])
    }

    private static func row(_ summary: NetworkSummary, subnets: String, wide: Bool) -> [String] {
        let row = [
            summary.network.text, subnets, count(summary.total, exact: wide), String(summary.used),
            String(summary.reserved), count(summary.fullest?.free ?? 0, exact: wide), "\(summary.percentTaken)%",
        ]
        guard wide else { return row }
        let change = summary.rangesChange.map { ($0.at ?? "") + ($0.by.map { " by \($0)" } ?? "") }
        return row + [
            count(summary.freeFixed, exact: true), summary.hold.map { $0.reason ?? "yes" } ?? "", change ?? "",
        ]
    }

    private static func row(_ set: RangeSetSummary, wide: Bool) -> [String] {
        let row = [
            "  \(set.index) \(set.family)", set.subnets.map(\.description).joined(separator: ","),
            count(set.total, exact: wide), String(set.used), String(set.reserved), count(set.free, exact: wide),
            "\(set.percentTaken)%",
        ]
        return wide ? row + [count(set.freeFixed, exact: true), "", ""] : row
    }

    func cells(wide: Bool) -> [[String]] {
        [Self.header(wide: wide)]
            + summaries.map { summary in
                Self.row(summary, subnets: summary.subnets.map(\.description).joined(separator: ","), wide: wide)
            }
    }

    /// A network of several range sets has a line for each of them, with its subnets.
    func text(wide: Bool) -> String {
        var rows = [Self.header(wide: wide)]
        for summary in summaries {
            guard summary.sets.count > 1 else {
                let subnets = summary.subnets.map(\.description).joined(separator: ",")
                rows.append(Self.row(summary, subnets: subnets, wide: wide))
                continue
            }
            rows.append(Self.row(summary, subnets: "\(summary.sets.count) range sets", wide: wide))
            rows += summary.sets.map { Self.row($0, wide: wide) }
        }
        return TextTable.render(rows)
    }

    /// For standard error: what the list itself does not show.
    var remarks: [String] {
        if summaries.isEmpty { return ["there is no network yet: the plugin's first ADD creates it"] }
        return summaries.filter { $0.outside > 0 }.compactMap { summary in
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
