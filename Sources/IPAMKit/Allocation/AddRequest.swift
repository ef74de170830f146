/// What an ADD asks for.
public struct AddRequest: Sendable {
    public var attachment: AttachmentReference
    public var holder: Holder
    /// The range sets of the configuration; they are what the network's document says.
    public var rangeSets: [RangeSet]
    /// Range sets that the runtime passed; they come first in the result and are never stored.
    public var runtimeRangeSets: [RangeSet]
    /// Addresses that the runtime asked for.
    public var requested: [IPAddress]
    /// The moment of the ADD.
    public var now: Timestamp

    public init(
        attachment: AttachmentReference, holder: Holder, rangeSets: [RangeSet], runtimeRangeSets: [RangeSet] = [],
        requested: [IPAddress] = [], now: Timestamp
    ) {
        self.attachment = attachment
        self.holder = holder
        self.rangeSets = rangeSets
        self.runtimeRangeSets = runtimeRangeSets
        self.requested = requested
        self.now = now
    }

    /// All range sets in the order of the result, each with the index of its cursor. The runtime's are numbered behind
    /// the configured ones, so that they never move a configured set's cursor.
    var numberedRangeSets: [(set: RangeSet, cursor: Int)] {
        runtimeRangeSets.enumerated().map { ($0.element, rangeSets.count + $0.offset) }
            + rangeSets.enumerated().map { ($0.element, $0.offset) }
    }

    /// Whose claims give this pod its reserved addresses unasked.
    var claimOwners: [ClaimOwner] {
        guard let pod = holder.pod else { return [] }
        let workload = Workload(derivedFrom: pod)
        return [.pod(pod)] + (workload.map { [.workload(pod.namespace, $0.name)] } ?? [])
    }
}

/// An address given to an interface.
public struct Assignment: Hashable, Sendable {
    public let address: IPAddress
    /// The subnet's prefix length, in bits.
    public let prefixLength: Int
    public let gateway: IPAddress

    init(_ address: IPAddress, in range: PoolRange) {
        self.address = address
        prefixLength = range.subnet.prefixLength
        gateway = range.gateway
    }
}
