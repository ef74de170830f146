import ArgumentParser
import IPAMKit

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List addresses, who uses them, and for whom they are reserved.",
        discussion: CommandHelp(
            "Without options, lists all addresses that are used or reserved, in all networks.",
            examples: [
                .init("List all addresses that are used or reserved", "ipamctl list"),
                .init("List the addresses in use on one node", "ipamctl list --node n1 --state used"),
                .init("List what a pod uses, and what is reserved for it", "ipamctl list --pod default/db-0 -o wide"),
                .init(
                    "Save all addresses to a file that 'ipamctl reserve -f' can read",
                    "ipamctl list -o csv > addresses.csv"),
            ]
        ).discussion,
        aliases: ["ls", "get"])

    @Option(help: "Only addresses in this state (at most \(mostFree) free ones). May be given more than once.")
    var state: [AddressEntry.State] = []

    @OptionGroup var holders: HolderOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    /// An IPv6 subnet has more free addresses than anyone can read.
    private static let mostFree = 65_536

    func run() throws {
        let list = self
        let entries = try connected(global) { connection in
            try await connection.inventories().flatMap { list.entries(of: $0.inventory, $0.rangeSets ?? []) }
        }
        output.print(AddressList(entries: entries))
        if entries.isEmpty { Terminal.note("no matching address is used or reserved") }
    }

    private func entries(of inventory: NetworkInventory, _ rangeSets: [RangeSet]) -> [AddressEntry] {
        let entries = inventory.entries.filter { (state.isEmpty || state.contains($0.state)) && holders.admits($0) }
        // No pod, namespace or node has free addresses.
        guard state.contains(.free), !holders.isGiven else { return entries }
        let free = inventory.freeAddresses(of: rangeSets, limit: Self.mostFree + 1)
        if free.count > Self.mostFree {
            Terminal.note("network \(inventory.network): only the first \(Self.mostFree) free addresses are listed")
        }
        let others = free.prefix(Self.mostFree).map {
            AddressEntry(network: inventory.network, address: $0, tenancy: nil, reservation: nil)
        }
        return (entries + others).sorted { $0.address < $1.address }
    }
}
