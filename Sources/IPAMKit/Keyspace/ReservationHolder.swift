/// For whom an address is reserved: the `for` of a reservation.
public enum ReservationHolder: Hashable, Sendable {
    /// Any pod that names the address.
    case anyone
    /// Any pod of the namespace that names the address: `default/`.
    case namespace(Namespace)
    /// That pod, unasked: `default/db-0`.
    case pod(PodReference)
    /// The pods of a workload, unasked: `default/sts/db`, `default/deploy/web`.
    case workload(Namespace, WorkloadKind, PodName)
    /// Nobody: the stored reservation cannot be understood. It can only be released.
    case unreadable
}

/// The kinds of workload whose pods can share reservations.
public enum WorkloadKind: String, Hashable, Sendable {
    case statefulSet = "sts"
    case deployment = "deploy"

    private static let spellings: [String: WorkloadKind] = [
        "sts": .statefulSet, "statefulset": .statefulSet, "statefulsets": .statefulSet,
        "deploy": .deployment, "deployment": .deployment, "deployments": .deployment,
    ]

    /// Accepts what kubectl accepts for the kind: `sts`, `statefulset`, `statefulsets`; `deploy` likewise.
    public init?(kubectlName text: String) {
        guard let kind = Self.spellings[text.lowercased()] else { return nil }
        self = kind
    }
}

/// Text that names no reservation holder.
public struct InvalidReservationHolder: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

extension ReservationHolder: CustomStringConvertible {
    /// Reads `namespace/pod`, `namespace/pod/NAME`, `namespace/sts/NAME`, `namespace/deploy/NAME`, `namespace/`, or
    /// nothing.
    ///
    /// - Throws: ``InvalidReservationHolder``.
    public init(_ text: String) throws(InvalidReservationHolder) {
        guard
            let holder = try? Self.parse(text.split(separator: "/", omittingEmptySubsequences: false).map(String.init))
        else {
            throw InvalidReservationHolder(
                description: "\"\(text)\" names no holder: write namespace/pod, namespace/sts/NAME, "
                    + "namespace/deploy/NAME or namespace/")
        }
        self = holder
    }

    /// Nil where the form is none of the known ones.
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

    public var description: String {
        switch self {
        case .anyone: ""
        case .unreadable: "(unreadable)"
        case .namespace(let namespace): "\(namespace)/"
        case .pod(let pod): pod.description
        case .workload(let namespace, let kind, let name): "\(namespace)/\(kind.rawValue)/\(name)"
        }
    }

    /// For a sentence: `default/db-0`, or what stands for nobody in particular.
    public var phrase: String {
        self == .anyone ? "whoever names it" : description
    }

    /// Whether Kubernetes can have such a holder; a reservation for any other one is for nobody.
    public var isPossible: Bool {
        switch self {
        case .anyone: true
        case .unreadable: false
        case .namespace(let namespace): PodReference.isPossible(namespace: namespace)
        case .pod(let pod): pod.isPossible
        case .workload(let namespace, _, let name): PodReference(namespace: namespace, name: name).isPossible
        }
    }

    /// Under whose claims the reservation is listed; nil where it is not given out unasked.
    public var claimOwner: ClaimOwner? {
        switch self {
        case .anyone, .namespace, .unreadable: nil
        case .pod(let pod): .pod(pod)
        case .workload(let namespace, _, let name): .workload(namespace, name)
        }
    }

    /// Whether a recorded holder may have an address that is reserved for this one. A pod's name tells its workload where
    /// nothing else is recorded.
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
    /// - Parameter workload: what controls the pod; nil where nothing does.
    func admits(_ pod: PodReference?, of workload: Workload?) -> Bool {
        switch self {
        case .anyone: true
        case .unreadable: false
        case .namespace(let namespace): pod?.namespace == namespace
        case .pod(let reserved): pod == reserved
        case .workload(let namespace, let kind, let name):
            pod?.namespace == namespace && workload == Workload(kind: kind, name: name)
        }
    }
}

extension ReservationHolder {
    /// Nil where it is for no namespace in particular.
    public var namespace: Namespace? {
        switch self {
        case .anyone, .unreadable: nil
        case .namespace(let namespace), .workload(let namespace, _, _): namespace
        case .pod(let pod): pod.namespace
        }
    }
}
