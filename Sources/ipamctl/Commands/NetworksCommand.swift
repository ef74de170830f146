import ArgumentParser
import IPAMKit

struct NetworksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "List the networks and how full they are.",
        discussion: """
            FREE and FULL are of the dynamic range, which pods without a reservation get addresses from; FIXED, in wide, \
            is what is free of the fixed range. A network of several range sets, such as IPv4 and IPv6, has a line for \
            each below its own. A pod gets an address of each set: FREE and FULL of the network are those of its fullest \
            set. CHANGED, in wide, is when an ADD last changed the network's ranges, and whose ADD.

            For node_exporter's textfile collector:

              ipamctl audit --report /var/lib/kube-ipam/audit.json
              ipamctl networks -o prometheus --report /var/lib/kube-ipam/audit.json \\
                --output-file /var/lib/node_exporter/kube-ipam.prom
            """,
        aliases: ["network", "pools", "pool"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: MetricOutputOptions

    func run() throws {
        let reports = try output.report.map { path throws(Failure) in try AuditReportFile.read(path) } ?? []
        let summaries = try connected(global) { connection in
            let inventories = try await connection.inventories()
            try await connection.warn(
                ofOverlapsAmong: inventories.map { NetworkPlace($0.inventory.network, $0.rangeSets ?? []) })
            return inventories.map { $0.inventory.summary(rangeSets: $0.rangeSets) }
        }
        let text = output.output.render(NetworkList(summaries: summaries, reports: reports))
        if let path = output.outputFile {
            try ResultFile.write(text.isEmpty || text.hasSuffix("\n") ? text : text + "\n", to: path)
        } else {
            Terminal.print(text)
        }
        if summaries.isEmpty { Terminal.note("no network yet: the first ADD of the plugin makes it") }
        for summary in summaries where summary.outside > 0 {
            guard let change = summary.rangesChange else { continue }
            let what = summary.outside == 1 ? "1 address in use lies" : "\(summary.outside) addresses in use lie"
            Terminal.note(
                "warning: network \(summary.network): \(what) outside its subnets; \(change.sentence)\n"
                    + "hint: two configurations of this name may differ; 'ipamctl audit -n \(summary.network)' says more"
            )
        }
    }
}

private struct NetworkList: Renderable {
    let summaries: [NetworkSummary]
    /// What an audit found, where metrics are wanted.
    let reports: [AuditReport]

    var json: JSONValue { .array(summaries.map(\.json)) }
    var names: [String] { summaries.map(\.network.text) }

    /// The addresses of an IPv6 subnet are more than anyone counts: `1.8e19`.
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

    /// Below a network of several range sets, a line for each, with its subnets.
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

    var metrics: [Metric] {
        func gauge(_ name: String, _ help: String, _ value: (NetworkSummary) -> String) -> Metric {
            Metric(
                name: "kube_ipam_addresses_" + name, help: help,
                samples: summaries.map { .init(labels: [("network", $0.network.text)], value: value($0)) })
        }
        func setGauge(_ name: String, _ help: String, _ value: (RangeSetSummary) -> String) -> Metric {
            let samples = summaries.flatMap { summary in
                summary.sets.map { set in
                    Metric.Sample(
                        labels: [
                            ("network", summary.network.text), ("range_set", String(set.index)),
                            ("family", "\(set.family)"),
                        ], value: value(set))
                }
            }
            return Metric(name: "kube_ipam_range_set_" + name, help: help, samples: samples)
        }
        let known = Set(summaries.map(\.network))
        let audited = reports.filter { known.contains($0.network) }
        func audit(_ name: String, _ help: String, _ value: (AuditReport) -> String) -> Metric {
            Metric(
                name: "kube_ipam_" + name, help: help,
                samples: audited.map { .init(labels: [("network", $0.network.text)], value: value($0)) })
        }
        return [
            gauge("total", "Addresses that can be given out, of the dynamic and the fixed ranges.") {
                String($0.total)
            },
            gauge("used", "Addresses in use.") { String($0.used) },
            gauge("reserved", "Addresses that are reserved and not in use.") { String($0.reserved) },
            gauge("free", "Addresses of the dynamic ranges that are neither used nor reserved.") { String($0.free) },
            gauge("free_fixed", "Addresses of the fixed ranges that are neither used nor reserved.") {
                String($0.freeFixed)
            },
            setGauge("addresses_total", "Addresses of a range set that can be given out.") { String($0.total) },
            setGauge("addresses_used", "Addresses of a range set in use.") { String($0.used) },
            setGauge("addresses_reserved", "Addresses of a range set that are reserved and not in use.") {
                String($0.reserved)
            },
            setGauge("addresses_free", "Addresses of a range set's dynamic range that are neither used nor reserved.") {
                String($0.free)
            },
            audit("leaked_addresses", "Addresses that had leaked when the last audit looked.") { report in
                String(report.findings.count { $0.code == .leaked })
            },
            audit("last_audit_timestamp_seconds", "When the last audit looked, in seconds since 1970.") {
                String($0.at.seconds)
            },
        ]
    }
}
