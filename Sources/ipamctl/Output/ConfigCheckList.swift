import IPAMKit

/// The result of `ipamctl config check`: a line for each error and warning, and one for each network without errors.
struct ConfigCheckList: Renderable {
    struct Row: Hashable, Sendable {
        let status: Check.Status
        /// The file, or the NetworkAttachmentDefinition in it.
        let file: String
        /// Whether the line counts in the whole file; otherwise in `spec.config`.
        var isLineOfFile = true
        var place: JSONPlace?
        /// The key path.
        var key: String?
        /// The network; nil if the file does not say it.
        var network: NetworkName?
        let message: String
        var next: String?

        /// `10-k8s.conf, line 9, column 3`
        var location: String {
            guard let place else { return file }
            return "\(file), \(isLineOfFile ? "" : "spec.config ")line \(place.line), column \(place.column)"
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
        for row in rows where !names.contains(row.file) { names.append(row.file) }
        return names
    }

    var json: JSONValue {
        .array(
            rows.map { row in
                var object: JSONObject = ["status": .string(row.status.rawValue), "file": .string(row.file)]
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
        return "\(names.count.counted("file")): \(errors.counted("error")), \(warnings.counted("warning"))"
    }

    /// The failure of the command: an error, or nothing that could be checked.
    var failure: Failure? {
        if rows.contains(where: { $0.status == .failed }) {
            return Failure(.failed, summary, hint: "'man kube-ipam.conf' explains every key")
        }
        guard rows.allSatisfy({ $0.status == .skipped }) else { return nil }
        return Failure(
            .failed, "no CNI configuration uses kube-ipam", hint: "name other files; their ipam.type is \"kube-ipam\"")
    }
}
