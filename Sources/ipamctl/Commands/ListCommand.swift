import ArgumentParser
import IPAMKit

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List addresses, who uses them, and for whom they are reserved.",
        discussion: CommandHelp(
            """
            Without options, lists all addresses that are used or reserved, in all networks. Options select addresses \
            for which all of them are true.

            AGE is the time since the address is in use or, if it is not in use, since it is reserved. On a terminal, a \
            table leaves out columns and shortens names to fit; -o wide does not.
            """,
            examples: [
                .init("List all addresses that are used or reserved", "ipamctl list"),
                .init("List the reserved addresses of a subnet", "ipamctl list 10.188.0.0/24 --state reserved"),
                .init("List the addresses in use on one node", "ipamctl list --node n1 --state used"),
                .init("List what a pod uses, and what is reserved for it", "ipamctl list --pod default/db-0 -o wide"),
                .init("List the addresses of a Deployment", "ipamctl list --workload default/deploy/web"),
                .init(
                    "List ten free addresses of the fixed range", "ipamctl list --state free --range fixed --limit 10"),
                .init("List the reservations that expire within a week", "ipamctl list --expiring 7d"),
                .init(
                    "Choose the columns, and sort the oldest first",
                    "ipamctl list --columns address,used-by,age --sort-by -age"),
                .init(
                    "Save all addresses to a file that 'ipamctl reserve -f' can read",
                    "ipamctl list -o csv > addresses.csv"),
            ]
        ).discussion,
        aliases: ["ls", "get"])

    @Argument(
        help: "Only these addresses: addresses, ranges a-b or CIDRs, as with --cidr.",
        transform: AddressFilter.word)
    var addresses: [AddressFilter] = []

    @Option(
        help:
            "Only addresses in this state (of each network at most \(ListQuery.mostFree) free ones). May be given more than once."
    )
    var state: [AddressEntry.State] = []

    @Option(
        help: "Only addresses of this CIDR, range a-b or list of them. May be given more than once.",
        transform: AddressFilter.init(argument:))
    var cidr: [AddressFilter] = []

    @Option(
        help: ArgumentHelp(
            """
            Only what pods of this StatefulSet or Deployment use, or what is reserved for it or for pods of the \
            StatefulSet: NAMESPACE/sts/NAME or NAMESPACE/deploy/NAME.
            """, valueName: "namespace/kind/name"),
        transform: WorkloadArgument.init(argument:))
    var workload: WorkloadArgument?

    @Option(
        help: ArgumentHelp("Only reservations of this plan.", valueName: "name"),
        transform: PlanName.init(argument:))
    var plan: PlanName?

    @Option(help: "Only addresses of the networks' fixed or dynamic ranges.")
    var range: RangeKind?

    @Option(
        help: ArgumentHelp(
            """
            Only reservations that expire within this time span, and those that have expired, with the time that is left; \
            the first one to expire comes first.
            """, valueName: "span"),
        transform: DurationArgument.init(argument:))
    var expiring: DurationArgument?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Print at most this number of addresses, after sorting.", valueName: "number"))
    var limit: Int?

    @OptionGroup var holders: HolderOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if expiring == nil { try output.check(AddressList.self) } else { try output.check(ExpiringList.self) }
        if expiring != nil, state.contains(.free) { throw ValidationError("free addresses have no expiry") }
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1") }
    }

    func run() throws {
        let now = Operator.now()
        let query = ListQuery(
            holders: holders, states: state, addresses: AddressFilter(addresses + cidr), workload: workload,
            plan: plan, range: range, expiresBy: expiring.map { now.advanced(bySeconds: $0.seconds) })
        if expiring != nil {
            let entries = try connected(global) { connection in
                var entries: [AddressEntry] = []
                try await query.forEachEntry(connection) { entries.append($1) }
                return entries
            }
            let list = ExpiringList(entries: entries, limit: limit, now: now)
            try output.print(list)
            note(list.count, "reservation", isWhat: "expires by then")
        } else {
            let (output, limit) = (output, limit)
            let rows = try connected(global) { connection in
                var rows = try RowStream<AddressList>(output)
                try await query.forEachEntry(connection) { network, entry in
                    rows.append(entry, at: RowPosition(address: entry.address, network: network))
                }
                return rows
            }
            let count = rows.count
            try rows.print(limit: limit)
            note(count, "address", isWhat: state.contains(.free) ? "is found" : "is used or reserved")
        }
    }

    /// - Parameter count: the number of rows, whatever the limit.
    private func note(_ count: Int, _ noun: String, isWhat predicate: String) {
        if count == 0 {
            Terminal.note(
                "no matching \(noun) \(predicate)" + (Session.current?.network.map { " in network \($0)" } ?? ""))
        }
        if let limit, count > limit { Terminal.note("\(count - limit) more were left out (--limit \(limit))") }
    }
}

extension RangeKind: ExpressibleByArgument {}
