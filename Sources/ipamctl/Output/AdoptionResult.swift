import IPAMKit

/// What was adopted, or would be: a line for each address.
struct AdoptionResult: Renderable {
    /// What became of `--no-go-nodes`.
    enum Ending: Sendable {
        case done
        /// It was said already.
        case unchanged
        case refused([String])

        /// As a look tells that has changed nothing.
        init(_ adoption: Adoption, obstacles: [String]) {
            self = !adoption.hasGoNodes ? .unchanged : obstacles.isEmpty ? .done : .refused(obstacles)
        }
    }

    let network: NetworkName
    let outcomes: [AdoptionOutcome]
    let ending: Ending?
    let isDryRun: Bool
    /// Why it stopped with a part done; nil where it did not.
    var stop: Failure?

    /// What stands against the end of Go nodes.
    var obstacles: [String] {
        if case .refused(let obstacles)? = ending { obstacles } else { [] }
    }

    var failure: Failure? {
        if let stop { return stop }
        if case .refused(let obstacles)? = ending {
            return Failure(
                .conflict,
                "network \(network) goes on taking Go nodes into account: \(obstacles.count) "
                    + (obstacles.count == 1 ? "address stands" : "addresses stand") + " against it",
                hint: "restart those pods so that kube-ipam records them; 'ipamctl audit' tells what is nobody's")
        }
        let skipped = outcomes.count { !$0.isDone && !$0.step.isConflict }
        if skipped > 0, !isDryRun {
            return Failure(
                .conflict, "\(skipped) of \(outcomes.count) changed meanwhile and were left alone", hint: "run it again"
            )
        }
        let conflicts = outcomes.count(where: \.step.isConflict)
        guard conflicts > 0 else { return nil }
        return Failure(
            .conflict,
            "\(conflicts) \(conflicts == 1 ? "address of a live pod was" : "addresses of live pods were") left alone",
            hint: "'ipamctl show ADDRESS' tells who has it by the records")
    }

    // MARK: Views

    private struct Row {
        let address: IPAddress
        let action: String
        let sentence: String
        let step: AdoptionStep
    }

    private var rows: [Row] {
        outcomes.flatMap { outcome in
            outcome.step.addresses.map { address in
                let (action, sentence) = Self.words(outcome)
                return Row(address: address, action: action, sentence: sentence, step: outcome.step)
            }
        }
    }

    private static func words(_ outcome: AdoptionOutcome) -> (action: String, sentence: String) {
        switch outcome.step.action {
        case .conflict(let reason): return ("conflict", "left alone: \(outcome.step.claim), and \(reason)")
        case _ where !outcome.isDone: return ("skipped", "changed meanwhile, left alone")
        case .record(let reference):
            return ("recorded", "recorded for \(outcome.step.who) (container \(reference.containerID))")
        case .fence(let holder):
            return ("fenced", "reserved for \(holder.phrase): \(outcome.step.claim), but it was not recorded")
        }
    }

    var json: JSONValue {
        .array(
            rows.map { row in
                var object: JSONObject = [
                    "network": .string(network.text), "address": .string(row.address.description),
                    "action": .string(row.action), "pod": .string(row.step.pod.description),
                ]
                switch row.step.action {
                case .record(let reference): object["container"] = .string(reference.containerID.text)
                case .fence(let holder): object["reservedFor"] = .string(holder.description)
                case .conflict(let reason): object["reason"] = .string(reason)
                }
                if isDryRun { object["dryRun"] = true }
                return .object(object)
            } + (ending.map { [endingJSON($0)] } ?? []))
    }

    private func endingJSON(_ ending: Ending) -> JSONValue {
        var object: JSONObject = ["network": .string(network.text), "action": .string(Self.action(ending))]
        if case .refused(let obstacles) = ending { object["obstacles"] = .array(obstacles.map(JSONValue.string)) }
        if isDryRun { object["dryRun"] = true }
        return .object(object)
    }

    private static func action(_ ending: Ending) -> String {
        switch ending {
        case .done: "no-go-nodes"
        case .unchanged: "unchanged"
        case .refused: "refused"
        }
    }

    var names: [String] { rows.map(\.address.description) }

    func cells(wide: Bool) -> [[String]] {
        [["NETWORK", "ADDRESS", "ACTION", "POD"] + (wide ? ["DETAIL"] : [])]
            + rows.map { row in
                [network.text, row.address.description, row.action, row.step.pod.description]
                    + (wide ? [row.sentence] : [])
            } + (ending.map { [[network.text, "", Self.action($0), ""] + (wide ? [""] : [])] } ?? [])
    }

    func text(wide: Bool) -> String {
        var lines = rows.map { "\($0.address) \($0.sentence)" }
        switch ending {
        case .done: lines.append("network \(network) has no Go nodes any more")
        case .unchanged: lines.append("network \(network) is known to have no Go nodes already")
        case .refused, nil: break
        }
        if lines.isEmpty, ending == nil { lines.append("network \(network): nothing to adopt") }
        return lines.map { "\($0)\(isDryRun ? " (dry run)" : "")\n" }.joined()
    }
}
