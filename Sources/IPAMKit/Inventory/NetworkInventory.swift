/// What one network's addresses are used for, as of one revision of the store.
public struct NetworkInventory: Sendable {
    public let network: NetworkName
    public let revision: Int64
    /// The range sets of the network's document; nil where there is none yet.
    public let rangeSets: [RangeSet]?
    public let settings: NetworkSettings?
    /// Every address that is used or reserved, in order.
    public let entries: [AddressEntry]
    /// Values that could not be understood, and are left out of the rest.
    public let problems: [IPAMError]

    /// The counts of the network.
    ///
    /// - Parameter rangeSets: what the network consists of, where the store does not say it.
    public func summary(rangeSets configured: [RangeSet]?) -> NetworkSummary {
        NetworkSummary(self, rangeSets: configured ?? rangeSets ?? [])
    }

    /// The addresses of `rangeSets` that could be given out and are neither used nor reserved, in order.
    ///
    /// - Parameter limit: at most so many.
    public func freeAddresses(of rangeSets: [RangeSet], limit: Int) -> [IPAddress] {
        let held = Set(entries.map(\.address))
        var free: [IPAddress] = []
        for interval in rangeSets.flatMap({ $0.fixedSpace.intervals + $0.dynamicSpace.intervals }) {
            var next: IPAddress? = interval.start
            while let address = next, address <= interval.end, free.count < limit {
                if !held.contains(address) { free.append(address) }
                next = address.advanced(by: 1)
            }
        }
        return free
    }
}

/// An address and what it is used for.
public struct AddressEntry: Hashable, Sendable {
    /// Used wins over reserved.
    public enum State: String, Hashable, Sendable, CaseIterable {
        case used, reserved, free
    }

    /// Who uses the address.
    public struct Usage: Hashable, Sendable {
        /// The value of the used key. The Go plugin's are plain container IDs, too.
        public let containerID: String
        /// Nil for what the Go plugin recorded.
        public let attachment: Attachment?
        public let ifname: InterfaceName?

        /// For a sentence: `default/db-0 on n1`, `container web_1 on n1` for what is no pod, or `container 4b1f...`.
        public var phrase: String {
            guard let holder = attachment?.holder, let name = holder.phrase else { return "container \(containerID)" }
            return name + (holder.node.map { " on \($0)" } ?? "")
        }

        /// `{containerID, ifname, namespace, pod, uid, node, since, fixed}`; what is unknown is left out: the namespace of
        /// a container that is no pod.
        var json: JSONObject {
            var object: JSONObject = ["containerID": .string(containerID)]
            object["ifname"] = ifname.map { .string($0.text) }
            guard let attachment else { return object }
            let holder = attachment.holder
            object["namespace"] = holder.namespace.map { .string($0.text) }
            object["pod"] = holder.name.map { .string($0.name.text) }
            object["uid"] = holder.uid.map(JSONValue.string)
            object["node"] = holder.node.map(JSONValue.string)
            object["since"] = attachment.since.map { .string($0.description) }
            object["fixed"] = .bool(attachment.isFixed)
            return object
        }

        /// The same with all else that is recorded: `workload, containerName, netns, inode, boot, machine, cluster`.
        /// Histories keep only what ``json`` has.
        var completeJSON: JSONObject {
            var object = json
            guard let holder = attachment?.holder else { return object }
            object["workload"] = holder.owner.text.map(JSONValue.string)
            object["containerName"] = holder.container.map { .string($0.description) }
            object["netns"] = holder.netns.map(JSONValue.string)
            object["inode"] = holder.inode.flatMap { Int64(exactly: $0) }.map { JSONValue($0) }
            object["boot"] = holder.boot.map(JSONValue.string)
            object["machine"] = holder.machine.map(JSONValue.string)
            object["cluster"] = holder.cluster.map(JSONValue.string)
            return object
        }
    }

    public let network: NetworkName
    public let address: IPAddress
    private let details: Details?
    public var usage: Usage? { details?.usage }
    public var reservation: Reservation? { details?.reservation }

    /// Apart from the entry, which would have half a kilobyte otherwise: networks have 65,536 of them, and lists are
    /// filtered, sorted and put together.
    private final class Details: Hashable, Sendable {
        let usage: Usage?
        let reservation: Reservation?

        init(_ usage: Usage?, _ reservation: Reservation?) {
            self.usage = usage
            self.reservation = reservation
        }

        static func == (left: Details, right: Details) -> Bool {
            left.usage == right.usage && left.reservation == right.reservation
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(usage)
            hasher.combine(reservation)
        }
    }

    public init(network: NetworkName, address: IPAddress, usage: Usage?, reservation: Reservation?) {
        self.network = network
        self.address = address
        details = usage == nil && reservation == nil ? nil : Details(usage, reservation)
    }

    public var state: State {
        if usage != nil { .used } else if reservation != nil { .reserved } else { .free }
    }

    /// True when the address is used by a pod that its reservation is not for.
    public var isReservedForAnother: Bool {
        guard let usage, let reservation else { return false }
        return !reservation.holder.admits(usage.attachment?.holder)
    }

    /// `{network, address, state, attachment?, reservation?, reservedForAnother?}`, with
    /// `attachment: {containerID, ifname, namespace, pod, uid, node, since, fixed, workload, containerName, netns, inode,
    /// boot, machine, cluster}`; what is unknown is left out.
    public var json: JSONValue {
        var object: JSONObject = [
            "network": .string(network.text), "address": .string(address.description),
            "state": .string(state.rawValue),
        ]
        object["attachment"] = usage.map { .object($0.completeJSON) }
        object["reservation"] = reservation?.json
        if isReservedForAnother { object["reservedForAnother"] = true }
        return .object(object)
    }
}
