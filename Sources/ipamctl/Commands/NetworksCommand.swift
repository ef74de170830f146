import ArgumentParser
import IPAMKit

struct NetworksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "networks", abstract: "List the networks and how full they are.",
        discussion: "FREE and FULL are of the dynamic range, which pods without a reservation get addresses from; "
            + "FIXED, in wide, is what is free of the fixed range.",
        aliases: ["network", "pools", "pool"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let summaries = try connected(global) { connection in
            try await connection.inventories().map { $0.inventory.summary(rangeSets: $0.rangeSets) }
        }
        Terminal.print(output.output.render(NetworkList(summaries: summaries)))
        if summaries.isEmpty { Terminal.note("no network yet: the first ADD of the plugin makes it") }
    }
}

private struct NetworkList: Renderable {
    let summaries: [NetworkSummary]

    var json: JSONValue { .array(summaries.map(\.json)) }
    var names: [String] { summaries.map(\.network.text) }

    /// The addresses of an IPv6 subnet are more than anyone counts: `1.8e19`.
    private static func count(_ number: UInt128, exact: Bool) -> String {
        let digits = String(number)
        guard !exact, digits.utf8.count > 9 else { return digits }
        return "\(digits.prefix(1)).\(digits.dropFirst().prefix(1))e\(digits.utf8.count - 1)"
    }

    func cells(wide: Bool) -> [[String]] {
        let header =
            ["NETWORK", "SUBNETS", "TOTAL", "USED", "RESERVED", "FREE", "FULL"] + (wide ? ["FIXED", "HOLD"] : [])
        return [header]
            + summaries.map { summary in
                let row = [
                    summary.network.text, summary.subnets.map(\.description).joined(separator: ","),
                    Self.count(summary.total, exact: wide), String(summary.used), String(summary.reserved),
                    Self.count(summary.free, exact: wide),
                    "\(summary.percentTaken)%",
                ]
                return row
                    + (wide
                        ? [Self.count(summary.freeFixed, exact: wide), summary.hold.map { $0.reason ?? "yes" } ?? ""]
                        : [])
            }
    }
}
