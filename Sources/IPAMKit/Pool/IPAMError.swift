import Store

/// Why an address was not given, kept or freed. The sentence for people is ``description``; for a runtime, ``cniCode``.
public enum IPAMError: Error, Hashable, Sendable {
    /// The store did not do what was asked.
    case store(StoreError)
    /// The Go plugin's lock on the network was still held at the deadline.
    case locked(network: NetworkName, lease: String)
    /// No dynamic address is left in a range set; `in` says which one where there are several.
    case exhausted(
        network: NetworkName, ranges: String, size: UInt128, reserved: Int, in: RangeSetPlace? = nil)
    /// Another attachment holds the address.
    case inUse(IPAddress, by: String)
    /// Another attachment holds the address, and goes on doing so: `because` says how that is known.
    case held(IPAddress, by: String, because: String)
    /// Another interface of the container has the address.
    case heldByThisContainer(IPAddress, String)
    /// Another attachment holds the address, and whether it is gone cannot be told.
    case unverifiable(IPAddress, by: String, because: String)
    /// Another attachment holds the address, and is about to go, or must be seen gone for longer: until then.
    /// `remedy` is what an operator can do when it does not go.
    case heldForNow(IPAddress, by: String, because: String, until: Timestamp?, remedy: String? = nil)
    /// The address is kept for someone else.
    case reserved(IPAddress, for: ReservationHolder)
    /// All addresses reserved for a workload, or for the pod, are held.
    case reservationsInUse(ReservationShortage)
    /// The address cannot be given: where it lies, or what it is.
    case notAllowed(IPAddress, String)
    /// A pod asks for an address that lies in none of the network's subnets, and does not say for which network.
    case notInNetwork(IPAddress, network: NetworkName, subnets: String)
    /// A pod asks for an address of the dynamic range, which it could lose at its next start.
    case dynamicNotReserved(IPAddress, AddressRange, for: ReservationHolder, annotation: String)
    /// A pod asks for an address of the network by an annotation that names another one, which there is not.
    case misdirected(PodReference?, key: String, IPAddress, network: NetworkName)
    /// A pod's annotation cannot be understood.
    case annotation(PodReference?, AnnotationError)
    /// `auto` is for the pods of StatefulSets and Deployments.
    case notForAutomatic(PodReference?, String, annotation: String)
    /// The namespace has as many automatic addresses as the configuration allows.
    case automaticLimit(Namespace, Int)
    /// The pod that the ADD is for is not there.
    case podGone(PodReference, String)
    /// A Go node may have given out the address without recording it, and nothing says where pods can be looked up.
    case goNodesUnknown(IPAddress, network: NetworkName)
    /// A Go node may have given out the address without recording it, and the pods could not be listed.
    case goNodesLookupFailed(IPAddress, network: NetworkName, PodSourceError)
    /// Kubernetes could not be asked.
    case lookupFailed(PodSourceError)
    /// Nothing says which annotations a pod has.
    case noAnnotationSource(PodReference)
    /// The network gives out no address at the moment.
    case onHold(network: NetworkName, NetworkSettings.Hold)
    /// The store has nothing of the network.
    case unknownNetwork(NetworkName)
    /// A value in the store cannot be understood.
    case damaged(Key, DamagedValue)
    /// What the runtime believes (`prevResult`) is not what is recorded.
    case notRecorded(String)
    /// Others changed the same keys again and again.
    case contention(network: NetworkName)
    /// Addresses that are someone else's; nothing was changed.
    case conflicts([ReservationConflict])
    /// Something has changed since the plan was shown, at these addresses, or, without any, in the network's settings; nothing
    /// was changed.
    case outdated(network: NetworkName, [IPAddress])
    /// Addresses that are neither reserved nor in use; nothing was changed.
    case nothingToRelease(network: NetworkName, [IPAddress])
    /// An ADD changes more at once than one transaction of the store can: `width` counts it as etcd does.
    case tooManyOperations(network: NetworkName, rangeSets: Int, takeovers: Int, width: Int)
    /// GC was asked to free without being told what is in use.
    case missingAttachments
}

extension IPAMError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .store(let error): error.description
        case .locked(let network, let lease):
            "network \(network) is locked by a node that runs the Go plugin (lease \(lease)), and was until the deadline"
        case .exhausted(let network, let ranges, 0, _, let place):
            "network \(network) has no dynamic \(place?.phrase ?? "address"): the fixed range and the gateway cover all "
                + "of \(ranges)"
        case .exhausted(let network, let ranges, let size, let reserved, let place):
            "network \(network) has no free \(place?.phrase ?? "address"): all \(size) of \(ranges) are in use"
                + (reserved > 0 ? " or reserved (\(reserved) of them)" : "")
        case .inUse(let address, let holder): "\(address) is in use by \(holder)"
        case .held(let address, let holder, let reason): "\(address) is in use by \(holder): \(reason)"
        case .heldByThisContainer(let address, let holder):
            "\(address) is in use by \(holder): another interface of this container has it"
        case .unverifiable(let address, let holder, let reason):
            "\(address) is in use by \(holder), and whether that is gone cannot be told: \(reason)"
        case .heldForNow(let address, let holder, let reason, let time, _):
            "\(address) is still held by \(holder): \(reason)"
                + (time.map { "; it can be taken over from \($0) on" } ?? "")
        case .reserved(let address, let holder): "\(address) is reserved for \(holder.phrase)"
        case .reservationsInUse(let shortage): shortage.description
        case .notAllowed(let address, let problem): "\(address) \(problem)"
        case .notInNetwork(let address, let network, let subnets):
            "annotation kube-ipam.ip: \(address) lies in no subnet of network \(network) (\(subnets))"
        case .misdirected(let pod, let key, let address, let network):
            (pod.map { "pod \($0): " } ?? "")
                + "annotation \(key): \(address) lies in a subnet of network \(network), and there is no network of that name"
        case .dynamicNotReserved(let address, let range, _, let annotation):
            "annotation \(annotation): \(address) lies in the dynamic range \(range) and is not reserved, so that the pod "
                + "could lose it to another one"
        case .annotation(let pod, let error): (pod.map { "pod \($0): " } ?? "") + error.description
        case .notForAutomatic(let pod, let reason, let annotation):
            (pod.map { "pod \($0): " } ?? "")
                + "\(annotation) \"auto\" is for the pods of StatefulSets and Deployments: \(reason)"
        case .automaticLimit(let namespace, let limit):
            "namespace \(namespace) has its \(limit) automatic addresses (ipam.autoLimit)"
        case .podGone(let pod, let reason): "pod \(pod) is gone: \(reason)"
        case .goNodesUnknown(let address, let network):
            "network \(network) may have Go nodes, which do not record fixed addresses, and no kubeconfig says where to "
                + "look for a pod that has \(address)"
        case .goNodesLookupFailed(let address, let network, let error):
            "network \(network) may have Go nodes, which do not record fixed addresses: all pods must be listed to see "
                + "whether one has \(address), and \(error)"
        case .lookupFailed(let error): error.description
        case .noAnnotationSource(let pod):
            "nothing says which annotations pod \(pod) has: the runtime passed none, and there is no ipam.kubeConfig to look "
                + "them up with"
        case .onHold(let network, let hold):
            "network \(network) is on hold" + (hold.by.map { " by \($0)" } ?? "")
                + (hold.since.map { " since \($0)" } ?? "") + (hold.reason.map { ": \($0)" } ?? "")
        case .unknownNetwork(let network): "the store has no network \(network)"
        case .damaged(let key, let problem): "the value of \(key) cannot be used: \(problem)"
        case .notRecorded(let problem): problem
        case .contention(let network): "network \(network) changed too often to get a transaction through"
        case .conflicts(let conflicts):
            Self.list(conflicts.map(\.description))
        case .outdated(let network, let addresses):
            (addresses.isEmpty ? "network \(network)" : Self.list(addresses.map(\.description)))
                + (addresses.count > 1 ? " have" : " has") + " changed since the command looked: nothing was changed"
        case .nothingToRelease(let network, let addresses):
            Self.list(addresses.map(\.description))
                + (addresses.count == 1 ? " is" : " are") + " neither reserved nor in use in network \(network)"
        case .tooManyOperations(let network, let rangeSets, let takeovers, let width):
            "addresses of \(rangeSets) range sets of network \(network)"
                + (takeovers > 0 ? ", taken over from \(takeovers) former attachments," : "")
                + " cannot be given at once: that needs a transaction of \(width) operations, and etcd takes "
                + "\(Transaction.maximumWidth)"
        case .missingAttachments:
            "GC needs the list of valid attachments (cni.dev/valid-attachments); without it nothing was freed"
        }
    }

    /// At most five, and how many more there are.
    private static func list(_ items: [String]) -> String {
        let shown = items.prefix(5).joined(separator: ", ")
        return items.count > 5 ? "\(shown) and \(items.count - 5) more" : shown
    }

    /// Whether Kubernetes could not be asked.
    var isFailedLookup: Bool {
        if case .lookupFailed = self { return true }
        if case .goNodesLookupFailed = self { return true }
        return false
    }

    /// The code that a runtime sees (CNI spec section 5, and the project's own from 100).
    public var cniCode: CNIErrorCode {
        switch self {
        case .store(.invalidConfiguration), .missingAttachments, .noAnnotationSource, .goNodesUnknown,
            .tooManyOperations:
            .invalidNetworkConfig
        case .store, .locked, .contention, .outdated, .lookupFailed, .goNodesLookupFailed, .heldForNow: .tryAgainLater
        case .exhausted, .automaticLimit: .poolExhausted
        case .inUse, .held, .heldByThisContainer, .unverifiable, .reservationsInUse, .conflicts: .addressInUse
        case .reserved: .reservedForAnother
        case .notAllowed, .notInNetwork, .misdirected, .dynamicNotReserved, .annotation, .notForAutomatic:
            .addressNotAllowed
        case .podGone: .podGone
        case .onHold: .networkOnHold
        case .damaged: .internalError
        case .notRecorded, .nothingToRelease, .unknownNetwork: .addressNotRecorded
        }
    }
}

extension IPAMError {
    /// What a person can do about it, with the command that helps; nil where there is nothing in particular.
    ///
    /// - Parameter network: named in the commands, for who is to run them elsewhere; nil where it is understood.
    public func nextStep(on network: NetworkName?) -> String? {
        let option = network.map { " -n \($0)" } ?? ""
        return switch self {
        case .heldForNow(_, _, _, _, let remedy): remedy
        case .held(let address, _, _), .inUse(let address, _): "see 'ipamctl show \(address)\(option)'"
        case .unverifiable(let address, _, _):
            "make sure that it is gone, then 'ipamctl release \(address) --force\(option)'"
        case .reserved(let address, _):
            "see 'ipamctl show \(address)\(option)'; 'ipamctl release \(address)\(option)' drops the reservation"
        case .reservationsInUse(let shortage): shortage.nextStep(on: network)
        case .notInNetwork(_, let network, _):
            "for a pod on several networks write kube-ipam.ip/\(network), with an address, \"auto\" or \"dynamic\""
        case .misdirected(_, let key, let address, let network):
            "the key for it is kube-ipam.ip/\(network), with \(address); for any other address of network \(network) beside "
                + "\(key), add kube-ipam.ip/\(network) with \"dynamic\""
        case .heldByThisContainer:
            "interfaces of one pod cannot have one address: name another one for this interface, with Multus as \"ips\" in "
                + "k8s.v1.cni.cncf.io/networks"
        case .noAnnotationSource:
            "set ipam.kubeConfig: under Multus nothing else helps, because Multus passes no annotations to the plugins that it "
                + "calls; without Multus the runtime can pass them (\"capabilities\": "
                + "{\"io.kubernetes.cri.pod-annotations\": true}), and \"annotations\": \"none\" does without"
        case .dynamicNotReserved(let address, _, let holder, _):
            "reserve it: ipamctl reserve \(address)" + (holder == .anyone ? "" : " --for \(holder)") + option
        case .automaticLimit(let namespace, _):
            "see 'ipamctl list --namespace \(namespace)\(option)'; 'ipamctl release ADDRESS' gives one back"
        case .goNodesUnknown: "set ipam.kubeConfig, or, when no Go node is left, 'ipamctl adopt --no-go-nodes\(option)'"
        case .goNodesLookupFailed(_, _, let error):
            (error.isForbidden
                ? "let the nodes' kubeconfig list pods (ClusterRole kube-ipam-beside-go in "
                    + "docs/examples/rbac.yaml), or, when" : "when")
                + " no Go node is left, 'ipamctl adopt --no-go-nodes\(option)'"
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
