import ArgumentParser
import IPAMKit

struct ReserveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reserve", abstract: "Reserve addresses, so that no other pod gets them.",
        discussion: CommandHelp(
            """
            Reserves all of the addresses, or none (with --batch: of each transaction). Reserving again for the same \
            holder succeeds.

            With --for NAMESPACE/POD, NAMESPACE/sts/NAME or NAMESPACE/deploy/NAME, these pods get the address without an \
            annotation; the pods of a StatefulSet (sts) or Deployment (deploy) share its addresses. With --for \
            NAMESPACE/, or without --for, a pod (of this namespace) gets the address only if it asks for it with the \
            annotation kube-ipam.ip.

            A plan is a file with an entry for each address, range or CIDR: in CSV with the columns \
            \(PlanEntry.columns.joined(separator: ",")), and perhaps \(PlanEntry.moreColumns.joined(separator: ",")); in YAML or \
            JSON a list of entries with these keys, or an object with such a list as reservations, the name of the plan as \
            plan, and its network as network. each: true is --each, with start as --start; fence: true is --fence; \
            expires: never and note: "" remove what a reservation has. What 'ipamctl list' writes as CSV, YAML or JSON is \
            a plan, too. The same plan again changes nothing. With one conflict nothing is changed, and all conflicts are \
            shown.

            Of a manifest of Kubernetes, the addresses that its pods request (annotation kube-ipam.ip) are reserved: for \
            the Deployment, the StatefulSet or the Pod; for other workloads, for the namespace.
            """,
            examples: [
                .init(
                    "Reserve an address for a pod, before the pod is deployed",
                    "ipamctl reserve 10.188.0.216 --for default/db-0 --note \"mysql primary\""),
                .init(
                    "Reserve three free addresses for the pods of a StatefulSet",
                    "ipamctl reserve --next 3 --for default/sts/db"),
                .init(
                    "The same in IPv6; --dry-run only shows which addresses they would be",
                    "ipamctl reserve --next 3 --family ipv6 --for default/sts/db --dry-run"),
                .init(
                    "Reserve a range for the pods of a Deployment, for a week",
                    "ipamctl reserve 10.188.0.20-10.188.0.29 --for default/deploy/web --expires 7d"),
                .init(
                    "Reserve an address for any pod of a namespace that asks for it",
                    "ipamctl reserve 10.188.0.40 --for default/"),
                .init(
                    "Keep an address from all pods, also from those that ask for it",
                    "ipamctl reserve 10.188.0.60 --fence --note printer"),
                .init("Reserve the addresses of a CSV file", "ipamctl reserve -f plan.csv"),
                .init(
                    "Reserve the addresses that the pods of a manifest request, before it is applied",
                    "ipamctl reserve -f deploy.yaml"),
                .init(
                    "Show what a plan in YAML would change and drop",
                    "ipamctl reserve -f plan.yaml --prune --dry-run"),
                .init(
                    "Reserve an address for each of three pods: db-0, db-1 and db-2",
                    "ipamctl reserve --next 3 --contiguous --for default/sts/db --each"),
            ]
        ).discussion)

    @Argument(help: "Addresses, ranges a-b or CIDRs.", transform: AddressSelection.init(argument:))
    var addresses: [AddressSelection] = []

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "The pods that get the address, such as default/db-0, default/sts/db or default/deploy/web.",
            valueName: "holder"),
        transform: ReservationHolder.init(argument:))
    var holder: ReservationHolder?

    @Flag(help: "For what is no pod, such as a printer or a router: no pod gets the address, even if it asks for it.")
    var fence = false

    @Option(
        help: ArgumentHelp("A note, such as the reason for the reservation.", valueName: "text"),
        transform: StoredText.note(argument:))
    var note: String?

    @Option(
        help: ArgumentHelp(
            "When the reservation expires: a span from now such as 72h or 7d, or a time such as 2026-12-24T18:00:00Z.",
            valueName: "time"),
        transform: ExpiryTime.init(argument:))
    var expires: ExpiryTime?

    @Option(
        help: ArgumentHelp(
            """
            Reserve this number of free addresses, from the fixed range if there is one; if it has no room left, then from \
            the dynamic range. Each run reserves more addresses.
            """, valueName: "count"))
    var next: Int?

    @Option(help: "With --next: use a range set of this family. Default: the first range set.")
    var family: AddressFamily?

    @Option(
        help: ArgumentHelp(
            "With --next: use the range set with this number, from 0, as 'ipamctl networks' shows it.",
            valueName: "number"))
    var rangeSet: Int?

    @Option(
        name: [.customShort("f"), .customLong("file")],
        help: "A plan in CSV, YAML or JSON, or a manifest of Kubernetes; - is standard input.")
    var files: [String] = []

    /// The only file; nil without one.
    var file: String? { files.first }

    @Option(
        help: ArgumentHelp(
            """
            The plan that the reservations belong to, such as web. A reservation of another plan is a conflict; one of no \
            plan, for the same holder, is taken into this one.
            """, valueName: "name"),
        transform: PlanName.init(argument:))
    var plan: PlanName?

    @Option(
        help: ArgumentHelp(
            "With a manifest of Kubernetes: the namespace of objects that name none; others are refused. Default: default.",
            valueName: "namespace"),
        transform: Namespace.init(argument:))
    var namespace: Namespace?

    @Flag(
        help: """
            With -f and a plan's name: also drop the reservations of this plan that the file does not list. A pod that uses \
            such an address keeps it until it ends.
            """)
    var prune = false

    @Flag(
        help: """
            With --for NAMESPACE/sts/NAME: reserve the n-th address of each range set for the n-th pod: NAME-0, NAME-1, ...
            """)
    var each = false

    @Option(
        help: ArgumentHelp(
            "With --each: the ordinal of the first pod, as .spec.ordinals.start of the StatefulSet. Default: 0.",
            valueName: "ordinal"))
    var start: Int?

    @Flag(
        help: """
            With --next: successive addresses, the first such run of the fixed range, or of the dynamic range if the fixed \
            range has none.
            """)
    var contiguous = false

    @Flag(help: "Allow more than \(AddressPool.reservationLimit) addresses, in several transactions.")
    var batch = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(ChangeList.self)
        if files.count > 1 {
            let twice = files.count == 2 ? "twice" : "\(files.count) times"
            throw Failure(
                .usage, "--file is given \(twice): \(files.joined(separator: ", "))",
                hint: "reserve one file after the other; manifests that begin with --- can be read together: "
                    + "cat \(files.joined(separator: " ")) | ipamctl reserve -f -")
        }
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
        if next == nil, contiguous { throw ValidationError("--contiguous goes with --next") }
        if namespace != nil, file == nil { throw ValidationError("--namespace goes with -f MANIFEST") }
        if prune, file == nil { throw ValidationError("--prune goes with -f PLAN") }
        if !each, start != nil { throw ValidationError("--start goes with --each") }
        if let rangeSet, rangeSet < 0 { throw ValidationError("--range-set takes a number from 0") }
        if holder == .anyone { throw ValidationError("--for is empty: omit it to reserve for any pod that asks") }
        if fence, holder != nil { throw ValidationError("--fence and --for exclude each other") }
        if file != nil, fence || holder != nil || note != nil || expires != nil {
            throw ValidationError("the plan has its own columns for these: omit --for, --fence, --note and --expires")
        }
        if file != nil, each { throw ValidationError("the plan has its own column for this: omit --each") }
        if each {
            do throws(InvalidPodOrdinals) {
                _ = try PodOrdinals(of: holder ?? .anyone, from: start ?? 0)
            } catch {
                throw Failure(.usage, "--each: \(error)", hint: "write --for NAMESPACE/sts/NAME, or omit --each")
            }
        }
    }

    func run() throws {
        let now = Operator.now()
        let run = ReservationRun(change: change, batch: batch, plan: try ReservationPlan(self, now: now), now: now)
        try output.finish(try connected(global) { try await run.result($0) })
    }
}
