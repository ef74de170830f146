import Store

/// One thing that adoption does, or leaves to a person.
public struct AdoptionStep: Hashable, Sendable {
    public enum Action: Hashable, Sendable {
        /// A used key of the Go plugin's gets the attachment that it lacks.
        case record(AttachmentReference)
        /// An address that nobody recorded is reserved for who has it, or, where only its annotation says that it has it,
        /// kept for the pods of its namespace that name it.
        case fence(ReservationHolder)
        /// Nothing is changed: `reason` says what stands against it.
        case conflict(reason: String)
    }

    /// In order; more than one only where an attachment is recorded.
    public let addresses: [IPAddress]
    /// Who reports them: `default/db-0 on n1`.
    public let who: String
    /// Only the pod's annotation tells of them, which a tenant may have written.
    public let isByAnnotation: Bool
    public let pod: PodReference
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

    /// `default/db-0 on n1 has it`, or who says so where that is no proof.
    public var claim: String { isByAnnotation ? "\(who) reports it by its \(Pod.networkStatus)" : "\(who) has it" }

    /// The addresses that would be reserved.
    var fenced: [IPAddress] {
        if case .fence = action { return addresses }
        return []
    }

    /// True where nothing is changed.
    public var isConflict: Bool {
        if case .conflict = action { true } else { false }
    }
}

/// What is to be recorded of the pods that the Go plugin gave addresses to: a pure function of what the store had and of
/// the pods that were listed after it.
public struct Adoption: Sendable {
    /// What is to be done, and what cannot be, by address.
    public let steps: [AdoptionStep]
    /// Why, also when all steps are done, the network cannot be said to have no Go nodes: one sentence each.
    public let obstacles: [String]
    /// What cannot be seen of the network's pods, as one sentence; nil where there is no such thing.
    public let doubt: String?
    /// How many addresses of live pods are recorded for them already.
    public let recorded: Int
    /// Whether Go nodes are taken into account.
    public let hasGoNodes: Bool

    /// - Parameters:
    ///   - snapshot: the store, read before the pods were listed.
    ///   - configured: the network's range sets, where the store does not say them.
    ///   - cluster: by which the pods' cluster is recorded.
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

    /// The addresses that would be reserved.
    var fenced: [IPAddress] { steps.flatMap(\.fenced) }
}
