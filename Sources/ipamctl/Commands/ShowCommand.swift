import ArgumentParser
import IPAMKit

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is recorded about an address.", aliases: ["describe"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "The address.", transform: IPAddress.init(_:))
    var address: IPAddress

    func validate() throws { try output.check(AddressDetail.self) }

    func run() throws {
        let address = address
        let detail = try connected(global) { connection in
            let network = try await connection.network(for: [address])
            let pool = connection.pool(network.name)
            let detail = AddressDetail(
                history: try await pool.history(of: address), range: network.range(containing: address))
            guard detail.range != nil || detail.history.entry.state != .free else { throw network.outside(address) }
            return detail
        }
        Terminal.warn([detail.history.problem].compactMap { $0?.description })
        try output.print(detail)
    }
}
