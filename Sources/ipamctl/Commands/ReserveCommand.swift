import ArgumentParser
import Glibc
import IPAMKit

struct ReserveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Reserve addresses, so that no other pod gets them.",
        discussion: """
            All of the addresses are reserved, or none. Reserving again for the same holder is success.

              ipamctl reserve 10.188.0.216 --for default/db-0 --note "mysql primary"
              ipamctl reserve 10.188.0.20-10.188.0.29 --for default/deploy/web
              ipamctl reserve --next 3 --for default/sts/db
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
    var holder = ""

    @Option(help: "Why.")
    var note: String?

    @Option(help: "Until when: a span such as 72h or 7d, or a time (RFC 3339).")
    var expires: String?

    @Option(help: "Reserve so many free addresses, of the fixed range where there is one.")
    var next: Int?

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
        if file != nil, !holder.isEmpty || note != nil || expires != nil {
            throw ValidationError("the plan says for whom, why and until when: leave out --for, --note and --expires")
        }
    }

    func run() throws {
        let now = Timestamp(seconds: Int64(time(nil)))
        let plan = try ReservationPlan(self, now: now)
        let command = self
        let (network, changes) = try connected(global) { connection in
            let network = try await connection.network(for: plan.namedAddresses)
            let pool = connection.pool(network.name)
            let orders = try await plan.orders(in: pool, network.rangeSets)
            guard orders.count <= AddressPool.reservationLimit || command.batch else {
                throw Failure(
                    .usage,
                    "\(orders.count) addresses are more than one transaction takes (\(AddressPool.reservationLimit))",
                    hint: "--batch reserves them in several, each all or nothing")
            }
            let planned = orders.prefix(AddressPool.reservationLimit)
            _ = try await pool.reserve(Array(planned), rangeSets: network.rangeSets, now: now, dryRun: true)
            if !command.change.dryRun { try Self.confirm(orders, network.name, command.change) }
            var changes: [ReservationChange] = []
            var rest = orders[...]
            while !rest.isEmpty {
                let some = Array(rest.prefix(AddressPool.reservationLimit))
                rest = rest.dropFirst(some.count)
                changes += try await pool.reserve(
                    some, rangeSets: network.rangeSets, now: now, dryRun: command.change.dryRun)
            }
            return (network.name, changes)
        }
        Terminal.print(
            output.output.render(
                ChangeList(network: network, changes: changes.map(Self.line), isDryRun: change.dryRun)))
    }

    private static func confirm(_ orders: [ReservationOrder], _ network: NetworkName, _ change: ChangeOptions) throws {
        guard let first = orders.first else { return }
        let what = orders.count == 1 ? first.address.description : "\(orders.count) addresses"
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
