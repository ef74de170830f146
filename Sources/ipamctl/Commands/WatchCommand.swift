import ArgumentParser
import HTTPTransport
import IPAMKit
import Store

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow what happens to addresses, as it happens.",
        discussion: """
            A line for each event: given, freed, taken-over, reserved, updated, released, expired and suspected of an \
            address; held, unheld and configured of a network. In all networks, unless --network names one; --pod, \
            --namespace and --node leave out what does not concern them, and what happens to a network.

            Lasts until Ctrl-C, which ends it as any program (status 130), or until nobody reads what it prints. While \
            etcd cannot be reached it is tried again, and nothing is lost or told twice. Should etcd have compacted \
            what happened meanwhile, a line on standard error says so; with json and yaml also a result: \
            {"event": "lost", "fromRevision": N, "toRevision": N}.

            json is JSON Lines, yaml is a document for each event. The times are of this machine; the revisions are \
            etcd's.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    @Option(
        help: "Only what happens to, or to reservations for, this pod (NAMESPACE/NAME).",
        transform: PodReference.init(argument:))
    var pod: PodReference?

    @Option(help: "Only what happens to, or to reservations for, pods of this namespace.")
    var namespace: String?

    @Option(help: "Only what happens to holders on this node.")
    var node: String?

    @Option(help: "Begin with what happened after this revision of etcd, as far as etcd has kept it.")
    var sinceRevision: Int64?

    func validate() throws {
        if let sinceRevision, sinceRevision < 0 { throw ValidationError("--since-revision is not below 0") }
    }

    func run() throws {
        let command = self
        try connected(global) { connection in try await command.run(on: connection) }
    }

    private func run(on connection: Connection) async throws {
        let network = connection.requested
        if let network { try await connection.requireKnown(network) }
        let ranges = try await ranges(network, connection)
        let now = try await NetworkDirectory.revision(
            of: connection.store, reading: network, deadline: .now + connection.timeout)
        let start = sinceRevision ?? now
        guard start <= now else {
            throw Failure(.usage, "--since-revision: etcd is at revision \(now), and has not come to \(start)")
        }
        let what = network.map { "network \($0)" } ?? "all networks"
        if Terminal.isWatched || global.verbose {
            Terminal.note("watching \(what) from revision \(start) (Ctrl-C ends)")
        }
        let feeds = ranges.map { connection.store.changes(in: $0, after: start) }
        let command = self
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, feed) in feeds.enumerated() {
                group.addTask { try await command.follow(feed, of: network, isFirst: place == 0) }
            }
            group.addTask { await Terminal.waitUntilNobodyReads() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// What to follow: one range, in which everything comes in its order, or two where the etcd user may not read that
    /// because keys of other networks lie in it.
    private func ranges(_ network: NetworkName?, _ connection: Connection) async throws -> [KeyRange] {
        let range = NetworkEvent.range(of: network)
        do throws(StoreError) {
            _ = try await connection.store.read(
                [Read(range, .keys, limit: 1)], at: nil, deadline: .now + connection.timeout)
            return [range]
        } catch {
            guard case .denied(let problem) = error else { throw IPAMError.store(error) }
            guard let network else {
                throw Failure(
                    .failed, "cannot watch all networks: \(problem)",
                    hint: "name one with --network; or let the etcd user read the prefix \(Keyspace.root)")
            }
            let (children, document) = NetworkEvent.ranges(within: network)
            return [children, document]
        }
    }

    /// Prints until nobody reads.
    ///
    /// - Parameter isFirst: false for another feed of the same store: what is said of the connection is said once.
    private func follow(_ feed: ChangeFeed, of network: NetworkName?, isFirst: Bool) async throws {
        var live = LiveOutput(output.output, widths: EventLine.widths(network))
        let header = live.header(EventLine.header(wide: live.isWide))
        if isFirst { Terminal.print(header) }
        do throws(StoreError) {
            for try await element in feed {
                guard Terminal.hasReader else { return }
                switch element {
                case .changes(let batch):
                    let time = Operator.now()
                    let events = NetworkEvent.events(in: batch, of: network).filter(admits)
                    Terminal.print(events.map { live.render(EventLine(time: time, event: $0)) }.joined())
                case .progress: break
                case .lost where !isFirst, .interrupted where !isFirst, .resumed where !isFirst: break
                case .lost(let after, let through):
                    let gap = LostEvents(time: Operator.now(), after: after, through: through)
                    Terminal.note(gap.sentence)
                    if live.isStructured { Terminal.print(live.render(gap)) }
                case .interrupted(let error): Terminal.note("\(error); trying again")
                case .resumed: Terminal.note("etcd answers again")
                }
            }
        } catch {
            throw IPAMError.store(error)
        }
    }

    private func admits(_ event: NetworkEvent) -> Bool {
        if let pod, !event.concerns(pod: pod) { return false }
        if let namespace, !event.concerns(namespace: namespace) { return false }
        if let node, !event.concerns(node: node) { return false }
        return true
    }
}
