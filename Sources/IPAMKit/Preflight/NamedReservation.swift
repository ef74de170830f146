/// An address that the pods of a manifest request, and the holder to reserve it for.
public struct NamedReservation: Hashable, Sendable {
    /// The address.
    public let address: IPAddress
    /// The pod or workload; for pods that no holder stands for, their namespace
    /// (``PlannedObject/reservationHolder``).
    public let holder: ReservationHolder
    /// The network of an annotation `kube-ipam.ip/NETWORK`; nil for `kube-ipam.ip`, which is for no certain network.
    public let network: NetworkName?
    /// Networks for which the object has another annotation, so that this one does not count there.
    public let otherNetworks: [NetworkName]
    /// Where the annotation is.
    public let place: PlannedObject.Place
}

/// A manifest whose addresses cannot be reserved.
public struct NamedReservationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the annotation is.
    public let place: PlannedObject.Place
    /// The error message, without the place.
    public let problem: String

    /// `deploy.yaml, line 12: annotation kube-ipam.ip: "10.188.0" is not an IP address, ...`
    public var description: String { "\(place): \(problem)" }
}

extension NamedReservation {
    /// The addresses that the annotations `kube-ipam.ip` and `kube-ipam.ip/NETWORK` of the objects request, each once for each
    /// holder and network, in the order of the objects. `auto` and `dynamic` request none.
    ///
    /// - Throws: ``NamedReservationError`` for an annotation that an ADD would refuse as malformed, and for one whose value is
    ///   not a string.
    public static func all(of objects: [PlannedObject]) throws(NamedReservationError) -> [NamedReservation] {
        var reservations: [NamedReservation] = []
        var seen: Set<String> = []
        for object in objects {
            let networks = object.qualifiedNetworks.compactMap { try? NetworkName($0) }
            for network in [nil] + networks.map(Optional.some) {
                let key = PlannedObject.ipKey + (network.map { "/\($0)" } ?? "")
                guard let annotation = object.annotations[key] else { continue }
                guard annotation.value != nil else {
                    throw NamedReservationError(
                        place: annotation.place, problem: "annotation \(key) must be a string, not \(annotation.kind)")
                }
                let found = try addresses(of: object, key, network, annotation.place).map { address in
                    NamedReservation(
                        address: address, holder: object.reservationHolder, network: network,
                        otherNetworks: network == nil ? networks : [], place: annotation.place)
                }
                reservations += found.filter { seen.insert("\($0.address) \(key) \($0.holder)").inserted }
            }
        }
        return reservations
    }

    private static func addresses(
        of object: PlannedObject, _ key: String, _ network: NetworkName?, _ place: PlannedObject.Place
    ) throws(NamedReservationError) -> [IPAddress] {
        // Without a network, only the annotations that name none are read: any name does.
        guard let anyNetwork = network ?? (try? NetworkName("any")) else { return [] }
        let annotations = object.annotations.filter { network != nil || !$0.key.contains("/") }
        do throws(AnnotationError) {
            let demand = try AddressDemand(annotations: annotations.compactMapValues(\.value), network: anyNetwork)
            guard demand.key == key, case .addresses(let addresses) = demand.wish else { return [] }
            return addresses
        } catch {
            throw NamedReservationError(
                place: object.annotations[error.key]?.place ?? place, problem: error.description)
        }
    }
}
