import Store

/// One change of an adoption, or a conflict that needs manual action.
public struct AdoptionStep: Hashable, Sendable {
    /// The change.
    public enum Action: Hashable, Sendable {
        /// Write the missing attachment of a used key that the Go plugin wrote.
        case record(AttachmentReference)
        /// Reserve an address that is not recorded for the pod or workload that has it. If only an annotation of the pod reports
        /// the address, it is reserved for the pod's namespace.
        case fence(ReservationHolder)
        /// Change nothing, because of `reason`.
        case conflict(reason: String)
    }

    /// The addresses of the step, ascending; more than one only for `record`.
    public let addresses: [IPAddress]
    /// The pod that reports the addresses, for messages: `default/db-0 on n1`.
    public let who: String
    /// Whether an address is only in the annotation of Multus, which tenants can write, and not in the pod's status.
    public let isByAnnotation: Bool
    /// The pod that reports the addresses.
    public let pod: PodReference
    /// The change, or the conflict.
    public let action: Action
    let attachment: Attachment?
    let used: [Record]

    init(
        _ addresses: [IPAddress], _ pod: Pod, _ action: Action, attachment: Attachment? = nil, used: [Record] = []
    ) {
        isByAnnotation = addresses.contains { !pod.addresses.contains($0) }
        self.addresses = addresses
        who = pod.phrase
        self.pod = pod.reference
        self.action = action
        self.attachment = attachment
        self.used = used
    }

    /// `default/db-0 on n1 has it`, or `default/db-0 on n1 reports it in ...` if only an annotation reports the address.
    public var claim: String { isByAnnotation ? "\(who) reports it in \(Pod.networkStatus)" : "\(who) has it" }

    /// The addresses to reserve.
    var fenced: [IPAddress] {
        if case .fence = action { return addresses }
        return []
    }

    /// Whether nothing is to be changed.
    public var isConflict: Bool {
        if case .conflict = action { true } else { false }
    }
}

/// A planned adoption: the records to write for pods that got their addresses from the Go plugin. It is a pure function of the
/// store and of the pods, which were listed after the store was read.
public struct Adoption: Sendable {
    /// The changes and conflicts, by address.
    public let steps: [AdoptionStep]
    /// The reasons, one message each, why the network cannot be marked as having no Go nodes even after all steps.
    public let obstacles: [String]
    /// The warning about live pods whose addresses are not all known; nil if there are none.
    public let doubt: String?
    /// The number of live pods' addresses that are already recorded for these pods.
    public let recorded: Int
    /// Whether nodes may run the Go plugin on this network according to its settings.
    public let hasGoNodes: Bool

    /// - Parameters:
    ///   - snapshot: the store, read before the pods were listed.
    ///   - configured: the range sets of a CNI file, for a network without a document.
    ///   - cluster: the identity of the pods' cluster, to be recorded.
    init(
        _ snapshot: NetworkSnapshot, pods: Listing<Pod>, configured: [RangeSet]?, cluster: String?, now: Timestamp
    ) {
        var planner = AdoptionPlanner(
            snapshot: snapshot, rangeSets: snapshot.rangeSets ?? configured ?? [], cluster: cluster, now: now)
        planner.plan(pods.items)
        planner.note(pods.unreadable)
        steps = planner.steps.sorted { $0.addresses.lexicographicallyPrecedes($1.addresses) }
        obstacles = planner.obstacles
        let silent = planner.silent
        doubt = silent.isEmpty ? nil : silent.silencePhrase
        recorded = planner.recorded
        hasGoNodes = snapshot.settings?.hasGoNodes ?? true
    }

    /// The addresses to reserve.
    var fenced: [IPAddress] { steps.flatMap(\.fenced) }
}
