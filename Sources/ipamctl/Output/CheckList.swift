import IPAMKit

/// The result of `ipamctl doctor`: one line for each check.
struct CheckList: Renderable {
    private(set) var checks: [Check]

    init(checks: [Check]) {
        self.checks = checks
    }

    var rows: [Check] { checks }
    var names: [String] { checks.map(\.code.rawValue) }
    var json: JSONValue { .array(checks.map(\.json)) }

    mutating func sort(_ sort: ([Check]) throws(Failure) -> [Check]) throws(Failure) {
        checks = try sort(checks)
    }

    static let columns: [Column<Check>] = [
        .text("STATUS", shortening: .never, style: { $0.status.style }) { $0.status.rawValue },
        .text("CHECK", shortening: .never) { $0.code.rawValue },
        .text("SUBJECT") { $0.subject },
        .text("SEEN", shortening: .end) { $0.seen },
        .text("NEXT", .all, .figure, shortening: .end) { $0.next },
    ]

    func text(_ layout: Layout, isWide: Bool) -> String? {
        if isWide { return nil }
        let lines = checks.map { check in
            // A path that begins the message is not repeated.
            let seen = check.seen.hasPrefix(check.subject) ? check.seen : "\(check.subject): \(check.seen)"
            return StatusLines.Line(status: check.status, label: check.code.rawValue, text: seen, next: check.next)
        }
        return StatusLines(lines: lines).text(layout)
    }

    // MARK: Summary

    /// `12 checks: 10 ok, 1 warning, 1 failed`
    var summary: String {
        let counts = Check.Status.allCases.map { status in (status, checks.count { $0.status == status }) }
        let parts = counts.filter { $0.1 > 0 }.map { status, count in
            status == .warning ? count.counted("warning") : "\(count) \(status.rawValue)"
        }
        return "\(checks.count.counted("check")): \(parts.joined(separator: ", "))"
    }

    /// The failure of the command if a check failed.
    var failure: Failure? {
        guard checks.contains(where: { $0.status == .failed }) else { return nil }
        return Failure(
            .failed, summary, hint: "each failed check says what to do next; run the command again afterwards")
    }
}

extension Check.Status {
    var style: Style? {
        switch self {
        case .ok: .green
        case .warning: .yellow
        case .failed: .red
        case .skipped: nil
        }
    }
}
