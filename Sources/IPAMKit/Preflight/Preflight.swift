/// Judges whether the pods of manifests will get their addresses on one network: a pure function of the manifests and of the
/// network at one revision.
///
/// It applies the rules of an ADD (``AllocationRules``) to every pod, in the order of the objects. The present pods of an
/// object count as gone, because the object's new pods replace them; all other holders count as alive, because Kubernetes is
/// not asked. Pods that name an address or have a reservation come first, then those with `auto`, then the dynamic ones.
public struct Preflight: Sendable {
    /// The objects, in the order of the manifests.
    public let objects: [PlannedObject]
    /// The network at one revision.
    public let inventory: NetworkInventory
    /// The range sets that the nodes' configuration has.
    public let rangeSets: [RangeSet]
    /// All networks of the store.
    public let networks: Set<NetworkName>
    /// `ipam.autoLimit` of the nodes' configuration.
    public let autoLimit: Int?
    /// The time by which reservations expire.
    public let now: Timestamp

    /// The most pods of all objects together.
    public static let mostPods = 65_536

    /// Makes a preflight.
    public init(
        objects: [PlannedObject], inventory: NetworkInventory, rangeSets: [RangeSet], networks: Set<NetworkName>,
        autoLimit: Int? = nil, now: Timestamp
    ) {
        self.objects = objects
        self.inventory = inventory
        self.rangeSets = rangeSets
        self.networks = networks
        self.autoLimit = autoLimit
        self.now = now
    }

    /// The judgement, with a line for all pods of an object that fare alike.
    public func report() -> PreflightReport {
        var judge = PreflightJudge(self)
        let lines = judge.lines()
        return PreflightReport(
            network: inventory.overview.network, revision: inventory.overview.revision, lines: lines,
            mayHaveGoNodes: judge.hasFixed
                && (inventory.overview.settings?.hasGoNodes ?? (inventory.overview.rangeSets != nil)))
    }
}

/// Where one pod gets its address of one range set from.
enum PlannedSource: Hashable {
    /// The annotation names this address.
    case named(IPAddress)
    /// The only address that is reserved for the pod or its workload, or the first of the pod's own.
    case reserved(IPAddress, for: ReservationHolder)
    /// One of these, which are reserved for the pod's workload.
    case shared([IPAddress], for: ReservationHolder)
    /// `auto`: any free address, which is then reserved.
    case automatic
    /// The next dynamic address.
    case dynamic

    var isFixed: Bool {
        switch self {
        case .named, .reserved, .shared: true
        case .automatic, .dynamic: false
        }
    }
}

/// What keeps a pod from its address, or is to be said about it.
struct PlannedFinding: Hashable {
    var code: PreflightCode
    var reason: String
    var hint: String?
    /// Nil for the place of the object.
    var place: PlannedObject.Place?
    var addresses: [IPAddress] = []
}

/// One pod while it is judged.
struct PlannedPod {
    let object: Int
    let index: Int
    /// For each range set; empty if there is a finding that is an error.
    var sources: [PlannedSource] = []
    var finding: PlannedFinding?

    var isRefused: Bool { finding?.code.isError == true }
}
