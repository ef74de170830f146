/// The pods that may get a reserved address: `for` of a reservation.
public enum ReservationHolder: Hashable, Sendable {
    /// Any pod that requests the address.
    case anyone
    /// Any pod of the namespace that requests the address: `default/`.
    case namespace(Namespace)
    /// One pod, which gets the address without requesting it: `default/db-0`.
    case pod(PodReference)
    /// The pods of a workload, which get the address without requesting it: `default/sts/db`, `default/deploy/web`.
    case workload(Namespace, WorkloadKind, PodName)
    /// No pod, not even one that requests the address: the address is fenced, for a printer, a router or a virtual machine.
    /// Versions that do not know the stored form take it for ``unreadable``, and give the address to nobody, either.
    case nobody
    /// No pod: the stored reservation cannot be read, and can only be released.
    case unreadable
}

/// The kinds of workload whose pods can share reservations; the raw value is stored.
public enum WorkloadKind: String, Hashable, Sendable {
    /// A StatefulSet.
    case statefulSet = "sts"
    /// A Deployment.
    case deployment = "deploy"

    private static let spellings: [String: WorkloadKind] = [
        "sts": .statefulSet, "statefulset": .statefulSet, "statefulsets": .statefulSet,
        "deploy": .deployment, "deployment": .deployment, "deployments": .deployment,
    ]

    /// Reads a name that kubectl accepts for the kind, in any case: `sts`, `statefulset`, `statefulsets`, `deploy`,
    /// `deployment` or `deployments`; nil for any other text.
    public init?(kubectlName text: String) {
        guard let kind = Self.spellings[text.lowercased()] else { return nil }
        self = kind
    }
}

/// A text that is not a reservation holder.
public struct InvalidReservationHolder: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error message, with the text and the valid forms.
    public let description: String
}

extension ReservationHolder: CustomStringConvertible {
    /// Reads `namespace/pod`, `namespace/pod/NAME`, `namespace/sts/NAME`, `namespace/deploy/NAME`, `namespace/`, an empty text
    /// for ``anyone``, or `(nobody)`.
    ///
    /// - Throws: ``InvalidReservationHolder`` for any other text.
    public init(_ text: String) throws(InvalidReservationHolder) {
        guard text != Self.storedNobody else {
            self = .nobody
            return
        }
        guard
            let holder = try? Self.parse(text.split(separator: "/", omittingEmptySubsequences: false).map(String.init))
        else {
            throw InvalidReservationHolder(
                description: "\"\(text)\" is not a holder: write namespace/pod, namespace/sts/NAME, "
                    + "namespace/deploy/NAME or namespace/")
        }
        self = holder
    }

    /// No version takes it for a holder's name, because it has no `/`.
    private static let storedNobody = "(nobody)"

    /// Nil if the text has none of the valid forms.
    private static func parse(_ parts: [String]) throws(NameError) -> ReservationHolder? {
        switch parts.count {
        case 1 where parts[0].isEmpty:
            return .anyone
        case 2 where parts[1].isEmpty:
            return .namespace(try Namespace(parts[0]))
        case 2:
            return .pod(PodReference(namespace: try Namespace(parts[0]), name: try PodName(parts[1])))
        case 3 where ["pod", "pods", "po"].contains(parts[1].lowercased()):
            return .pod(PodReference(namespace: try Namespace(parts[0]), name: try PodName(parts[2])))
        case 3:
            guard let kind = WorkloadKind(kubectlName: parts[1]) else { return nil }
            return .workload(try Namespace(parts[0]), kind, try PodName(parts[2]))
        default:
            return nil
        }
    }

    /// The stored form, which ``init(_:)`` reads; empty for ``anyone``, `(nobody)` for ``nobody``, `(unreadable)` for
    /// ``unreadable``.
    public var description: String {
        switch self {
        case .anyone: ""
        case .nobody: Self.storedNobody
        case .unreadable: "(unreadable)"
        case .namespace(let namespace): "\(namespace)/"
        case .pod(let pod): pod.description
        case .workload(let namespace, let kind, let name): "\(namespace)/\(kind.rawValue)/\(name)"
        }
    }

    /// For messages: `default/db-0`; `any pod that requests it` for ``anyone``; `nobody (fenced)` for ``nobody``.
    public var phrase: String {
        switch self {
        case .anyone: "any pod that requests it"
        case .nobody: "nobody (fenced)"
        case .unreadable, .namespace, .pod, .workload: description
        }
    }

    /// Whether Kubernetes accepts the holder's names; if not, no pod will ever get the address although one is meant to.
    public var isPossible: Bool {
        switch self {
        case .anyone, .nobody: true
        case .unreadable: false
        case .namespace(let namespace): PodReference.isPossible(namespace: namespace)
        case .pod(let pod): pod.isPossible
        case .workload(let namespace, _, let name): PodReference(namespace: namespace, name: name).isPossible
        }
    }

    /// The owner of the reservation's claim; nil if a pod gets the address only if it requests it.
    public var claimOwner: ClaimOwner? {
        switch self {
        case .anyone, .namespace, .nobody, .unreadable: nil
        case .pod(let pod): .pod(pod)
        case .workload(let namespace, _, let name): .workload(namespace, name)
        }
    }

    /// Whether a reservation for `other` is meant where this holder is named: one for exactly this holder, or, for a
    /// StatefulSet, one for a pod that has the name of one of its pods.
    public func includes(_ other: ReservationHolder) -> Bool {
        if self == other { return true }
        guard case .workload(let namespace, .statefulSet, let name) = self, case .pod(let pod) = other else {
            return false
        }
        return pod.namespace == namespace && Workload.isPod(pod.name, ofStatefulSet: name)
    }

    /// Whether a recorded holder may have an address that is reserved for this holder. If no workload is recorded, it is
    /// derived from the pod's name.
    public func admits(_ holder: Holder?) -> Bool {
        let workload: Workload? =
            switch holder?.owner {
            case .workload(let workload): workload
            case .other: nil
            case .unknown, nil: holder?.pod.flatMap(Workload.init(derivedFrom:))
            }
        return admits(holder?.pod, of: workload)
    }

    /// Whether `pod` may have an address that is reserved for this holder.
    ///
    /// - Parameter workload: the controller of the pod; nil if it has none.
    func admits(_ pod: PodReference?, of workload: Workload?) -> Bool {
        switch self {
        case .anyone: true
        case .nobody, .unreadable: false
        case .namespace(let namespace): pod?.namespace == namespace
        case .pod(let reserved): pod == reserved
        case .workload(let namespace, let kind, let name):
            pod?.namespace == namespace && workload == Workload(kind: kind, name: name)
        }
    }
}

extension ReservationHolder {
    /// Nil for ``anyone``, ``nobody`` and ``unreadable``.
    public var namespace: Namespace? {
        switch self {
        case .anyone, .nobody, .unreadable: nil
        case .namespace(let namespace), .workload(let namespace, _, _): namespace
        case .pod(let pod): pod.namespace
        }
    }
}

extension Sequence<ReservationHolder> {
    /// The owners of the claims of those holders that are a single pod, each once.
    var podOwners: [ClaimOwner] {
        let owners = compactMap { holder in
            if case .pod = holder { holder.claimOwner } else { nil }
        }
        return Array(Set(owners))
    }
}
