import IPAMKit

/// What was adopted, or would be: a line for each address.
struct AdoptionResult: Renderable {
    /// The result of `--no-go-nodes`.
    enum Ending: Sendable {
        case done
        /// It was recorded already.
        case unchanged
        /// With the obstacles.
        case refused([String])

        fileprivate var action: String {
            switch self {
            case .done: "no-go-nodes"
            case .unchanged: "unchanged"
            case .refused: "refused"
            }
        }

        /// According to a plan that was not carried out.
        init(_ adoption: Adoption, obstacles: [String]) {
            self = !adoption.hasGoNodes ? .unchanged : obstacles.isEmpty ? .done : .refused(obstacles)
        }
    }

    let network: NetworkName
    var outcomes: [AdoptionOutcome]
    var ending: Ending?
    let isDryRun: Bool
    /// Why the adoption stopped with a part done; nil if it did not.
    var stop: Failure?

    private static let mostObstacles = 20

    /// The first obstacles to the end of Go nodes, for standard error.
    var shownObstacles: [String] {
        if case .refused(let obstacles)? = ending { Array(obstacles.prefix(Self.mostObstacles)) } else { [] }
    }

    var failure: Failure? {
        if let stop { return stop }
        if case .refused(let obstacles)? = ending {
            return Failure(
                .conflict,
                "cannot record that network \(network) has no Go nodes: \(obstacles.count.counted("obstacle"))",
                hint: "restart these pods so that kube-ipam records them; 'ipamctl audit' shows leaked addresses")
        }
        let skipped = outcomes.count { !$0.isDone && !$0.step.isConflict }
        if skipped > 0, !isDryRun {
            return Failure(
                .conflict, "\(skipped) of \(outcomes.count) had changed and were left alone",
                hint: "run the command again"
            )
        }
        let conflicts = outcomes.count(where: \.step.isConflict)
        guard conflicts > 0 else { return nil }
        return Failure(
            .conflict,
            "\(conflicts) \(conflicts == 1 ? "address of a live pod was" : "addresses of live pods were") left alone",
            hint: "'ipamctl show ADDRESS' shows for whom the address is recorded")
    }

    // MARK: Views

    /// An address, or at the end the result of `--no-go-nodes`.
    struct Row {
        let network: NetworkName
        let address: IPAddress?
        let action: String
        let text: String
        let step: AdoptionStep?
    }

    private var changes: [Row] {
        outcomes.flatMap { outcome in
            let (action, text) = Self.words(outcome)
            return outcome.step.addresses.map {
                Row(network: network, address: $0, action: action, text: text, step: outcome.step)
            }
        }
    }

    var rows: [Row] {
        changes + (ending.map { [Row(network: network, address: nil, action: $0.action, text: "", step: nil)] } ?? [])
    }

    private static func words(_ outcome: AdoptionOutcome) -> (action: String, text: String) {
        let step = outcome.step
        switch step.action {
        case .conflict(let reason): return ("conflict", "left alone: \(step.claim), and \(reason)")
        case .record where !outcome.isDone, .fence where !outcome.isDone:
            return ("skipped", "has changed and was left alone")
        case .record(let reference):
            return ("recorded", "recorded for \(step.who) (container \(reference.containerID))")
        case .fence(let holder):
            return ("fenced", "reserved for \(holder.phrase): \(step.claim), but it was not recorded")
        }
    }

    var json: JSONValue {
        let changes = changes.map { row -> JSONValue in
            var object = JSONObject(change: row.action, of: network, row.address, isDryRun: isDryRun)
            guard let step = row.step else { return .object(object) }
            object["pod"] = .string(step.pod.description)
            switch step.action {
            case .record(let reference): object["container"] = .string(reference.containerID.text)
            case .fence(let holder): object["reservedFor"] = .string(holder.description)
            case .conflict(let reason): object["reason"] = .string(reason)
            }
            return .object(object)
        }
        guard let ending else { return .array(changes) }
        var object = JSONObject(change: ending.action, of: network, isDryRun: isDryRun)
        if case .refused(let obstacles) = ending { object["obstacles"] = .array(obstacles.map(JSONValue.string)) }
        return .array(changes + [.object(object)])
    }

    var names: [String] { changes.compactMap { $0.address?.description } }

    static let columns: [Column<Row>] = [
        .network { $0.network.text },
        Column(title: "ADDRESS") { Cell($0.address) },
        .text("ACTION", shortening: .never) { $0.action },
        .text("POD") { $0.step?.pod.description },
        .text("DETAIL", .wide, shortening: .end) { $0.text },
    ]

    func text(_ layout: Layout, isWide: Bool) -> String? { lines.map { $0 + "\n" }.joined() }

    /// A line for each address, and for the network.
    var lines: [String] {
        var lines = changes.map { "\($0.address?.description ?? "") \($0.text)" }
        switch ending {
        case .done: lines.append("network \(network) has no Go nodes any more")
        case .unchanged: lines.append("network \(network) is already recorded as having no Go nodes")
        case .refused, nil: break
        }
        if lines.isEmpty, ending == nil { lines.append("network \(network): nothing to adopt") }
        return lines.map { Terminal.harmless("\($0)\(isDryRun ? " (dry run)" : "")") }
    }
}
