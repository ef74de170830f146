import ArgumentParser
import IPAMKit

struct ExtendCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend", abstract: "Change when reservations expire.",
        discussion: CommandHelp(
            """
            Changes only the expiry of reservations that exist: of all that are named, or of none (with --batch: of \
            each transaction). A span counts from \
            now, not from the former expiry; an earlier expiry than before is allowed.

            A reservation that has expired counts again, as long as nothing has removed it and no other pod uses its \
            address: 'ipamctl list' still lists it then.
            """,
            examples: [
                .init("Let a reservation expire in three days", "ipamctl extend 10.188.0.216 --expires 72h"),
                .init(
                    "Keep all reservations of a Deployment for good",
                    "ipamctl extend --for default/deploy/web --expires never"),
                .init(
                    "Show what would change for the reservations of a range",
                    "ipamctl extend 10.188.0.20-10.188.0.29 --expires 30d --dry-run"),
            ]
        ).discussion)

    @Argument(
        help: "Addresses, ranges a-b or CIDRs. Of a range, only the addresses that are reserved.",
        transform: AddressSelection.init(argument:))
    var addresses: [AddressSelection] = []

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            """
            All reservations for this holder, as 'ipamctl list' shows it; for NAMESPACE/sts/NAME also those for \
            pods of the StatefulSet.
            """, valueName: "holder"),
        transform: ReservationHolder.init(argument:))
    var holder: ReservationHolder?

    @Flag(help: "All reservations for nobody, which 'ipamctl reserve --fence' made.")
    var fence = false

    @Option(
        help: ArgumentHelp("All reservations of this plan.", valueName: "name"),
        transform: PlanName.init(argument:))
    var plan: PlanName?

    @Option(
        help: ArgumentHelp(
            "The new expiry: a span from now such as 72h or 7d, a time such as 2026-12-24T18:00:00Z, or never.",
            valueName: "time"),
        transform: NewExpiry.init(argument:))
    var expires: NewExpiry

    @Flag(
        help: "Allow more than \(AddressPool.reservationLimit) reservations, in several transactions.")
    var batch = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(ChangeList.self)
        guard [!addresses.isEmpty, holder != nil, fence, plan != nil].count(where: { $0 }) == 1 else {
            throw ValidationError("name the reservations with one of: addresses, --for HOLDER, --fence or --plan NAME")
        }
        try AddressSelection(addresses).requireWithinLimit()
        if holder == .anyone { throw ValidationError("--for is empty: name a holder, or addresses") }
    }

    func run() throws {
        let now = Operator.now()
        let selection: AmendmentRun.Selection? =
            fence ? .holder(.nobody) : holder.map { .holder($0) } ?? plan.map { .plan($0) }
        let run = AmendmentRun(
            change: change, selection: selection ?? .addresses(AddressSelection(addresses).ranges),
            amendment: .expires(expires.time(from: now)), batch: batch, now: now)
        try output.finish(try connected(global) { try await run.result($0) })
    }
}
