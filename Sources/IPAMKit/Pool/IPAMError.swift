import Store

/// The failure of an operation on a network's addresses. ``description`` is the error message, ``cniCode`` the code for a runtime,
/// and ``nextStep(on:)`` what an operator can do.
public enum IPAMError: Error, Hashable, Sendable {
    /// The store failed or did not answer.
    case store(StoreError)
    /// The Go plugin held its lock on the network until the deadline; `lease` is the value of the lock's key.
    case locked(network: NetworkName, lease: String)
    /// No dynamic address is left in a range set: `ranges` are its ranges, `size` is the number of their dynamic addresses,
    /// `reserved` of which are reserved. `in` is the range set, or nil if the network has only one.
    case exhausted(
        network: NetworkName, ranges: String, size: UInt128, reserved: Int, in: RangeSetPlace? = nil)
    /// Another attachment holds the address; `by` is the phrase of its ``Tenancy``, here and below.
    case inUse(IPAddress, by: String)
    /// Another attachment holds the address and is alive; `because` is the evidence.
    case held(IPAddress, by: String, because: String)
    /// Another interface of the same container holds the address.
    case heldByThisContainer(IPAddress, String)
    /// Another attachment holds the address, and it is not known whether it is gone; `because` is the reason.
    case unverifiable(IPAddress, by: String, because: String)
    /// Another attachment holds the address, but is about to go or appears to be gone. `until` is the time from which the
    /// address can be taken over, if it is known; `remedy` is what an operator can do if the holder does not go.
    case heldForNow(IPAddress, by: String, because: String, until: Timestamp?, remedy: String? = nil)
    /// The address is reserved for another holder.
    case reserved(IPAddress, for: ReservationHolder)
    /// The address is reserved for ``ReservationHolder/nobody``; `note` is the reservation's.
    case fenced(IPAddress, note: String?)
    /// The addresses are not reserved; nothing was changed.
    case notReserved(network: NetworkName, [IPAddress])
    /// All addresses reserved for a workload, or for the pod, are in use.
    case reservationsInUse(ReservationShortage)
    /// No pod can get the address; the text is the reason, to follow the address.
    case notAllowed(IPAddress, String)
    /// An annotation that is not for a certain network requests an address that is in none of the network's subnets.
    case notInNetwork(IPAddress, network: NetworkName, subnets: String)
    /// An annotation requests an address of the dynamic range that is not reserved. `for` is the holder to reserve it for.
    case dynamicNotReserved(IPAddress, AddressRange, for: ReservationHolder, annotation: String)
    /// An annotation requests an address of the network, but its key names a network that does not exist.
    case misdirected(PodReference?, key: String, IPAddress, network: NetworkName)
    /// A pod's annotation is malformed.
    case annotation(PodReference?, AnnotationError)
    /// `auto` was requested by a pod that belongs neither to a StatefulSet nor to a Deployment; the text is the reason.
    case notForAutomatic(PodReference?, String, annotation: String)
    /// The namespace has as many addresses reserved by `auto` as `ipam.autoLimit` allows.
    case automaticLimit(Namespace, Int)
    /// The pod that the ADD is for does not exist any more; the text is the evidence.
    case podGone(PodReference, String)
    /// A Go node may have given out the address without recording it, and there is no kubeconfig to check this.
    case goNodesUnknown(IPAddress, network: NetworkName)
    /// A Go node may have given out the address without recording it, and listing the pods failed.
    case goNodesLookupFailed(IPAddress, network: NetworkName, PodSourceError)
    /// A request to Kubernetes failed.
    case lookupFailed(PodSourceError)
    /// The annotations of a pod are required, but there is no source for them.
    case noAnnotationSource(PodReference)
    /// An operator has put the network on hold.
    case onHold(network: NetworkName, NetworkSettings.Hold)
    /// The store has no key of the network.
    case unknownNetwork(NetworkName)
    /// A value in the store is not valid.
    case damaged(Key, DamagedValue)
    /// CHECK: `prevResult` and the store differ; the text is the error message.
    case notRecorded(String)
    /// All attempts to commit failed because other clients changed the same keys.
    case contention(network: NetworkName)
    /// The addresses are in use or reserved for other holders; nothing was changed.
    case conflicts([ReservationConflict])
    /// The addresses, or without addresses the network's settings, have changed since the plan was made; nothing was changed.
    case outdated(network: NetworkName, [IPAddress])
    /// The addresses are neither reserved nor in use; nothing was changed.
    case nothingToRelease(network: NetworkName, [IPAddress])
    /// An ADD needs a larger transaction than the store accepts; `width` is its ``Transaction/width``.
    case tooManyOperations(network: NetworkName, rangeSets: Int, takeovers: Int, width: Int)
    /// The list of valid attachments is missing for GC.
    case missingAttachments
}

extension IPAMError: CustomStringConvertible {
    /// The error message, on one line.
    public var description: String {
        switch self {
        case .store(let error): error.description
        case .locked(let network, let lease):
            "network \(network) is locked by a node that runs the Go plugin (lease \(lease)); the lock was not released in time"
        case .exhausted(let network, let ranges, 0, _, let place):
            "network \(network) has no dynamic \(place?.phrase ?? "address"): the fixed range, excluded addresses and the "
                + "gateway cover all of \(ranges)"
        case .exhausted(let network, let ranges, let size, let reserved, let place):
            "network \(network) has no free \(place?.phrase ?? "address"): all \(size) of \(ranges) are in use"
                + (reserved > 0 ? " or reserved (\(reserved) of them)" : "")
        case .inUse(let address, let holder): "\(address) is in use by \(holder)"
        case .held(let address, let holder, let reason): "\(address) is in use by \(holder): \(reason)"
        case .heldByThisContainer(let address, let holder):
            "\(address) is in use by \(holder): another interface of this container has it"
        case .unverifiable(let address, let holder, let reason):
            "\(address) is in use by \(holder); cannot tell whether \(holder) is still running: \(reason)"
        case .heldForNow(let address, let holder, let reason, let time, _):
            "\(address) is still held by \(holder): \(reason)"
                + (time.map { "; it can be taken over from \($0) on" } ?? "")
        case .reserved(let address, let holder): "\(address) is reserved for \(holder.phrase)"
        case .fenced(let address, let note):
            "\(address) is fenced: no pod may have it" + (note.map { " (\($0.quotedForPeople))" } ?? "")
        case .notReserved(let network, let addresses):
            Self.list(addresses.map(\.description))
                + (addresses.count == 1 ? " is" : " are") + " not reserved in network \(network)"
        case .reservationsInUse(let shortage): shortage.description
        case .notAllowed(let address, let problem): "\(address) \(problem)"
        case .notInNetwork(let address, let network, let subnets):
            "annotation kube-ipam.ip: \(address) lies in no subnet of network \(network) (\(subnets))"
        case .misdirected(let pod, let key, let address, let network):
            (pod.map { "pod \($0): " } ?? "")
                + "annotation \(key) names a network that does not exist, and \(address) is in a subnet of network \(network)"
        case .dynamicNotReserved(let address, let range, _, let annotation):
            "annotation \(annotation): \(address) is in the dynamic range \(range) and is not reserved, so another pod could "
                + "get it when this pod restarts"
        case .annotation(let pod, let error): (pod.map { "pod \($0): " } ?? "") + error.description
        case .notForAutomatic(let pod, let reason, let annotation):
            (pod.map { "pod \($0): " } ?? "")
                + "\(annotation) \"auto\" is for the pods of StatefulSets and Deployments: \(reason)"
        case .automaticLimit(let namespace, let limit):
            "namespace \(namespace) has already \(limit) addresses from \"auto\", the most that ipam.autoLimit allows"
        case .podGone(let pod, let reason): "pod \(pod) is gone: \(reason)"
        case .goNodesUnknown(let address, let network):
            "network \(network) may have Go nodes, which do not record fixed addresses; cannot check whether a pod has "
                + "\(address): there is no kubeconfig"
        case .goNodesLookupFailed(let address, let network, let error):
            "network \(network) may have Go nodes, which do not record fixed addresses; cannot check whether a pod has "
                + "\(address): \(error)"
        case .lookupFailed(let error): error.description
        case .noAnnotationSource(let pod):
            "cannot get the annotations of pod \(pod): the runtime did not pass them, and there is no ipam.kubeConfig"
        case .onHold(let network, let hold):
            "network \(network) is on hold" + (hold.by.map { " by \($0)" } ?? "")
                + (hold.since.map { " since \($0)" } ?? "") + (hold.reason.map { ": \($0)" } ?? "")
        case .unknownNetwork(let network): "the store has no network \(network)"
        case .damaged(let key, let problem): "the value of \(key) cannot be used: \(problem)"
        case .notRecorded(let problem): problem
        case .contention(let network):
            "could not commit the change: other clients changed the same keys of network \(network) every time"
        case .conflicts(let conflicts):
            Self.list(conflicts.map(\.description))
        case .outdated(let network, let addresses):
            (addresses.isEmpty ? "network \(network)" : Self.list(addresses.map(\.description)))
                + (addresses.count > 1 ? " have" : " has") + " changed in the meantime: nothing was changed"
        case .nothingToRelease(let network, let addresses):
            Self.list(addresses.map(\.description))
                + (addresses.count == 1 ? " is" : " are") + " neither reserved nor in use in network \(network)"
        case .tooManyOperations(let network, let rangeSets, let takeovers, let width):
            "an ADD for \(rangeSets) range sets of network \(network)"
                + (takeovers > 0 ? " that takes over addresses from \(takeovers) attachments" : "")
                + " needs a transaction of \(width) operations; etcd allows \(Transaction.maximumWidth)"
        case .missingAttachments:
            "GC needs the list of valid attachments (cni.dev/valid-attachments), which is missing: nothing was freed"
        }
    }

    /// At most five items, and the number of the others.
    private static func list(_ items: [String]) -> String {
        let shown = items.prefix(5).joined(separator: ", ")
        return items.count > 5 ? "\(shown) and \(items.count - 5) more" : shown
    }

    /// Whether a request to Kubernetes failed.
    var isFailedLookup: Bool {
        if case .lookupFailed = self { return true }
        if case .goNodesLookupFailed = self { return true }
        return false
    }

    /// The error code for a runtime (CNI spec section 5; codes from 100 on are this plugin's own).
    public var cniCode: CNIErrorCode {
        switch self {
        case .store(.invalidConfiguration), .missingAttachments, .noAnnotationSource, .goNodesUnknown,
            .tooManyOperations:
            .invalidNetworkConfig
        case .store, .locked, .contention, .outdated, .lookupFailed, .goNodesLookupFailed, .heldForNow: .tryAgainLater
        case .exhausted, .automaticLimit: .poolExhausted
        case .inUse, .held, .heldByThisContainer, .unverifiable, .reservationsInUse, .conflicts: .addressInUse
        case .reserved, .fenced: .reservedForAnother
        case .notAllowed, .notInNetwork, .misdirected, .dynamicNotReserved, .annotation, .notForAutomatic:
            .addressNotAllowed
        case .podGone: .podGone
        case .onHold: .networkOnHold
        case .damaged: .internalError
        case .notRecorded, .nothingToRelease, .notReserved, .unknownNetwork: .addressNotRecorded
        }
    }
}

extension IPAMError {
    /// What an operator can do, with the command; nil if there is no advice for the error.
    ///
    /// - Parameter network: the network for option `-n` of the commands; nil to leave the option out.
    public func nextStep(on network: NetworkName?) -> String? {
        let option = network.map { " -n \($0)" } ?? ""
        return switch self {
        case .heldForNow(_, _, _, _, let remedy): remedy
        case .held(let address, _, _), .inUse(let address, _): "see 'ipamctl show \(address)\(option)'"
        case .unverifiable(let address, let holder, _):
            "make sure that \(holder) is gone, then run 'ipamctl release \(address) --force\(option)'"
        case .reserved(let address, _), .fenced(let address, _):
            "see 'ipamctl show \(address)\(option)'; 'ipamctl release \(address)\(option)' removes the reservation"
        case .notReserved(_, let addresses):
            addresses.first.map { "'ipamctl reserve \($0)\(option)' reserves it" }
        case .reservationsInUse(let shortage): shortage.nextStep(on: network)
        case .notInNetwork(_, let network, _):
            "for a pod on several networks, use the annotation kube-ipam.ip/\(network) with an address, \"auto\" or "
                + "\"dynamic\""
        case .misdirected(_, let key, let address, let network):
            "to request \(address), use the annotation kube-ipam.ip/\(network); if \(key) is meant for another network, add "
                + "kube-ipam.ip/\(network) with \"dynamic\""
        case .heldByThisContainer:
            "two interfaces of one pod cannot have the same address: request another address for this interface (with Multus: "
                + "\"ips\" in k8s.v1.cni.cncf.io/networks)"
        case .noAnnotationSource:
            "set ipam.kubeConfig, which is required under Multus, because Multus passes no annotations to the plugins that it "
                + "calls; without Multus the runtime can pass them instead (\"capabilities\": "
                + "{\"io.kubernetes.cri.pod-annotations\": true}); to ignore annotations, set \"annotations\": \"none\""
        case .dynamicNotReserved(let address, _, let holder, _):
            "reserve it: ipamctl reserve \(address)" + (holder == .anyone ? "" : " --for \(holder)") + option
        case .automaticLimit(let namespace, _):
            "see 'ipamctl list --namespace \(namespace)\(option)'; 'ipamctl release ADDRESS' removes a reservation"
        case .goNodesUnknown:
            "set ipam.kubeConfig, or, if no Go node is left, run 'ipamctl adopt --no-go-nodes\(option)'"
        case .goNodesLookupFailed(_, _, let error):
            (error.isForbidden
                ? "let the nodes' kubeconfig list pods (ClusterRole kube-ipam-beside-go in "
                    + "docs/examples/rbac.yaml), or, if" : "if")
                + " no Go node is left, run 'ipamctl adopt --no-go-nodes\(option)'"
        case .conflicts(let conflicts): conflicts.first.map { "see 'ipamctl show \($0.address)\(option)'" }
        case .tooManyOperations(_, _, let takeovers, _) where takeovers > 0:
            "free some of the addresses first: 'ipamctl release ADDRESS --force\(option)'"
        case .exhausted: "see 'ipamctl networks' and 'ipamctl list\(option)'"
        case .store, .locked, .notAllowed, .annotation, .notForAutomatic, .podGone, .lookupFailed, .onHold,
            .unknownNetwork, .damaged, .notRecorded, .contention, .outdated, .nothingToRelease, .tooManyOperations,
            .missingAttachments:
            nil
        }
    }
}
