import ArgumentParser
import IPAMKit

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Tell who had an address, and when.",
        discussion: """
            Newest first: who has the address now, who had it before, how that ended, and how its reservation changed. Of \
            each address the last 8 entries are kept (ipam.historyDepth).

              ipamctl history 10.188.0.216
              ipamctl history 10.188.0.216 --at "2026-11-22 03:00"
              ipamctl history --pod default/db-0
              ipamctl history --since 24h

            Times are in UTC.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The address.")
    var address: String?

    @Option(help: "Who had the address then: a span ago such as 24h, or a time such as \"2026-11-22 03:00\".")
    var at: String?

    @Option(help: "The addresses that this pod (NAMESPACE/NAME) had.", transform: PodReference.init(argument:))
    var pod: PodReference?

    @Option(help: "Only what began, ended or changed since then: a span ago, or a time.")
    var since: String?

    func validate() throws {
        if address == nil, pod == nil, since == nil {
            throw ValidationError("say whose history: an address, --pod or --since")
        }
        if at != nil, address == nil { throw ValidationError("--at goes with an address") }
        if at != nil, since != nil || pod != nil { throw ValidationError("--at excludes --since and --pod") }
    }

    func run() throws {
        let now = Operator.now()
        let since = try since.map { text throws(Failure) in try PastTime.read(text, "--since", now: now) }
        guard let address else {
            let pod = pod
            let lines = try connected(global) { connection in
                try await Self.lines(connection) { line in
                    (pod.map(line.isTenancy(of:)) ?? true) && (since.map(line.isChange(since:)) ?? true)
                }
            }
            return show(lines, nothing: pod.map { "nothing is known of pod \($0)" } ?? "nothing changed since then")
        }
        let single = try AddressSelection.single(address)
        let time = try at.map { text throws(Failure) in try PastTime.read(text, "--at", now: now) }
        let (history, problems) = try connected(global) { connection in
            let network = try await connection.network(for: [single])
            let found = try await connection.pool(network.name).history(of: single)
            let isInside = network.rangeSets.contains { $0.range(containing: single) != nil }
            guard isInside || !found.history.lines.isEmpty || !found.problems.isEmpty else {
                throw Failure(
                    .notFound, "\(single) lies in no subnet of network \(network.name)", hint: "see 'ipamctl networks'")
            }
            return found
        }
        for problem in problems { Terminal.note("warning: \(problem)") }
        guard let time else {
            let lines = history.lines.filter { line in
                (pod.map(line.isTenancy(of:)) ?? true) && (since.map(line.isChange(since:)) ?? true)
            }
            return show(lines, nothing: "nothing is known of \(single): nobody has it, and it has no history")
        }
        let answer = HolderAnswerResult(history: history, time: time, isWhole: problems.isEmpty)
        if let failure = answer.failure { throw failure }
        Terminal.print(output.output.render(answer))
    }

    private func show(_ lines: [HistoryLine], nothing: String) {
        Terminal.print(output.output.render(HistoryList(lines: lines)))
        if lines.isEmpty { Terminal.note(nothing) }
    }

    private static func lines(_ connection: Connection, where isWanted: (HistoryLine) -> Bool) async throws
        -> [HistoryLine]
    {
        var lines: [HistoryLine] = []
        for network in try await connection.networks() {
            let (some, problems) = try await connection.pool(network).historyLines(where: isWanted)
            for problem in problems.prefix(5) { Terminal.note("warning: \(problem)") }
            if problems.count > 5 { Terminal.note("warning: \(problems.count - 5) more values cannot be used") }
            if some.isEmpty { try await connection.requireKnown(network) }
            lines += some
        }
        return lines
    }
}
