import IPAMKit

/// The result of `ipamctl preflight`: the pods of manifests, and what keeps them from their addresses.
struct PreflightResult: Renderable {
    /// A network whose addresses were judged.
    struct Network: Sendable {
        let name: NetworkName
        let revision: Int64
    }

    private(set) var lines: [PreflightLine]
    let networks: [Network]
    let objects: [PlannedObject]
    let skippedKinds: [String: Int]
    let skippedObjects: [(object: PlannedObject, reason: String)]

    var rows: [PreflightLine] { lines }

    var names: [String] {
        var names: [String] = []
        for line in lines where !names.contains(line.pod) { names.append(line.pod) }
        return names
    }

    mutating func sort(_ sort: ([PreflightLine]) throws(Failure) -> [PreflightLine]) throws(Failure) {
        lines = try sort(lines)
    }

    var json: JSONValue {
        let skipped = skippedObjects.map { skipped -> JSONValue in
            [
                "object": .string(skipped.object.description), "reason": .string(skipped.reason),
                "file": .string(skipped.object.place.file), "line": JSONValue(skipped.object.place.line),
            ]
        }
        var kinds = JSONObject()
        for (kind, count) in skippedKinds.sorted(by: { $0.key < $1.key }) { kinds[kind] = JSONValue(count) }
        return [
            "networks": .array(
                networks.map { ["network": .string($0.name.text), "revision": JSONValue($0.revision)] }),
            "objects": JSONValue(objects.count), "pods": JSONValue(podCount),
            "errors": JSONValue(count(.error)), "warnings": JSONValue(count(.warning)),
            "results": .array(lines.map(\.json)), "skippedObjects": .array(skipped), "skippedKinds": .object(kinds),
        ]
    }

    static let columns: [Column<PreflightLine>] = [
        .text("STATUS", shortening: .never, style: { $0.status.style }) { $0.status.rawValue },
        .text("POD") { $0.pod },
        .number("PODS") { $0.pods.map { Cell($0) } ?? .none },
        .network { $0.network?.text ?? "" },
        .text("ADDRESS", shortening: .never) { $0.addressText },
        .text("CODE", shortening: .never, style: { $0.status.style }) { $0.code?.rawValue },
        .text("REASON", .all, .figure, shortening: .end) { $0.reason },
        .text("HINT", .wide) { $0.hint },
        .text("FILE", .wide) { $0.place.file },
        .number("LINE", .wide, .detail) { Cell($0.place.line) },
    ]

    // MARK: Text

    /// A table with a short reason for each line, and below it what is to be said about the errors and warnings.
    func text(_ layout: Layout, isWide: Bool) -> String? {
        if isWide { return nil }
        if lines.isEmpty { return "" }
        let hasSeveral = Set(lines.compactMap(\.network)).count > 1
        var columns: [TextTable.Column] = [
            .init(header: "STATUS", lines.map(\.status.rawValue)) { lines[$0].status.style },
            .init(header: "POD", lines.map { DisplayText.visible($0.pod) }),
            .init(header: "PODS", lines.map { $0.pods.map { String($0) } ?? "" }, isNumeric: true),
        ]
        if hasSeveral { columns.append(.init(header: "NETWORK", lines.map { $0.network?.text ?? "" })) }
        columns.append(.init(header: "ADDRESS", lines.map { $0.addressText ?? "" }))
        columns.append(
            .init(header: "REASON", lines.map { DisplayText.visible($0.code?.phrase ?? $0.reason) }) {
                lines[$0].status.style
            })
        if !layout.hasHeader { for index in columns.indices { columns[index].header = nil } }
        var text = TextTable(columns: columns).wrapped(to: layout.screen.columns).render(
            hasColor: layout.screen.hasColor)
        for group in alike { text += "\n" + explanation(group, layout) }
        return text
    }

    /// The lines with a finding; those of pods of one object that have the same one are together.
    private var alike: [[PreflightLine]] {
        struct Finding: Hashable {
            let object: PlannedObject
            let network: NetworkName?
            let place: PlannedObject.Place
            let code: PreflightCode?
            let reason: String
            let hint: String?
        }
        var groups: [[PreflightLine]] = []
        var places: [Finding: Int] = [:]
        for line in lines where line.code != nil {
            let finding = Finding(
                object: line.object, network: line.network, place: line.place, code: line.code, reason: line.reason,
                hint: line.hint)
            if let index = places[finding] {
                groups[index].append(line)
            } else {
                places[finding] = groups.count
                groups.append([line])
            }
        }
        return groups
    }

    /// `error: deploy.yaml, line 12: default/deploy/web: 10.188.0.216 is reserved for default/db-0`, and the hint.
    ///
    /// - Parameter group: lines with the same finding.
    private func explanation(_ group: [PreflightLine], _ layout: Layout) -> String {
        guard let line = group.first else { return "" }
        let pods = line.pod + (group.count > 1 ? " and \(group.count - 1) more" : "")
        var reason = line.reason
        if !reason.hasPrefix(pods) { reason = "\(pods): \(reason)" }
        let hint = line.hint.map { "hint: \(ProgramName.current.renamed(ShellRun.renamed($0)))" }
        let paragraphs = ["\(line.status.rawValue): \(line.place): \(reason)"] + (hint.map { [$0] } ?? [])
        return paragraphs.map { paragraph in
            let visible = DisplayText.visible(paragraph)
            return (layout.screen.columns.map { DisplayText.wrapped(visible, to: $0 - 2, indent: 2) } ?? visible) + "\n"
        }.joined()
    }

    // MARK: Summary

    private func count(_ status: PreflightLine.Status) -> Int { lines.count { $0.status == status } }

    /// The pods of the objects; a DaemonSet counts as one.
    private var podCount: Int { objects.reduce(0) { $0 + ($1.replicas ?? 1) } }

    /// `3 objects with 5 pods: 1 error, 2 warnings`
    var summary: String {
        let what = "\(objects.count.counted("object")) with \(podCount.counted("pod"))"
        let (errors, warnings) = (count(.error), count(.warning))
        let parts =
            (errors > 0 ? [errors.counted("error")] : []) + (warnings > 0 ? [warnings.counted("warning")] : [])
        guard !objects.isEmpty else { return "\(what): no pod was judged" }
        return "\(what): " + (parts.isEmpty ? "every pod gets its address" : parts.joined(separator: ", "))
    }

    /// The failure of the command if a pod does not get its address.
    var failure: Failure? {
        guard count(.error) > 0 else { return nil }
        return Failure(.conflict, summary)
    }

}

extension PreflightLine {
    /// The addresses, or the first of those to choose from and how many more there are; nil if none is known.
    fileprivate var addressText: String? {
        if let first = choices.first, addresses.isEmpty {
            return choices.count == 1 ? first.description : "\(first) +\(choices.count - 1)"
        }
        return addresses.isEmpty ? nil : addresses.map(\.description).joined(separator: ",")
    }
}

extension PreflightLine.Status {
    var style: Style? {
        switch self {
        case .ok: .green
        case .warning: .yellow
        case .error: .red
        }
    }
}
