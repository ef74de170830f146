import ArgumentParser
import IPAMKit

struct NetworksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "List the networks and how full they are.",
        discussion: CommandHelp(
            """
            TOTAL is USED + RESERVED + FREE + FREE FIXED. FREE are the free addresses of the dynamic range, for pods \
            without a reservation; FREE FIXED those of the fixed range, for reservations and for the annotation kube-ipam.ip. RESERVED are reserved \
            and not in use. FULL is how much of the dynamic range is taken: yellow from \(FullnessThreshold.yellow) %, \
            red from \(FullnessThreshold.red) %.

            A network of several range sets, such as IPv4 and IPv6, has a line for each of them. A pod gets an address \
            of each set, so the figures of the network are those of its fullest set.

            With -o wide, HOLD is the reason if the network is on hold, OUTSIDE are the used or reserved addresses that TOTAL does not contain, because they are in no \
            range, and CHANGED shows which ADD last changed the network's ranges, and when.
            """,
            examples: [
                .init("Show all networks and how full they are", "ipamctl networks"),
                .init("Show also holds, and addresses outside the ranges", "ipamctl networks -o wide"),
                .init("Print the metrics of one network", "ipamctl networks -n k8snetwork -o prometheus"),
                .init(
                    "For the number of leaked addresses: audit (exit status 5 if any)",
                    "ipamctl audit --report /var/lib/kube-ipam/audit.json"),
                .init(
                    "Then write the metrics for node_exporter's textfile collector",
                    """
                    ipamctl networks -o prometheus --report /var/lib/kube-ipam/audit.json \\
                      --output-file /var/lib/node_exporter/kube-ipam.prom
                    """),
            ]
        ).discussion,
        aliases: ["network", "pools", "pool"])

    @OptionGroup var output: MetricOutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws { try output.check(NetworkList.self) }

    func run() throws {
        let reports = try output.report.map { path throws(Failure) in try AuditReportFile.read(path) } ?? []
        let summaries = try connected(global) { connection in
            let occupancies = try await connection.occupancies()
            try await connection.warn(
                ofOverlapsAmong: occupancies.map { NetworkPlace($0.occupancy.overview.network, $0.rangeSets ?? []) })
            return occupancies.map { $0.occupancy.summary(rangeSets: $0.rangeSets) }
        }
        let list = NetworkList(summaries: summaries, reports: reports)
        try output.write(list)
        for omission in output.format == .result(.table) ? list.omissions : [] { Terminal.note(omission) }
        for remark in list.remarks { Terminal.note(remark) }
    }
}
