import IPAMKit

/// Addresses and what they are used for.
enum AddressList: StreamedResult {
    static func json(_ entry: AddressEntry) -> JSONValue { entry.json }
    static func name(_ entry: AddressEntry) -> String { entry.address.description }

    private static let anyone = "(anyone)"
    private static let notItsUser = " (not its user)"

    static let columns: [Column<AddressEntry>] = [
        .network { $0.network.text },
        Column(title: "ADDRESS") { .address($0.address) },
        .text("STATE", shortening: .never, style: { $0.state.style }) { $0.state.rawValue },
        .text("USED BY") { $0.user },
        .text("RESERVED FOR") { entry in
            entry.reservation.map { reservation in
                let holder = holderCell(reservation.holder)
                return entry.isReservedForAnother ? holder + notItsUser : holder
            }
        },
        .text("NODE", .wide) { $0.tenancy?.holder.node },
        .text("CONTAINER", .wide) { $0.tenancy?.containerID },
        .text("IFNAME", .wide) { $0.tenancy?.ifname?.text },
        Column(title: "SINCE", formats: .wide) { Cell($0.since) },
        Column(title: "AGE", formats: .tables, importance: .detail) { $0.since.map(Cell.age) ?? .none },
        Column(title: "EXPIRES", formats: .wide) { Cell($0.reservation?.expires) },
        .text("PLAN", .wide) { $0.reservation?.plan?.text },
        .text("NOTE", .wide, shortening: .end) { $0.reservation?.note },
    ]

    /// The text for the holder of a reservation in a cell of the column RESERVED FOR.
    static func holderCell(_ holder: ReservationHolder) -> String {
        switch holder {
        case .anyone: anyone
        case .nobody: holder.phrase
        case .namespace, .pod, .workload, .unreadable: holder.description
        }
    }

    /// The holder in a cell of the column RESERVED FOR, in its stored form.
    static func holder(inCell text: String) -> String {
        let holder = text.hasSuffix(notItsUser) ? String(text.dropLast(notItsUser.count)) : text
        if holder == ReservationHolder.nobody.phrase { return ReservationHolder.nobody.description }
        return holder == anyone ? "" : holder
    }
}

extension AddressEntry {
    /// The pod or the container that uses the address.
    fileprivate var user: String? {
        tenancy.map { tenancy in tenancy.holder.phrase ?? "container \(tenancy.containerID.prefix(12))" }
    }

    /// Since when the address is in use; if it is not, since when it is reserved.
    fileprivate var since: Timestamp? { tenancy.map(\.since) ?? reservation?.since }
}
