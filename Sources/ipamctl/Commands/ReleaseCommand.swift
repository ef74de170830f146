import ArgumentParser
import IPAMKit

struct ReleaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "Drop reservations, and free addresses that leaked.",
        discussion: """
            A reservation is dropped; a pod that uses the address keeps it. An address in use is freed only with \
            --force: whoever still uses it then shares it with the next pod that gets it.

              ipamctl release 10.188.0.216
              ipamctl release --pod default/db-0 --force
              ipamctl release --from-report leaks.json

            --from-report repairs what a report of 'ipamctl audit' found, as far as a new look finds it unchanged; --force \
            is not needed.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "Addresses, ranges a-b or CIDRs; of ranges, those that are used or reserved.")
    var addresses: [String] = []

    @Option(
        help: "The addresses used by, and reserved for, this pod (NAMESPACE/NAME).",
        transform: PodReference.init(argument:))
    var pod: PodReference?

    @Option(help: "The addresses in use on this node; their reservations stay.")
    var node: String?

    @Option(help: "The addresses in use by this container: its ID, or the first 12 characters or more of it.")
    var container: String?

    @Option(help: "Repair the findings of this report, which 'ipamctl audit --report' wrote.")
    var fromReport: String?

    @Option(
        help: """
            With --from-report, also findings of this code: unverified, doubtful, node-gone, untracked, \
            reservation-orphaned or stale-lock.
            """)
    var include: [AuditCode] = []

    @Flag(help: "Also free addresses that are in use, with all that the same interface holds.")
    var force = false

    func validate() throws {
        let sources = [!addresses.isEmpty, pod != nil, node != nil, container != nil, fromReport != nil].count { $0 }
        guard sources == 1 else {
            throw ValidationError(
                sources == 0
                    ? "say what to release: addresses, --pod, --node, --container or --from-report"
                    : "addresses, --pod, --node, --container and --from-report exclude each other")
        }
        if !include.isEmpty, fromReport == nil { throw ValidationError("--include goes with --from-report") }
    }

    func run() throws {
        if let fromReport {
            try ReportedRepairs(file: fromReport, included: Set(include), change: change).run(global, output.output)
            return
        }
        let selection = try AddressSelection(addresses)
        let command = self
        let (network, changes, stop) = try connected(global) { connection in
            let network = try await connection.network(for: selection.ranges.map(\.start))
            let plan = try await command.plan(selection, in: network.name, connection)
            if command.change.dryRun { return (network.name, plan.changes, nil as Failure?) }
            let preview = plan.changes.map(Self.line).map { "\($0.address) will be \($0.sentence)" }
            try Terminal.confirm(
                Self.question(plan, network.name), showing: preview.joined(separator: "\n"),
                assumeYes: command.change.yes)
            let (changes, stop) = try await Self.release(plan, connection.pool(network.name))
            return (network.name, changes, stop)
        }
        Terminal.print(
            output.output.render(
                ChangeList(network: network, changes: changes.map(Self.line), isDryRun: change.dryRun)))
        if let stop { throw stop }
        let skipped = changes.count { $0.changedMeanwhile }
        if skipped > 0 {
            throw Failure(.conflict, "\(skipped) of \(changes.count) addresses changed meanwhile and were left alone")
        }
    }

    /// Carries out the plan, as far as it comes.
    ///
    /// - Throws: what stopped it, when nothing was done.
    private static func release(_ plan: ReleasePlan, _ pool: AddressPool) async throws(IPAMError)
        -> (changes: [ReleaseChange], stop: Failure?)
    {
        var done: Set<IPAddress> = []
        var through = 0
        do throws(IPAMError) {
            let changes = try await pool.carryOut(
                plan, ending: Ending(.freed, at: Operator.now(), by: Operator.name),
                progress: { address, isDone in
                    through += 1
                    if isDone { done.insert(address) }
                })
            return (changes, nil)
        } catch {
            guard !done.isEmpty else { throw error }
            func text(_ count: Int) -> String { "\(count) \(count == 1 ? "address" : "addresses")" }
            return (
                plan.changes(through: through, done.contains),
                .stopped(error, done: text(done.count), rest: [text(plan.addresses.count - through)])
            )
        }
    }

    private static func question(_ plan: ReleasePlan, _ network: NetworkName) -> String {
        let what = plan.addresses.count == 1 ? plan.addresses[0].description : "\(plan.addresses.count) addresses"
        switch plan.tenancies.count {
        case 0: return "Release \(what) of network \(network)?"
        case 1: return "Release \(what) of network \(network), in use by \(plan.tenancies[0].phrase)?"
        default: return "Release \(what) of network \(network), \(plan.tenancies.count) of them in use?"
        }
    }

    /// The addresses meant: those named singly, and of ranges and of the other selections those that are held.
    private func plan(_ selection: AddressSelection, in network: NetworkName, _ connection: Connection) async throws
        -> ReleasePlan
    {
        let found = try await held(selection, in: connection.pool(network))
        let single = selection.ranges.filter { $0.count == 1 && !found.contains($0.start) }.map(\.start)
        do throws(IPAMError) {
            let plan = try await connection.pool(network).planRelease(
                of: found + single, force: force,
                where: { single.contains($0.address) || isMeant($0, selection) },
                drops: { !selection.ranges.isEmpty || $0.holder == pod.map(ReservationHolder.pod) })
            guard !plan.addresses.isEmpty else {
                throw .nothingToRelease(network: network, [])
            }
            return plan
        } catch {
            switch error {
            case .conflicts: throw Failure(error, hint: "make sure that the pod is gone, then use --force")
            case .nothingToRelease(_, []):
                throw Failure(
                    .notFound, "network \(network) has no such address in use or reserved",
                    hint: "see 'ipamctl list'")
            default: throw error
            }
        }
    }

    private func held(_ selection: AddressSelection, in pool: AddressPool) async throws -> [IPAddress] {
        if !selection.ranges.isEmpty, selection.ranges.allSatisfy({ $0.count == 1 }) { return [] }
        return try await pool.inventory().entries.filter { isMeant($0, selection) }.map(\.address)
    }

    /// Looked at again when the release is planned: an address may have come to another pod since it was found.
    private func isMeant(_ entry: AddressEntry, _ selection: AddressSelection) -> Bool {
        let holder = entry.tenancy?.holder
        if let pod { return holder?.isCalled(pod) == true || entry.reservation?.holder == .pod(pod) }
        if let node { return holder?.node == node }
        if let container { return entry.tenancy.map { Self.names(container, $0.containerID) } ?? false }
        return entry.state != .free && selection.ranges.contains { $0.contains(entry.address) }
    }

    /// `ipamctl list` and the runtimes' own tools show the first 12 characters.
    private static func names(_ text: String, _ containerID: String) -> Bool {
        containerID == text || (text.utf8.count >= 12 && containerID.hasPrefix(text))
    }

    private static func line(_ change: ReleaseChange) -> ChangeList.Change {
        if change.changedMeanwhile {
            return .init(address: change.address, action: "skipped", sentence: "changed meanwhile, left alone")
        }
        let dropped = change.dropped.map { "no longer reserved for \($0.holder.phrase)" }
        let freed = change.freed.map { "freed (was used by \($0.phrase))" }
        let still = change.stillUsed.map { "still used by \($0.phrase)" }
        let sentence = [dropped, freed, still].compactMap { $0 }.joined(separator: ", ")
        return .init(address: change.address, action: change.freed == nil ? "released" : "freed", sentence: sentence)
    }
}
