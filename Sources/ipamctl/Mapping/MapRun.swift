import HTTPTransport
import IPAMKit
import Store
import Synchronization

/// One run of `ipamctl map`.
struct MapRun: Sendable {
    /// The addresses to show; nil for all.
    let filter: AddressFilter?
    let output: OutputOptions

    /// Reads the networks.
    ///
    /// - Parameter warns: false if values that cannot be read have been reported before.
    /// - Throws: ``Failure`` also if no network has the addresses to show.
    func maps(_ connection: Connection, warns: Bool = true) async throws -> [AddressMap] {
        let maps = try await connection.inventories(warns: warns).map {
            AddressMap($0.inventory, $0.rangeSets ?? [], only: filter)
        }
        guard let filter else { return maps }
        let shown = maps.filter { !$0.sections.isEmpty }
        guard !shown.isEmpty else {
            let ranges = filter.ranges.map(\.description).joined(separator: ",")
            let networks = maps.map(\.network.text).joined(separator: ", ")
            throw Failure(
                .notFound,
                "--cidr \(ranges): no such address is in a subnet of "
                    + (maps.isEmpty ? "a network" : "network\(maps.count > 1 ? "s" : "") \(networks)"),
                hint: "see the subnets in 'ipamctl networks'")
        }
        return shown
    }

    // MARK: Watching

    /// Shows the picture, and again whenever something changes, until the reader of the output has gone.
    func watch(_ connection: Connection) async throws {
        let network = connection.requested
        let ranges = try await connection.rangesToWatch(network)
        let start = try await NetworkDirectory.revision(
            of: connection.store, reading: network, deadline: connection.deadline)
        let first = try await maps(connection)
        Progress.commandHasSpoken()
        let news = MapNews()
        let feeds = ranges.map { connection.store.changes(in: $0, after: start) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for feed in feeds { group.addTask { try await follow(feed, of: network, news) } }
            group.addTask { try await show(first, connection, news) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func follow(_ feed: ChangeFeed, of network: NetworkName?, _ news: MapNews) async throws {
        do throws(StoreError) {
            for try await element in feed {
                switch element {
                case .changes(let batch):
                    if !NetworkEvent.events(in: batch, of: network).isEmpty { news.hasChanged() }
                case .lost: news.hasChanged()
                case .interrupted(let error): news.setProblem("\(error)")
                case .resumed: news.setProblem(nil)
                case .progress: break
                }
            }
        } catch {
            throw IPAMError.store(error)
        }
    }

    /// How often the terminal's size and the news are looked at. Changes in between are shown together.
    private static let interval = Duration.milliseconds(200)

    private func show(_ first: [AddressMap], _ connection: Connection, _ news: MapNews) async throws {
        var canvas = MapCanvas(output)
        var list = MapList(maps: first)
        var time = Operator.now()
        var problem: String?
        try canvas.show(list, time, problem)
        while Terminal.hasReader, !Task.isCancelled {
            await TransferLoop.current.sleep(until: .now + Self.interval)
            var latest = news.problem
            var hasNewMaps = false
            if news.takeChange() {
                do {
                    list = MapList(maps: try await maps(connection, warns: false))
                    (time, hasNewMaps) = (Operator.now(), true)
                } catch let error as IPAMError {
                    guard case .store = error, Failure(error).status == .unreachable else { throw error }
                    // The change is still to be read.
                    news.hasChanged()
                    latest = "\(error)"
                }
            }
            if hasNewMaps || canvas.isOutdated || (latest != problem && canvas.isInPlace) {
                try canvas.show(list, time, latest)
            } else if let latest, latest != problem {
                Terminal.note("\(latest); trying again")
            }
            problem = latest
        }
    }
}

/// What a feed of changes has to say to the task that draws.
private final class MapNews: Sendable {
    private let state = Mutex((isChanged: false, problem: nil as String?))

    func hasChanged() { state.withLock { $0.isChanged = true } }

    /// Whether something has changed since the last call.
    func takeChange() -> Bool {
        state.withLock { state in
            defer { state.isChanged = false }
            return state.isChanged
        }
    }

    /// Why there are no changes at present; nil if there may be some.
    var problem: String? { state.withLock { $0.problem } }

    func setProblem(_ problem: String?) { state.withLock { $0.problem = problem } }
}
