import ArgumentParser
import IPAMKit

struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show who used an address, and when.",
        discussion: CommandHelp(
            """
            Newest first: who uses the address now, who used it before and how that ended, and the changes of its \
            reservation. The last \(History.defaultDepth) entries of each address are kept, unless the CNI file sets \
            ipam.historyDepth. Times are in UTC.
            """,
            examples: [
                .init("Show who used an address", "ipamctl history 10.188.0.216"),
                .init(
                    "Show who used it at one point in time, in UTC",
                    "ipamctl history 10.188.0.216 --at \"2026-11-22 03:00\""),
                .init("Show all addresses that a pod used", "ipamctl history --pod default/db-0"),
                .init(
                    "Show everything that began, ended or changed in the last 24 hours", "ipamctl history --since 24h"),
            ]
        ).discussion)

    @Argument(help: "The address.", transform: IPAddress.init(_:))
    var address: IPAddress?

    @Option(
        help: ArgumentHelp(
            "Who used the address at this time: a span before now such as 24h, or a time such as \"2026-11-22 03:00\".",
            valueName: "time"),
        transform: PastTime.init(argument:))
    var at: PastTime?

    @Option(
        help: ArgumentHelp(
            "Only what began, ended or changed since this time: a span before now, or a time.", valueName: "time"),
        transform: PastTime.init(argument:))
    var since: PastTime?

    @OptionGroup var holders: HolderOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if at == nil { try output.check(HistoryList.self) } else { try output.check(PastHolder.self) }
        if address == nil, !holders.isGiven, since == nil {
            throw ValidationError("name an address, or use --pod, --namespace, --node or --since")
        }
        if at != nil, address == nil { throw ValidationError("--at goes with an address") }
        if at != nil, since != nil || holders.isGiven {
            throw ValidationError("--at excludes --since, --pod, --namespace and --node")
        }
    }

    func run() throws {
        let query = HistoryQuery(address: address, holders: holders, since: since?.time)
        if let time = at?.time, let address {
            try output.print(try connected(global) { try await query.holder(of: address, at: time, $0) })
            return
        }
        let list = HistoryList(lines: try connected(global) { try await query.lines($0) })
        try output.print(list)
        if list.lines.isEmpty { Terminal.note("nothing is known\(address.map { " about \($0)" } ?? " that matches")") }
    }
}

/// The lines of histories that are meant.
struct HistoryQuery: Sendable {
    /// nil for all addresses.
    let address: IPAddress?
    let holders: HolderOptions
    let since: Timestamp?

    private func admits(_ line: HistoryLine) -> Bool {
        holders.admits(line) && (since.map(line.isChange(since:)) ?? true)
    }

    func lines(_ connection: Connection) async throws -> [HistoryLine] {
        if let address { return try await history(of: address, connection).lines.filter(admits) }
        var lines: [HistoryLine] = []
        for network in try await connection.networks() {
            Progress.describe("reading the history of network \(network) from etcd ...")
            let (some, problems) = try await connection.pool(network).history(where: admits)
            Terminal.warn(problems.map(\.description))
            if some.isEmpty { try await connection.requireKnown(network) }
            lines += some
        }
        return lines
    }

    /// - Throws: ``Failure`` also if the holder at that time is not known.
    func holder(of address: IPAddress, at time: Timestamp, _ connection: Connection) async throws -> PastHolder {
        let history = try await history(of: address, connection)
        let holder = PastHolder(history: history, time: time)
        if let failure = holder.failure { throw failure }
        return holder
    }

    private func history(of address: IPAddress, _ connection: Connection) async throws -> AddressHistory {
        let network = try await connection.network(for: [address])
        let history = try await connection.pool(network.name).history(of: address)
        guard network.range(containing: address) != nil || !history.lines.isEmpty || history.problem != nil else {
            throw network.outside(address)
        }
        Terminal.warn([history.problem].compactMap { $0?.description })
        return history
    }
}
