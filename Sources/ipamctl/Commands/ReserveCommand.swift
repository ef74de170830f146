import ArgumentParser
import IPAMKit

struct ReserveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Reserve addresses, so that no other pod gets them.",
        discussion: """
            Reserves all of the addresses, or none (with --batch: of each transaction). Reserving again for the same \
            holder succeeds.

              ipamctl reserve 10.188.0.216 --for default/db-0 --note "mysql primary"
              ipamctl reserve 10.188.0.20-10.188.0.29 --for default/deploy/web
              ipamctl reserve --next 3 --for default/sts/db
              ipamctl reserve --next 3 --family ipv6 --for default/sts/db
              ipamctl reserve -f plan.csv

            With --for NAMESPACE/POD, NAMESPACE/sts/NAME or NAMESPACE/deploy/NAME, these pods get the address without an \
            annotation. With --for NAMESPACE/, or without --for, a pod (of this namespace) gets the address only if it \
            asks for it.
            A plan has the columns \(ReservationPlanFile.columns.joined(separator: ",")).
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions

    @Argument(help: "Addresses, ranges a-b or CIDRs.", transform: AddressSelection.init(argument:))
    var addresses: [AddressSelection] = []

    @Option(
        name: .customLong("for"), help: "The pods that get the address, such as default/db-0 or default/deploy/web.",
        transform: ReservationHolder.init(argument:))
    var holder: ReservationHolder?

    @Option(help: "A note, such as the reason for the reservation.", transform: StoredText.note(argument:))
    var note: String?

    @Option(
        help: "When the reservation expires: a span from now such as 72h or 7d, or a time (RFC 3339).",
        transform: ExpiryTime.init(argument:))
    var expires: ExpiryTime?

    @Option(help: "Reserve this number of free addresses, from the fixed range if there is one.")
    var next: Int?

    @Option(help: "With --next: use a range set of this family. Default: the first range set.")
    var family: AddressFamily?

    @Option(help: "With --next: use the range set with this number, from 0, as 'ipamctl networks' shows it.")
    var rangeSet: Int?

    @Option(name: [.customShort("f"), .customLong("file")], help: "A plan in CSV; - is standard input.")
    var file: String?

    @Flag(help: "Allow more than \(AddressPool.reservationLimit) addresses, in several transactions.")
    var batch = false

    func validate() throws {
        try output.check(ChangeList.self)
        let sources = [!addresses.isEmpty, next != nil, file != nil].count { $0 }
        if sources == 0 { throw ValidationError("name what to reserve: addresses, --next N or -f PLAN") }
        if sources > 1 { throw ValidationError("addresses, --next and --file exclude each other") }
        try AddressSelection(addresses).requireWithinLimit()
        if let next, !(1...AddressPool.reservationLimit).contains(next) {
            throw ValidationError("--next takes a number from 1 to \(AddressPool.reservationLimit)")
        }
        if next == nil, family != nil || rangeSet != nil {
            throw ValidationError("--family and --range-set go with --next")
        }
        if let rangeSet, rangeSet < 0 { throw ValidationError("--range-set takes a number from 0") }
        if holder == .anyone { throw ValidationError("--for is empty: omit it to reserve for any pod that asks") }
        if file != nil, holder != nil || note != nil || expires != nil {
            throw ValidationError("the plan has its own columns for these: omit --for, --note and --expires")
        }
    }

    func run() throws {
        let now = Operator.now()
        let run = ReservationRun(change: change, batch: batch, plan: try ReservationPlan(self, now: now), now: now)
        try output.finish(try connected(global) { try await run.result($0) })
    }
}
