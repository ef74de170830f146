import ArgumentParser
import IPAMKit

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is recorded about an address.",
        discussion: CommandHelp(
            """
            Shows the pod, the node, the container and the interface that use the address, and for whom it is reserved. \
            'ipamctl history ADDRESS' shows who had it before. If only one network has the address in its subnets, --network is not needed.
            """,
            examples: [
                .init("Show one address", "ipamctl show 10.188.0.216"),
                .init("Show it for another program", "ipamctl show 10.188.0.216 -o json"),
            ]
        ).discussion,
        aliases: ["describe"])

    @Argument(help: "The address.", transform: IPAddress.init(_:))
    var address: IPAddress

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws { try output.check(AddressDetail.self) }

    func run() throws {
        let address = address
        let detail = try connected(global) { connection in
            let network = try await connection.network(for: [address])
            let pool = connection.pool(network.name)
            let detail = AddressDetail(
                history: try await pool.history(of: address), range: network.range(containing: address))
            guard detail.range != nil || detail.history.entry.state != .free else {
                throw network.outside(address, others: (try? await connection.places(beside: network.name)) ?? [])
            }
            return detail
        }
        Terminal.warn([detail.history.problem].compactMap { $0?.description })
        try output.print(detail)
    }
}
