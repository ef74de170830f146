import IPAMKit

/// The result of `ipamctl config check`: a line for each error and warning, and one for each network without errors.
struct ConfigCheckList: Renderable {
    struct Row: Hashable, Sendable {
        let status: Check.Status
        /// The file; nil for a NetworkAttachmentDefinition from Kubernetes.
        let file: String?
        /// The NetworkAttachmentDefinition, such as `default/database`; nil for a CNI file.
        var definition: String?
        /// Whether there is nothing that was checked: a folder without files, or what cannot be read.
        var isUnread = false
        /// Whether the line counts in the whole file; otherwise in `spec.config`.
        var isLineOfFile = true
        var place: JSONPlace?
        /// The key path.
        var key: String?
        /// The network; nil if the file does not say it.
        var network: NetworkName?
        let message: String
        var next: String?

        /// `10-k8s.conf`, or `networks.yaml, NetworkAttachmentDefinition default/database`.
        var source: String {
            [file, definition.map { "NetworkAttachmentDefinition \($0)" }].compactMap(\.self).joined(separator: ", ")
        }

        /// `10-k8s.conf, line 9, column 3`
        var location: String {
            guard let place else { return source }
            return "\(source), \(isLineOfFile ? "" : "spec.config ")line \(place.line), column \(place.column)"
        }
    }

    private(set) var rows: [Row]

    /// In the order of the files.
    init(rows: [Row]) {
        self.rows = rows
    }

    /// The files or definitions that have a row.
    var names: [String] {
        var names: [String] = []
        for row in rows where !names.contains(row.source) { names.append(row.source) }
        return names
    }

    var json: JSONValue {
        .array(
            rows.map { row in
                var object: JSONObject = ["status": .string(row.status.rawValue)]
                object["file"] = row.file.map(JSONValue.string)
                object["definition"] = row.definition.map(JSONValue.string)
                object["line"] = row.place.map { JSONValue($0.line) }
                object["column"] = row.place.map { JSONValue($0.column) }
                object["key"] = row.key.map(JSONValue.string)
                object["network"] = row.network.map { .string($0.text) }
                object["message"] = .string(row.message)
                object["next"] = row.next.map(JSONValue.string)
                return .object(object)
            })
    }

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) { rows = try sort(rows) }

    static let columns: [Column<Row>] = [
        .text("STATUS", shortening: .never, style: { $0.status.style }) { $0.status.rawValue },
        .text("FILE") { $0.file },
        .text("DEFINITION", .wide, .context) { $0.definition },
        .number("LINE") { $0.place.map { Cell($0.line) } ?? Cell.none },
        .number("COLUMN", .all, .detail) { $0.place.map { Cell($0.column) } ?? Cell.none },
        .text("KEY", .all, .context) { $0.key },
        .text("NETWORK", .all, .context) { $0.network?.text },
        .text("MESSAGE", shortening: .end) { $0.message },
        .text("NEXT", .all, .figure, shortening: .end) { $0.next },
    ]

    func text(_ layout: Layout, isWide: Bool) -> String? {
        if isWide { return nil }
        return StatusLines(
            lines: rows.map { .init(status: $0.status, text: "\($0.location): \($0.message)", next: $0.next) }
        ).text(layout)
    }

    // MARK: Summary

    /// `2 files: 1 error, 1 warning`
    var summary: String {
        let errors = rows.count { $0.status == .failed }
        let warnings = rows.count { $0.status == .warning }
        let number = Set(rows.filter { !$0.isUnread }.map(\.source)).count
        let count = number.counted(rows.contains { $0.definition != nil } ? "configuration" : "file")
        return "\(count): \(errors.counted("error")), \(warnings.counted("warning"))"
    }

    /// The failure of the command: an error, or nothing that could be checked.
    var failure: Failure? {
        if rows.contains(where: { $0.status == .failed }) {
            let isAboutKeys = rows.contains { $0.status == .failed && !$0.isUnread }
            return Failure(
                .failed, summary,
                hint: isAboutKeys
                    ? "'man kube-ipam.conf' explains every key"
                    : "'ipamctl config check --help' says which files are read")
        }
        guard rows.allSatisfy({ $0.status == .skipped }) else { return nil }
        return Failure(
            .failed, "no CNI configuration uses kube-ipam", hint: "name other files; their ipam.type is \"kube-ipam\"")
    }
}
