import HTTPTransport
import IPAMKit
import Store

/// One run of `ipamctl watch`.
struct WatchRun: Sendable {
    let output: OutputOptions
    let holders: HolderOptions
    let sinceRevision: Int64?

    /// Prints events until the reader of the output has gone.
    func run(_ connection: Connection) async throws {
        let network = connection.requested
        if let network { try await connection.requireKnown(network) }
        let ranges = try await connection.rangesToWatch(network)
        let now = try await NetworkDirectory.revision(
            of: connection.store, reading: network, deadline: connection.deadline)
        let start = sinceRevision ?? now
        guard start <= now else {
            throw Failure(
                .usage, "--since-revision \(start) is in the future: etcd is at revision \(now)",
                hint: "leave out --since-revision to begin now")
        }
        if Terminal.isWatched || connection.options.verbose {
            let what = network.map { "network \($0)" } ?? "all networks"
            Terminal.note("watching \(what) from revision \(start) (Ctrl-C to stop)")
        }
        Progress.commandHasSpoken()
        let feeds = ranges.map { connection.store.changes(in: $0, after: start) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, feed) in feeds.enumerated() {
                group.addTask { try await follow(feed, of: network, isFirst: place == 0) }
            }
            group.addTask { await Terminal.waitForReaderToLeave() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// - Parameter isFirst: false for a second feed of the same store: remarks about the connection are printed once.
    private func follow(_ feed: ChangeFeed, of network: NetworkName?, isFirst: Bool) async throws {
        var live = try LiveOutput(output, network: network)
        if isFirst { Terminal.print(live.header) }
        do throws(StoreError) {
            for try await element in feed {
                guard Terminal.hasReader else { return }
                switch element {
                case .changes(let batch):
                    let time = Operator.now()
                    let events = NetworkEvent.events(in: batch, of: network).filter(holders.admits)
                    Terminal.print(events.map { live.render(EventLine(time: time, event: $0)) }.joined())
                case .progress: break
                case .lost where !isFirst, .interrupted where !isFirst, .resumed where !isFirst: break
                case .lost(let after, let through):
                    let gap = LostEvents(time: Operator.now(), after: after, through: through)
                    Terminal.note(gap.message)
                    if live.isStructured { Terminal.print(live.render(gap)) }
                case .interrupted(let error): Terminal.note("\(error); trying again")
                case .resumed: Terminal.note("etcd can be reached again")
                }
            }
        } catch {
            throw IPAMError.store(error)
        }
    }
}
