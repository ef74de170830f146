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

    @Option(help: "The addresses in use on this node.")
    var node: String?

    @Option(help: "The addresses in use by this container: its ID, or the first 12 characters or more of it.")
    var container: String?

    @Flag(help: "Also free addresses that are in use.")
    var force = false

    func validate() throws {
        let sources = [!addresses.isEmpty, pod != nil, node != nil, container != nil].count { $0 }
        guard sources == 1 else {
            throw ValidationError(
                sources == 0
                    ? "say what to release: addresses, --pod, --node or --container"
                    : "addresses, --pod, --node and --container exclude each other")
        }
    }

    func run() throws {
        let selection = try AddressSelection(addresses)
        let command = self
        let (network, changes) = try connected(global) { connection in
            let network = try await connection.network(for: selection.ranges.map(\.start))
            let pool = connection.pool(network.name)
            let addresses = try await command.addresses(selection, in: pool)
            let planned = try await command.release(addresses, in: pool, dryRun: true)
            if command.change.dryRun { return (network.name, planned) }
            let what = addresses.count == 1 ? addresses[0].description : "\(addresses.count) addresses"
            let inUse = planned.count { $0.freed != nil }
            try Terminal.confirm(
                "Release \(what) of network \(network.name)\(inUse > 0 ? ", \(inUse) of them in use" : "")?",
                assumeYes: command.change.yes)
            return (network.name, try await command.release(addresses, in: pool, dryRun: false))
        }
        Terminal.print(
            output.output.render(
                ChangeList(network: network, changes: changes.map(Self.line), isDryRun: change.dryRun)))
        let skipped = changes.count { $0.changedMeanwhile }
        if skipped > 0 {
            throw Failure(.conflict, "\(skipped) of \(changes.count) addresses changed meanwhile and were left alone")
        }
    }

    /// The addresses meant: those named singly, and of ranges and of the other selections those that are held.
    private func addresses(_ selection: AddressSelection, in pool: AddressPool) async throws -> [IPAddress] {
        if selection.ranges.allSatisfy({ $0.count == 1 }), !selection.ranges.isEmpty {
            return selection.addresses(in: []).addresses
        }
        let found = try await pool.inventory().entries.filter { entry in
            let holder = entry.usage?.attachment?.holder
            if let pod { return holder?.pod == pod || entry.reservation?.holder == .pod(pod) }
            if let node { return holder?.node == node }
            if let container { return entry.usage.map { Self.names(container, $0.containerID) } ?? false }
            return selection.ranges.contains { $0.contains(entry.address) }
        }.map(\.address)
        let single = selection.ranges.filter { $0.count == 1 && !found.contains($0.start) }.map(\.start)
        guard !(found + single).isEmpty else {
            throw Failure(
                .notFound, "network \(pool.keys.network) has no such address in use or reserved",
                hint: "see 'ipamctl list'")
        }
        return found + single
    }

    /// `ipamctl list` and the runtimes' own tools show the first 12 characters.
    private static func names(_ text: String, _ containerID: String) -> Bool {
        containerID == text || (text.utf8.count >= 12 && containerID.hasPrefix(text))
    }

    private func release(_ addresses: [IPAddress], in pool: AddressPool, dryRun: Bool) async throws -> [ReleaseChange] {
        do throws(IPAMError) {
            return try await pool.release(addresses, force: force, dryRun: dryRun)
        } catch {
            guard case .conflicts = error else { throw error }
            throw Failure(error, hint: "make sure that the pod is gone, then use --force")
        }
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
