/// The state of one address.
public struct AddressEntry: Hashable, Sendable {
    /// The state as a word; the raw value is part of the JSON.
    public enum State: String, Hashable, Sendable, CaseIterable {
        /// In use, reserved or not.
        case used
        /// Reserved and not in use.
        case reserved
        /// Neither in use nor reserved.
        case free
    }

    /// The network that the address belongs to.
    public let network: NetworkName
    /// It may be outside the network's ranges.
    public let address: IPAddress
    private let details: Details?
    /// Nil if the address is not in use.
    public var tenancy: Tenancy? { details?.tenancy }
    /// Nil if the address is not reserved; it may have expired.
    public var reservation: Reservation? { details?.reservation }

    /// A class, because an entry would take half a kilobyte otherwise. Networks have 65,536 entries, and lists of them are
    /// filtered, sorted and joined.
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

    /// Makes an entry; without tenancy and reservation the address is free.
    public init(network: NetworkName, address: IPAddress, tenancy: Tenancy?, reservation: Reservation?) {
        self.network = network
        self.address = address
        details = tenancy == nil && reservation == nil ? nil : Details(tenancy, reservation)
    }

    /// An address that is both in use and reserved counts as used.
    public var state: State {
        if tenancy != nil { .used } else if reservation != nil { .reserved } else { .free }
    }

    /// Whether the address is in use by a pod for which it is not reserved.
    public var isReservedForAnother: Bool {
        guard let tenancy, let reservation else { return false }
        return !reservation.holder.admits(tenancy.holder)
    }

    /// `{network, address, state, attachment?, reservation?, reservedForAnother?}`, with
    /// `attachment: {containerID, ifname, namespace, pod, uid, node, since, fixed, workload, containerName, netns, inode,
    /// boot, machine, cluster}`; members that are not known are left out.
    public var json: JSONValue {
        .object(
            JSONObject(present: [
                "network": .string(network.text), "address": .string(address.description),
                "state": .string(state.rawValue), "attachment": tenancy.map { .object($0.completeJSON) },
                "reservation": reservation?.json, "reservedForAnother": isReservedForAnother ? true : nil,
            ]))
    }
}
