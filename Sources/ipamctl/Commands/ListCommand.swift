import ArgumentParser
import IPAMKit

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List addresses: who uses them, for whom they are reserved.",
        discussion: "Without options all addresses that are used or reserved, in all networks.", aliases: ["ls", "get"])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Only addresses in this state: used, reserved or free. May be given more than once.")
    var state: [AddressEntry.State] = []

    @Option(
        help: "Only addresses used by, or reserved for, this pod (NAMESPACE/NAME).",
        transform: PodReference.init(argument:))
    var pod: PodReference?

    @Option(help: "Only addresses used by, or reserved for, pods of this namespace.")
    var namespace: String?

    @Option(help: "Only addresses in use on this node.")
    var node: String?

    /// Free addresses are listed up to so many of a network; an IPv6 subnet has more than anyone can read.
    private static let mostFree = 65_536

    func run() throws {
        let list = self
        let entries = try connected(global) { connection in
            var entries: [AddressEntry] = []
            for (inventory, rangeSets) in try await connection.inventories() {
                var some = inventory.entries.filter(list.admits)
                // Nobody's pod, namespace or node has a free address.
                if list.state.contains(.free), list.pod == nil, list.namespace == nil, list.node == nil {
                    some += Self.free(inventory, rangeSets ?? [])
                    some.sort { $0.address < $1.address }
                }
                entries += some
            }
            return entries
        }
        Terminal.print(output.output.render(AddressList(entries: entries)))
        if entries.isEmpty { Terminal.note("no address is in use or reserved, of those asked for") }
    }

    private func admits(_ entry: AddressEntry) -> Bool {
        if !state.isEmpty, !state.contains(entry.state) { return false }
        let user = entry.tenancy?.holder
        if let pod, user?.isCalled(pod) != true, entry.reservation?.holder != .pod(pod) { return false }
        if let namespace {
            let reserved = entry.reservation?.holder.namespace?.text
            guard user?.namespace?.text == namespace || reserved == namespace else { return false }
        }
        if let node, user?.node != node { return false }
        return true
    }

    private static func free(_ inventory: NetworkInventory, _ rangeSets: [RangeSet]) -> [AddressEntry] {
        let free = inventory.freeAddresses(of: rangeSets, limit: mostFree + 1)
        if free.count > mostFree {
            Terminal.note("network \(inventory.network): only the first \(mostFree) free addresses are listed")
        }
        return free.prefix(mostFree).map {
            AddressEntry(network: inventory.network, address: $0, tenancy: nil, reservation: nil)
        }
    }
}

extension AddressEntry.State: ExpressibleByArgument {}

extension PodReference {
    /// Reads `namespace/name`.
    init(argument: String) throws {
        guard case .pod(let pod)? = try? ReservationHolder(argument) else {
            throw ValidationError("write NAMESPACE/NAME, such as default/db-0")
        }
        self = pod
    }
}
