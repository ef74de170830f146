import IPAMKit

/// Histories: a line for each tenancy and for each change of a reservation.
struct HistoryList: Renderable {
    private(set) var lines: [HistoryLine]

    init(lines: [HistoryLine]) {
        self.lines = lines
    }

    var json: JSONValue { .array(lines.map(\.json)) }

    var names: [String] {
        var seen: Set<IPAddress> = []
        return lines.map(\.address).filter { seen.insert($0).inserted }.map(\.description)
    }

    var rows: [HistoryLine] { lines }

    mutating func sort(_ sort: ([HistoryLine]) throws(Failure) -> [HistoryLine]) throws(Failure) {
        lines = try sort(lines)
    }

    static let columns: [Column<HistoryLine>] = [
        .network { $0.network.text },
        Column(title: "ADDRESS") { .address($0.address) },
        Column(title: "FROM") { Cell($0.from) },
        Column(title: "TO") { $0.isOpen ? .now : Cell($0.to) },
        Column(title: "AGE", formats: .tables, importance: .detail) { ($0.to ?? $0.from).map(Cell.age) ?? .none },
        .text("EVENT", shortening: .never) { $0.eventName },
        .text("WHO") { $0.who },
        .text("BY", .all, .context) { $0.by },
        .text("CONTAINER", .wide) { $0.tenancy?.containerID },
        .text("UID", .wide) { $0.tenancy?.holder.uid },
        .text("NOTE", .wide, shortening: .end) { $0.reservation?.note },
        Column(title: "EXPIRES", formats: .wide) { Cell($0.reservation?.expires) },
        .text("PLAN", .wide) { $0.reservation?.plan?.text },
        .text("EVIDENCE", .all, .context, shortening: .end) { $0.evidence ?? $0.updatedTerms },
    ]
}

extension HistoryLine {
    /// What the reservation says since it was updated: `until 2026-12-24T18:00:00Z, plan web, note "mysql"`; nil if the
    /// line is not about an update, or the reservation says nothing.
    fileprivate var updatedTerms: String? {
        guard event == .updated, let reservation else { return nil }
        let terms = [
            reservation.expires.map { "until \($0)" }, reservation.plan.map { "plan \($0)" },
            reservation.note.map { "note \($0.quotedForPeople)" },
        ].compactMap(\.self)
        return terms.isEmpty ? nil : terms.joined(separator: ", ")
    }
}

/// Who used an address at a point in time.
struct PastHolder: Renderable {
    let history: AddressHistory
    let time: Timestamp
    private let answer: HolderAnswer
    /// False if the stored history cannot be read: then only the present holder is known.
    private var isWhole: Bool { history.problem == nil }

    init(history: AddressHistory, time: Timestamp) {
        self.history = history
        self.time = time
        answer = history.holder(at: time)
    }

    /// Why the holder is not known; nil if it is.
    var failure: Failure? {
        let reason: String
        switch answer {
        case .had, .mayHaveHad: return nil
        case .nobody where isWhole: return nil
        case .nobody,
            .unknown where !isWhole:
            reason = "its history cannot be read"
        case .unknown(nil): reason = "it has no history"
        case .unknown(let begin?): reason = "its history begins at \(begin)"
        }
        return Failure(
            isWhole ? .notFound : .failed, "who had \(history.entry.address) at \(time) is not known: \(reason)",
            hint: "'ipamctl history \(history.entry.address)' shows everything that is known")
    }

    /// The state for JSON, and the tenancy.
    private var found: (state: String, line: HistoryLine?) {
        switch answer {
        case .had(let line): ("held", line)
        case .mayHaveHad(let line): ("perhaps", line)
        case .nobody, .unknown: ("free", nil)
        }
    }

    var json: JSONValue {
        var object: JSONObject = [
            "network": .string(history.entry.network.text), "address": .string(history.entry.address.description),
            "at": .string(time.description), "state": .string(found.state),
        ]
        object["holder"] = found.line?.json
        return .object(object)
    }

    var names: [String] { [found.line?.who].compactMap(\.self) }

    var rows: [PastHolder] { [self] }

    static let columns: [Column<PastHolder>] = [
        .text("NETWORK") { $0.history.entry.network.text },
        Column(title: "ADDRESS") { .address($0.history.entry.address) },
        Column(title: "AT") { .time($0.time) },
        .text("STATE", shortening: .never) { $0.found.state },
        .text("WHO") { $0.found.line?.who },
        Column(title: "FROM") { Cell($0.found.line?.from) },
        Column(title: "TO") { Cell($0.found.line?.to) },
        .text("EVENT", shortening: .never) { $0.found.line?.eventName },
        .text("BY") { $0.found.line?.by },
    ]

    func text(_ layout: Layout, isWide: Bool) -> String? {
        let text =
            switch answer {
            case .had(let line): "\(line.who), from \(line.from?.description ?? "")\(Self.end(line))"
            case .mayHaveHad(let line):
                "perhaps \(line.who), from a time that was not recorded\(Self.end(line))"
            case .nobody(let former, let next):
                [
                    "nobody",
                    [
                        former.map { "\($0.who) had it until \($0.to?.description ?? "")" },
                        next.map { "\($0.who) from \($0.from?.description ?? "") on" },
                    ].compactMap(\.self).joined(separator: ", "),
                ].filter { !$0.isEmpty }.joined(separator: ": ") + doubts
            case .unknown: "not known"
            }
        return Terminal.harmless("\(history.entry.address) at \(time): \(text)\n")
    }

    /// How a tenancy ended.
    private static func end(_ line: HistoryLine) -> String {
        guard let event = line.event, let to = line.to else { return ", and still has it" }
        let by = line.by.map { " by \($0)" } ?? ""
        let how =
            switch event {
            case .deleted: "deleted with its pod (DEL)\(by)"
            case .collected: "collected (GC)\(by)"
            case .takenOver: "taken over\(by)"
            case .freed: "freed\(by)"
            case .repaired: "freed by the audit of \(line.by ?? "someone")"
            case .reserved, .updated, .released, .expired: event.rawValue
            }
        return " to \(to), \(how)" + (line.evidence.map { " (\($0))" } ?? "")
    }

    /// Why somebody may have used the address without a record.
    private var doubts: String {
        var doubts: [String] = []
        if history.mayHaveGoNodes { doubts.append("the network may have Go nodes, which write no history") }
        if history.unknownEntries > 0 {
            doubts.append("\(history.unknownEntries) entries were written by a later version and cannot be read")
        }
        return doubts.isEmpty ? "" : " (\(doubts.joined(separator: "; ")))"
    }
}
