import IPAMKit

/// Histories, a line for each holder's time and for each change of a reservation.
struct HistoryList: Renderable {
    let lines: [HistoryLine]

    var json: JSONValue { .array(lines.map(\.json)) }

    var names: [String] {
        var seen: Set<IPAddress> = []
        return lines.map(\.address).filter { seen.insert($0).inserted }.map(\.description)
    }

    func cells(wide: Bool) -> [[String]] {
        [
            ["NETWORK", "ADDRESS", "FROM", "TO", "EVENT", "WHO", "BY"]
                + (wide ? ["CONTAINER", "UID", "NOTE"] : []) + ["EVIDENCE"]
        ]
            + lines.map { line in
                let row = [
                    line.network.text, line.address.description, line.from?.description ?? "",
                    line.isOpen ? "now" : line.to?.description ?? "", line.eventName, line.who, line.by ?? "",
                ]
                return row
                    + (wide
                        ? [
                            line.tenancy?.containerID ?? "", line.tenancy?.holder.uid ?? "",
                            line.reservation?.note ?? "",
                        ] : []) + [line.evidence ?? ""]
            }
    }
}

/// Who had an address at a time.
struct HolderAnswerResult: Renderable {
    let history: AddressHistory
    let time: Timestamp
    private let answer: HolderAnswer
    /// False where the stored history cannot be read: then only the present is known.
    private let isWhole: Bool

    init(history: AddressHistory, time: Timestamp, isWhole: Bool) {
        self.history = history
        self.time = time
        self.isWhole = isWhole
        answer = history.holder(at: time)
    }

    /// Why nobody can tell; nil where it is known.
    var failure: Failure? {
        switch answer {
        case .had, .mayHaveHad: return nil
        case .nobody where isWhole: return nil
        case .nobody, .unknown:
            let reason =
                if !isWhole {
                    "its history cannot be read"
                } else if case .unknown(let begin?) = answer {
                    "what is known of it begins at \(begin)"
                } else {
                    "it has no history"
                }
            return Failure(
                isWhole ? .notFound : .failed, "who had \(history.address) at \(time) is not known: \(reason)",
                hint: "'ipamctl history \(history.address)' shows all that is known")
        }
    }

    private var line: HistoryLine? {
        switch answer {
        case .had(let line), .mayHaveHad(let line): line
        case .nobody, .unknown: nil
        }
    }

    /// `held`, `perhaps` or `free`
    private var state: String {
        switch answer {
        case .had: "held"
        case .mayHaveHad: "perhaps"
        case .nobody, .unknown: "free"
        }
    }

    var json: JSONValue {
        var object: JSONObject = [
            "network": .string(history.network.text), "address": .string(history.address.description),
            "at": .string(time.description), "state": .string(state),
        ]
        object["holder"] = line?.json
        return .object(object)
    }

    var names: [String] { [line?.who].compactMap(\.self) }

    func cells(wide: Bool) -> [[String]] {
        [
            ["NETWORK", "ADDRESS", "AT", "STATE", "WHO", "FROM", "TO", "EVENT", "BY"],
            [
                history.network.text, history.address.description, time.description, state, line?.who ?? "",
                line?.from?.description ?? "", line?.to?.description ?? "", line?.eventName ?? "", line?.by ?? "",
            ],
        ]
    }

    func text(wide: Bool) -> String {
        let subject = "\(history.address) at \(time): "
        switch answer {
        case .had(let line): return subject + "\(line.who), from \(line.from?.description ?? "")\(Self.end(line))\n"
        case .mayHaveHad(let line):
            return subject + "perhaps \(line.who), from a time that was not recorded\(Self.end(line))\n"
        case .nobody(let former, let next):
            let between = [
                former.map { "\($0.who) had it until \($0.to?.description ?? "")" },
                next.map { "\($0.who) from \($0.from?.description ?? "") on" },
            ].compactMap(\.self).joined(separator: ", ")
            return subject + "nobody" + (between.isEmpty ? "" : ": \(between)") + doubts + "\n"
        case .unknown: return subject + "not known\n"
        }
    }

    /// How a holder's time ended.
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

    /// Why nobody may be somebody whom nobody recorded.
    private var doubts: String {
        var doubts: [String] = []
        if history.mayHaveGoNodes { doubts.append("Go nodes, which the network may have, write no history") }
        if history.unknownEntries > 0 {
            doubts.append("\(history.unknownEntries) entries are of a later version, and not understood")
        }
        return doubts.isEmpty ? "" : " (\(doubts.joined(separator: "; ")))"
    }
}
