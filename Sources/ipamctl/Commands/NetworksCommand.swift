import ArgumentParser
import IPAMKit

struct NetworksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "List the networks and how full they are.",
        discussion: CommandHelp(
            """
            FREE and FULL are about the dynamic range, which has the addresses for pods without a reservation. A network \
            of several range sets, such as IPv4 and IPv6, has a line for each of them. A pod gets an address of each \
            set, so FREE and FULL of the network are those of its fullest set. With -o wide, FIXED is the number of \
            free addresses of the fixed range, and CHANGED shows which ADD last changed the network's ranges, and when.
            """,
            examples: [
                .init("Show all networks and how full they are", "ipamctl networks"),
                .init("Show also the free addresses of the fixed range", "ipamctl networks -o wide"),
                .init("Print the metrics of one network", "ipamctl networks -n k8snetwork -o prometheus"),
                .init(
                    "For the number of leaked addresses, audit first; exit status 5 if there are any",
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

    func run() throws {
        let reports = try output.report.map { path throws(Failure) in try AuditReportFile.read(path) } ?? []
        let summaries = try connected(global) { connection in
            let inventories = try await connection.inventories()
            try await connection.warn(
                ofOverlapsAmong: inventories.map { NetworkPlace($0.inventory.network, $0.rangeSets ?? []) })
            return inventories.map { $0.inventory.summary(rangeSets: $0.rangeSets) }
        }
        let list = NetworkList(summaries: summaries, reports: reports)
        try output.outputFile.write(output.format.render(list))
        for remark in list.remarks { Terminal.note(remark) }
    }
}
