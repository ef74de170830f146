/// An address and what it is used for.
public struct AddressEntry: Hashable, Sendable {
    /// Used wins over reserved.
    public enum State: String, Hashable, Sendable, CaseIterable {
        case used, reserved, free
    }

    public let network: NetworkName
    public let address: IPAddress
    private let details: Details?
    /// Who uses the address.
    public var tenancy: Tenancy? { details?.tenancy }
    public var reservation: Reservation? { details?.reservation }

    /// Apart from the entry, which would have half a kilobyte otherwise: networks have 65,536 of them, and lists are
    /// filtered, sorted and put together.
    private final class Details: Hashable, Sendable {
        let tenancy: Tenancy?
        let reservation: Reservation?

        init(_ tenancy: Tenancy?, _ reservation: Reservation?) {
            self.tenancy = tenancy
            self.reservation = reservation
        }

        static func == (left: Details, right: Details) -> Bool {
            left.tenancy == right.tenancy && left.reservation == right.reservation
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(tenancy)
            hasher.combine(reservation)
        }
    }

    public init(network: NetworkName, address: IPAddress, tenancy: Tenancy?, reservation: Reservation?) {
        self.network = network
        self.address = address
        details = tenancy == nil && reservation == nil ? nil : Details(tenancy, reservation)
    }

    public var state: State {
        if tenancy != nil { .used } else if reservation != nil { .reserved } else { .free }
    }

    /// True when the address is used by a pod that its reservation is not for.
    public var isReservedForAnother: Bool {
        guard let tenancy, let reservation else { return false }
        return !reservation.holder.admits(tenancy.holder)
    }

    /// `{network, address, state, attachment?, reservation?, reservedForAnother?}`, with
    /// `attachment: {containerID, ifname, namespace, pod, uid, node, since, fixed, workload, containerName, netns, inode,
    /// boot, machine, cluster}`; what is unknown is left out.
    public var json: JSONValue {
        var object: JSONObject = [
            "network": .string(network.text), "address": .string(address.description),
            "state": .string(state.rawValue),
        ]
        object["attachment"] = tenancy.map { .object($0.completeJSON) }
        object["reservation"] = reservation?.json
        if isReservedForAnother { object["reservedForAnother"] = true }
        return .object(object)
    }
}
