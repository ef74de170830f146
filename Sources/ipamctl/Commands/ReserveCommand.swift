import ArgumentParser
import IPAMKit

struct ReserveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Reserve addresses, so that no other pod gets them.",
        discussion: """
            All of the addresses are reserved, or none. Reserving again for the same holder is success.

              ipamctl reserve 10.188.0.216 --for default/db-0 --note "mysql primary"
              ipamctl reserve 10.188.0.20-10.188.0.29 --for default/deploy/web
              ipamctl reserve --next 3 --for default/sts/db
              ipamctl reserve --next 3 --family ipv6 --for default/sts/db
              ipamctl reserve -f plan.csv

            --for takes namespace/pod, namespace/sts/NAME, namespace/deploy/NAME (their pods get the address without \
            asking), namespace/ (any pod of it that asks for the address), or is left out (any pod that asks).
            A plan has the columns address,for,note,expires.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "Addresses, ranges a-b or CIDRs.")
    var addresses: [String] = []

    @Option(name: .customLong("for"), help: "For whom, such as default/db-0 or default/deploy/web.")
    var holder: String?

    @Option(help: "Why.")
    var note: String?

    @Option(help: "Until when: a span such as 72h or 7d, or a time (RFC 3339).")
    var expires: String?

    @Option(help: "Reserve so many free addresses, of the fixed range where there is one.")
    var next: Int?

    @Option(help: "With --next: of a range set of this family, ipv4 or ipv6 (default: of the first range set).")
    var family: AddressFamily?

    @Option(help: "With --next: of the range set with this number, from 0, as 'ipamctl networks' shows it.")
    var rangeSet: Int?

    @Option(name: [.customShort("f"), .customLong("file")], help: "A plan in CSV; - is standard input.")
    var file: String?

    @Flag(
        help: """
            Allow more than \(AddressPool.reservationLimit) addresses, in several transactions. When it is \
            interrupted, run it again: what is reserved already is left as it is.
            """)
    var batch = false

    func validate() throws {
        let sources = [!addresses.isEmpty, next != nil, file != nil].count { $0 }
        guard sources == 1 else {
            throw ValidationError(
                sources == 0
                    ? "say what to reserve: addresses, --next N or -f PLAN"
                    : "addresses, --next and --file exclude each other")
        }
        if let next, !(1...AddressPool.reservationLimit).contains(next) {
            throw ValidationError("--next takes a number from 1 to \(AddressPool.reservationLimit)")
        }
        if next == nil, family != nil || rangeSet != nil {
            throw ValidationError("--family and --range-set go with --next")
        }
        if let rangeSet, rangeSet < 0 { throw ValidationError("--range-set takes a number from 0") }
        if holder == "" { throw ValidationError("--for is empty: leave it out to reserve for any pod that asks") }
        if file != nil, holder != nil || note != nil || expires != nil {
            throw ValidationError("the plan says for whom, why and until when: leave out --for, --note and --expires")
        }
    }

    func run() throws {
        let now = Operator.now()
        let plan = try ReservationPlan(self, now: now)
        let command = self
        let outcome = try connected(global) { connection in
            let network = try await Self.network(of: plan, connection)
            guard !network.rangeSets.isEmpty else {
                throw Failure(
                    .notFound, "the store does not say yet which addresses network \(network.name) has",
                    hint: "name its CNI file with --config")
            }
            for _ in 0..<Self.choices {
                do {
                    return try await command.reserve(plan, network, connection, now)
                } catch IPAMError.conflicts where plan.choosesAddresses {
                    // Someone else was quicker with a free address.
                    continue
                } catch IPAMError.outdated where command.change.yes {
                    // Nobody was shown the plan that something has changed since.
                    continue
                }
            }
            throw Failure(.conflict, "others reserve the free addresses of network \(network.name) as well: try again")
        }
        Terminal.print(output.output.render(outcome.changes))
        if let failure = outcome.failure { throw failure }
    }

    /// The network that is asked for, that a list names, or that the addresses lie in.
    private static func network(of plan: ReservationPlan, _ connection: Connection)
        async throws -> (name: NetworkName, rangeSets: [RangeSet])
    {
        let named = plan.networks
        guard connection.requested == nil, let first = named.first else {
            return try await connection.network(for: plan.namedAddresses)
        }
        guard named.count == 1, let name = try? NetworkName(first) else {
            throw Failure(
                .usage, "the list has reservations of several networks: \(named.joined(separator: ", "))",
                hint: "choose one with --network")
        }
        try await connection.requireKnown(name)
        return (name, try await connection.rangeSets(of: name) ?? [])
    }

    /// So often free addresses are chosen anew.
    private static let choices = 32

    private struct Outcome: Sendable {
        let changes: ChangeList
        /// Why not everything was reserved, although a part was.
        let failure: Failure?
    }

    private func reserve(
        _ plan: ReservationPlan, _ network: (name: NetworkName, rangeSets: [RangeSet]), _ connection: Connection,
        _ now: Timestamp
    ) async throws -> Outcome {
        let orders = try await plan.orders(in: connection.pool(network.name), network.rangeSets)
        guard orders.count <= AddressPool.reservationLimit || batch else {
            throw Failure(
                .usage,
                "\(orders.count) addresses are more than one transaction takes (\(AddressPool.reservationLimit))",
                hint: "--batch reserves them in several, each all or nothing")
        }
        let planned = try await connection.pool(network.name).planReservations(
            orders, rangeSets: network.rangeSets, now: now)
        let advice = RolloutAdvice(network: network.name, rangeSets: network.rangeSets, connection: connection)
        for shortage in try await advice.warnings(on: orders, now: now) {
            Terminal.note("warning: \(shortage.problem)\nhint: \(shortage.remedy)")
        }
        if change.dryRun { return Outcome(changes: list(planned.changes, network.name), failure: nil) }
        if !planned.isDone { try Self.confirm(orders, network.name, change) }
        var done: [ReservationChange] = []
        do throws(IPAMError) {
            try await connection.pool(network.name).carryOut(planned, progress: { done += $0 })
        } catch {
            if done.isEmpty { throw error }
            let failure = Failure(error)
            let not = if case .store(.outcomeUnknown) = error { "perhaps not" } else { "not" }
            let message = "\(orders.count - done.count) of \(orders.count) addresses were \(not) reserved: "
            return Outcome(
                changes: list(done, network.name),
                failure: Failure(
                    failure.status, message + failure.message,
                    hint: "run it again: what is reserved already is left as it is"))
        }
        return Outcome(changes: list(done, network.name), failure: nil)
    }

    private func list(_ changes: [ReservationChange], _ network: NetworkName) -> ChangeList {
        ChangeList(network: network, changes: changes.map(Self.line), isDryRun: change.dryRun)
    }

    /// Asks about what is to be reserved; chosen addresses are named, because the command line does not.
    private static func confirm(_ orders: [ReservationOrder], _ network: NetworkName, _ change: ChangeOptions) throws {
        guard let first = orders.first else { return }
        let what = orders.count == 1 ? first.address.description : "\(orders.count) addresses (\(first.address), ...)"
        let holders = Set(orders.map(\.reservation.holder.phrase)).sorted()
        let who = holders.count == 1 ? holders[0] : "\(holders.count) holders"
        try Terminal.confirm("Reserve \(what) of network \(network) for \(who)?", assumeYes: change.yes)
    }

    private static func line(_ change: ReservationChange) -> ChangeList.Change {
        let holder = change.reservation.holder.phrase
        let until = change.reservation.expires.map { " until \($0)" } ?? ""
        let sentence =
            switch change.kind {
            case .reserved: "reserved for \(holder)\(until)"
            case .updated: "reserved for \(holder)\(until) (updated)"
            case .unchanged: "is reserved for \(holder)\(until) already"
            }
        return .init(address: change.address, action: change.kind.rawValue, sentence: sentence)
    }
}
