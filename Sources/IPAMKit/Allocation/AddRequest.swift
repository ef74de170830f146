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
    /// Where the pod's annotations come from.
    public var annotations: AnnotationSource
    /// Why the Kubernetes that is configured cannot be asked; nil where it can be, and where none is configured.
    public var kubernetesProblem: PodSourceError?
    /// The most addresses that `kube-ipam.ip: auto` may reserve for the pods of one namespace; nil for no limit.
    public var autoLimit: Int?
    /// How long, in all, the ADD may wait for holders that are about to go.
    public var waitForRelease: Duration
    /// The moment of the ADD.
    public var now: Timestamp

    public init(
        attachment: AttachmentReference, holder: Holder, rangeSets: [RangeSet], runtimeRangeSets: [RangeSet] = [],
        requested: [IPAddress] = [], annotations: AnnotationSource = .none, kubernetesProblem: PodSourceError? = nil,
        autoLimit: Int? = nil, waitForRelease: Duration = .zero, now: Timestamp
    ) {
        self.attachment = attachment
        self.holder = holder
        self.rangeSets = rangeSets
        self.runtimeRangeSets = runtimeRangeSets
        self.requested = requested
        self.annotations = annotations
        self.kubernetesProblem = kubernetesProblem
        self.autoLimit = autoLimit
        self.waitForRelease = waitForRelease
        self.now = now
    }

    /// All range sets in the order of the result, each with the index of its cursor. The runtime's are numbered behind
    /// the configured ones, so that they never move a configured set's cursor.
    var numberedRangeSets: [(set: RangeSet, cursor: Int)] {
        runtimeRangeSets.enumerated().map { ($0.element, rangeSets.count + $0.offset) }
            + rangeSets.enumerated().map { ($0.element, $0.offset) }
    }
}

/// What an ADD came to.
public struct Added: Hashable, Sendable {
    /// In the order of ``AddRequest``'s range sets, the runtime's first.
    public let assignments: [Assignment]
    /// The addresses that were another holder's, with the sentence for the log.
    public var takeovers: [TakeoverReport] = []
    /// Whom the addresses were given to: with what was learned of the pod.
    public let holder: Holder
    /// How long the ADD has waited for holders that were about to go.
    public internal(set) var waited = Duration.zero
    /// A sentence about an annotation of the pod that seems to be meant for this network and is not, see
    /// ``MisdirectedAnnotations``; else nil.
    public internal(set) var annotationProblem: String?
    /// Why it is not recorded which cluster the pod is of, although Kubernetes was asked, as a clause; else nil.
    public var clusterProblem: String?
    /// That the ADD has changed the network's ranges; nil for nearly every one.
    public var rangesChange: NetworkSettings.RangesChange?
}

/// An address that was taken over.
public struct TakeoverReport: Hashable, Sendable {
    public let address: IPAddress
    /// `default/db-0 on n1`
    public let formerHolder: String
    public let evidence: HolderVerdict.Evidence
}
