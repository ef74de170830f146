import IPAMKit

/// Addresses and what they are used for.
struct AddressList: Renderable {
    let entries: [AddressEntry]

    var json: JSONValue { .array(entries.map(\.json)) }
    var names: [String] { entries.map(\.address.description) }

    private static let columns = ["NETWORK", "ADDRESS", "STATE", "USED BY", "RESERVED FOR"]
    private static let wideColumns = ["NODE", "CONTAINER", "IFNAME", "SINCE", "EXPIRES", "NOTE"]

    private static let anyone = "(anyone)"
    private static let notItsUser = " (not its user)"

    /// The holder in a cell of the column RESERVED FOR, as `reserve --for` takes it.
    static func holder(inCell text: String) -> String {
        let holder = text.hasSuffix(notItsUser) ? String(text.dropLast(notItsUser.count)) : text
        return holder == anyone ? "" : holder
    }

    func cells(wide: Bool) -> [[String]] {
        [Self.columns + (wide ? Self.wideColumns : [])]
            + entries.map { Self.row($0) + (wide ? Self.wideRow($0) : []) }
    }

    private static func row(_ entry: AddressEntry) -> [String] {
        let user = entry.tenancy.map { tenancy in
            tenancy.holder.phrase ?? "container \(tenancy.containerID.prefix(12))"
        }
        return [
            entry.network.text, entry.address.description, entry.state.rawValue, user ?? "",
            entry.reservation.map { reservation in
                let holder = reservation.holder == .anyone ? anyone : reservation.holder.description
                return entry.isReservedForAnother ? holder + notItsUser : holder
            } ?? "",
        ]
    }

    private static func wideRow(_ entry: AddressEntry) -> [String] {
        let since = entry.tenancy.map(\.since) ?? entry.reservation?.since
        return [
            entry.tenancy?.holder.node ?? "", entry.tenancy?.containerID ?? "",
            entry.tenancy?.ifname?.text ?? "", since?.description ?? "",
            entry.reservation?.expires?.description ?? "", entry.reservation?.note ?? "",
        ]
    }
}
