/// The pods of a StatefulSet in the order of their ordinals: `db-0`, `db-1`, ...
public struct PodOrdinals: Hashable, Sendable {
    private let namespace: Namespace
    private let name: PodName
    private let start: Int

    /// The largest ordinal: Kubernetes reads ordinals as 32-bit numbers.
    public static let largest = Int(Int32.max)

    /// Makes the pods of a StatefulSet.
    ///
    /// - Parameters:
    ///   - holder: a StatefulSet, `default/sts/db`.
    ///   - start: the first ordinal, as `.spec.ordinals.start` of the StatefulSet; from 0 to ``largest``.
    /// - Throws: ``InvalidPodOrdinals`` for another holder, and for a `start` out of range.
    public init(of holder: ReservationHolder, from start: Int = 0) throws(InvalidPodOrdinals) {
        guard case .workload(let namespace, .statefulSet, let name) = holder else { throw .notAStatefulSet(holder) }
        guard (0...Self.largest).contains(start) else { throw .outOfRange(start) }
        self.namespace = namespace
        self.name = name
        self.start = start
    }

    /// The pod that is the `index`-th, from 0.
    ///
    /// - Throws: ``InvalidPodOrdinals`` if Kubernetes cannot have this pod.
    public func pod(_ index: Int) throws(InvalidPodOrdinals) -> PodReference {
        let (ordinal, overflow) = start.addingReportingOverflow(index)
        guard !overflow, ordinal <= Self.largest else { throw .outOfRange(start) }
        let text = "\(name)-\(ordinal)"
        guard let name = try? PodName(text) else { throw .impossible("\(namespace)/\(text)") }
        let pod = PodReference(namespace: namespace, name: name)
        guard pod.isPossible else { throw .impossible(pod.description) }
        return pod
    }

    /// Reserves the n-th address of each range set for the n-th pod: a pod has one address of each.
    ///
    /// - Parameters:
    ///   - reservation: its holder is replaced by the pods.
    ///   - removing: as of ``ReservationOrder``.
    /// - Throws: ``InvalidPodOrdinals`` as ``pod(_:)``.
    public func orders(
        _ addresses: [IPAddress], _ reservation: Reservation, removing: Set<ReservationOrder.Part> = [],
        network: NetworkName, rangeSets: [RangeSet]
    ) throws(InvalidPodOrdinals) -> [ReservationOrder] {
        let eligibility = AddressEligibility(network: network, sets: rangeSets)
        var counts: [Int?: Int] = [:]
        var orders: [ReservationOrder] = []
        for address in addresses {
            let set = eligibility.owner(of: address)?.index
            var reservation = reservation
            reservation.holder = .pod(try pod(counts[set, default: 0]))
            counts[set, default: 0] += 1
            orders.append(ReservationOrder(address: address, reservation: reservation, removing: removing))
        }
        return orders
    }

    /// The first address that no pod can have, and that is missing between the others: those after it would be for other
    /// pods than the ranges show. Nil if there is none. The network address and the gateway at the beginning of a range are
    /// not missed.
    ///
    /// - Parameters:
    ///   - ranges: as they were written.
    ///   - addresses: those of the ranges that pods can have.
    ///   - leftOut: the others.
    public static func gap(
        in ranges: [AddressRange], _ addresses: [IPAddress], leavingOut leftOut: [IPAddress], network: NetworkName,
        rangeSets: [RangeSet]
    ) -> IPAddress? {
        let eligibility = AddressEligibility(network: network, sets: rangeSets)
        func position(_ address: IPAddress) -> Int { ranges.firstIndex { $0.contains(address) } ?? ranges.count }
        return leftOut.first { missing in
            guard let (set, range) = eligibility.owner(of: missing) else { return false }
            let place = position(missing)
            let others = addresses.filter { eligibility.owner(of: $0)?.index == set }
            let follows = others.contains { (place, missing) < (position($0), $0) }
            let precedes = others.contains { (position($0), $0) < (place, missing) }
            return follows && (precedes || range.role(of: missing) == nil)
        }
    }
}

/// Why addresses cannot be reserved for the pods of a StatefulSet one by one.
public enum InvalidPodOrdinals: Error, Hashable, Sendable, CustomStringConvertible {
    /// The holder is not a StatefulSet.
    case notAStatefulSet(ReservationHolder)
    /// An ordinal would be negative, or greater than ``PodOrdinals/largest``; the first ordinal.
    case outOfRange(Int)
    /// Kubernetes cannot have a pod of this name.
    case impossible(String)

    /// The error message.
    public var description: String {
        switch self {
        case .notAStatefulSet(.anyone): "only the pods of a StatefulSet have ordinals, and none is named"
        case .notAStatefulSet(let holder):
            "only the pods of a StatefulSet have ordinals, and \(holder.phrase) is no StatefulSet"
        case .outOfRange(let start):
            "the ordinals from \(start) are not between 0 and \(PodOrdinals.largest)"
        case .impossible(let name): "Kubernetes cannot have a pod \(name.quotedForPeople)"
        }
    }
}
