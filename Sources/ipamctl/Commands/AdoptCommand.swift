import ArgumentParser
import IPAMKit

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt", abstract: "Record the addresses that the Go plugin gave to pods that run.",
        discussion: """
            Reads the store, then lists the pods of Kubernetes. A used key of the Go plugin's gets an attachment; an address \
            that a pod has and nobody recorded is reserved for that pod, or for its Deployment; if only the pod's \
            network-status annotation reports it, for the pods of its namespace that name it. What is recorded for another pod is told and left alone: exit status 3. It can be run again at any time.

              ipamctl adopt k8snetwork --dry-run
              ipamctl adopt k8snetwork --no-go-nodes

            --no-go-nodes says that no node runs the Go plugin any more. It is refused while something stands against it: \
            nothing would be searched for any more.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var subject: NetworkArgument

    @Flag(help: "No node runs the Go plugin any more: stop to search for its records, when all is recorded.")
    var noGoNodes = false

    func validate() throws { try subject.validate(global) }

    func run() throws {
        let command = self
        let result = try connected(subject.applied(to: global)) { connection in
            let network = try await connection.network(for: [])
            guard !network.rangeSets.isEmpty else {
                throw Failure(
                    .notFound, "the store does not say which addresses network \(network.name) has",
                    hint: "name its CNI file with --config")
            }
            return try await command.run(AdoptionSubject(network, connection), connection)
        }
        Terminal.print(output.output.render(result))
        for obstacle in result.obstacles.prefix(20) { Terminal.note(obstacle) }
        if let failure = result.failure { throw failure }
    }

    private func run(_ subject: AdoptionSubject, _ connection: Connection) async throws -> AdoptionResult {
        let adoption = try await subject.look()
        if let doubt = adoption.doubt {
            Terminal.note("warning: \(doubt): an address of this network that one of them has cannot be seen")
        }
        let planned = AdoptionResult(
            network: subject.network, outcomes: adoption.steps.map { .init(step: $0, isDone: !$0.isConflict) },
            ending: noGoNodes ? .init(adoption, obstacles: adoption.obstacles) : nil, isDryRun: change.dryRun)
        let isIdle = adoption.steps.allSatisfy(\.isConflict) && (!noGoNodes || !adoption.hasGoNodes)
        if change.dryRun || isIdle { return planned }
        try Terminal.confirm(
            question(adoption, subject.network), showing: planned.text(wide: false), assumeYes: change.yes)
        var outcomes: [AdoptionOutcome] = []
        var ending: AdoptionResult.Ending?
        var stop: Failure?
        do throws(IPAMError) {
            let all = try await connection.pool(subject.network).carryOut(
                adoption, by: Operator.name, at: Operator.now(),
                progress: { some in
                    outcomes += some
                    Terminal.progress("\(outcomes.count) of \(adoption.steps.count) recorded ")
                })
            outcomes = all
            Terminal.progress("")
            if noGoNodes { ending = try await subject.endGoNodes() }
        } catch {
            Terminal.progress("")
            stop = try Self.stopped(error, outcomes, of: adoption, endsGoNodes: noGoNodes)
        }
        return AdoptionResult(
            network: subject.network, outcomes: outcomes, ending: ending, isDryRun: false, stop: stop)
    }

    /// What is to be said when an error comes with a part done.
    ///
    /// - Throws: the error itself, when nothing was done.
    private static func stopped(
        _ error: IPAMError, _ outcomes: [AdoptionOutcome], of adoption: Adoption, endsGoNodes: Bool
    ) throws(IPAMError) -> Failure {
        func text(_ count: Int) -> String { "\(count) \(count == 1 ? "address" : "addresses") recorded" }
        let done = outcomes.filter(\.isDone).reduce(0) { $0 + $1.step.addresses.count }
        guard done > 0 else { throw error }
        let tried = Set(outcomes.map(\.step))
        let left = adoption.steps.filter { !$0.isConflict && !tried.contains($0) }
            .reduce(0) { $0 + $1.addresses.count }
        let rest = [left > 0 ? text(left) : nil, endsGoNodes ? "the end of Go nodes" : nil].compactMap(\.self)
        return .stopped(error, done: text(done), rest: rest)
    }

    private func question(_ adoption: Adoption, _ network: NetworkName) -> String {
        let count = adoption.steps.filter { !$0.isConflict }.reduce(0) { $0 + $1.addresses.count }
        let adopt = "record \(count) \(count == 1 ? "address" : "addresses") of network \(network)"
        let end = "say that no Go node is left in network \(network)"
        let parts = [count > 0 ? adopt : nil, noGoNodes ? end : nil].compactMap(\.self)
        let text = parts.joined(separator: ", and ")
        return text.prefix(1).uppercased() + text.dropFirst() + "?"
    }
}
