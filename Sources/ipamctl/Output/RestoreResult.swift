import IPAMKit
import Store

/// What a restore did, or would do: one row for each key that it changes.
struct RestoreResult: Renderable {
    struct Row {
        let network: NetworkName
        let change: RestoreChange
        /// `add`, `replace` or `delete` before it is done, then `added`, `replaced`, `deleted` or `outdated`.
        let action: String
    }

    private let plan: RestorePlan
    private let isDryRun: Bool
    private var isMade = false
    private(set) var rows: [Row]
    /// Why the command fails; nil if it does not.
    var failure: Failure?

    init(_ plan: RestorePlan, isDryRun: Bool) {
        self.plan = plan
        self.isDryRun = isDryRun
        rows = plan.changes.map { Row(network: plan.network, change: $0, action: $0.action.rawValue) }
    }

    /// The plan was carried out.
    ///
    /// - Parameter outdated: what was left alone.
    mutating func isMade(except outdated: [RestoreChange]) {
        isMade = true
        let skipped = Set(outdated)
        rows = plan.changes.map { change in
            let action =
                switch change.action {
                case .add: "added"
                case .replace: "replaced"
                case .delete: "deleted"
                }
            return Row(
                network: plan.network, change: change, action: skipped.contains(change) ? "outdated" : action)
        }
        guard !outdated.isEmpty else { return }
        failure = Failure(
            .conflict,
            "\(outdated.count.counted("key")) of network \(plan.network) changed in the meantime and were left alone",
            hint: "run the command again to see what it would do now")
    }

    /// What to do next; nil if there is nothing.
    var advice: String? {
        guard isMade || plan.hold != nil, !isDryRun else { return nil }
        return
            "network \(plan.network) is on hold; check it first: 'ipamctl audit -n \(plan.network) --repair --include "
            + "untracked'; then lift the hold: 'ipamctl unhold \(plan.network)'"
    }

    /// `k8s/used/10.188.0.20`
    static func name(_ change: RestoreChange) -> String { String(change.key.text.dropFirst(Keyspace.root.count)) }

    // MARK: Formats

    var json: JSONValue {
        let header = plan.header
        var backup: JSONObject = [
            "revision": JSONValue(header.revision), "time": .string(header.time.description),
            "version": .string(header.version),
        ]
        backup["cluster"] = header.cluster.map(JSONValue.string)
        var object = JSONObject(
            change: isMade ? "restored" : plan.isEmpty ? "unchanged" : "restore", of: plan.network, isDryRun: isDryRun)
        object["backup"] = .object(backup)
        object["revision"] = JSONValue(plan.revision)
        object["lineage"] = .string(plan.lineage.rawValue)
        object["equal"] = JSONValue(plan.equal)
        object["kept"] = JSONValue(plan.kept)
        object["changes"] = .array(
            rows.map { row in
                [
                    "key": .string(Self.name(row.change)), "kind": .string(row.change.kind.rawValue),
                    "action": .string(row.action), "newer": .bool(row.change.isNewer),
                ]
            })
        return .array([.object(object)])
    }
    var names: [String] { rows.map { Self.name($0.change) } }

    static let columns: [Column<Row>] = [
        .network { $0.network.text },
        .text("KEY") { name($0.change) },
        .text("KIND", .wide, shortening: .never) { $0.change.kind.rawValue },
        .text("ACTION", shortening: .never) { $0.action },
        .text("NEWER", .all, .detail, shortening: .never) { $0.change.isNewer ? "yes" : "" },
    ]

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) { rows = try sort(rows) }

    func text(_ layout: Layout, isWide: Bool) -> String? {
        if isWide { return nil }
        return Terminal.harmless(preview.map { $0 + "\n" }.joined())
    }

    /// A summary, and a line for each key that is newer or was left alone.
    var preview: [String] {
        let header = plan.header
        let whose =
            switch plan.lineage {
            case .same: "revision \(header.revision) of this etcd, now at \(plan.revision)"
            case .rolledBack:
                "revision \(header.revision) of this etcd, which was restored and is now at \(plan.revision)"
            case .other: "revision \(header.revision) of another etcd"
            }
        var lines = [
            "network \(plan.network): backup of \(header.time)\(isDryRun ? " (dry run)" : "")", "  from \(whose)",
        ]
        var actions: [String] = []
        for row in rows where !actions.contains(row.action) { actions.append(row.action) }
        for action in actions {
            let some = rows.filter { $0.action == action }
            let kinds = RestoredKind.allCases.compactMap { kind -> String? in
                let count = some.count { $0.change.kind == kind }
                return count == 0 ? nil : kind.counted(count)
            }
            lines.append("  \(action): \(kinds.joined(separator: ", "))")
        }
        lines.append("  \(plan.equal) equal" + (plan.kept > 0 ? ", \(plan.kept) different and kept" : ""))
        let notable = rows.filter { $0.change.isNewer || $0.action == "outdated" }
        lines += notable.prefix(Self.mostLines).map { "\(Self.name($0.change)) \($0.action)" }
        if notable.count > Self.mostLines {
            lines.append("... and \(notable.count - Self.mostLines) more; -o wide lists all")
        }
        return lines
    }

    private static let mostLines = 12
}

extension RestoredKind {
    /// `1 used address`, `2 histories`
    fileprivate func counted(_ count: Int) -> String {
        switch self {
        case .ranges, .settings: rawValue
        case .used: count.counted("used address")
        case .attachment, .reservation, .claim, .cursor, .suspect, .lock: count.counted(rawValue)
        case .history: "\(count) " + (count == 1 ? "history" : "histories")
        case .other: count.counted("other key")
        }
    }
}
