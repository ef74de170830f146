/// The input of an ADD.
public struct AddRequest: Sendable {
    /// The container and its interface.
    public var attachment: AttachmentReference
    /// The pod or container as the runtime names it, on this node.
    public var holder: Holder
    /// The range sets of the configuration, which the ADD writes to the network's document.
    public var rangeSets: [RangeSet]
    /// Range sets that the runtime passed (`runtimeConfig.ipRanges`). They come first in the result and are never
    /// stored.
    public var runtimeRangeSets: [RangeSet]
    /// Addresses that the runtime asked for (`ips`, or `IP` in CNI_ARGS).
    public var requested: [IPAddress]
    /// Where the pod's annotations come from.
    public var annotations: AnnotationSource
    /// Why the configured Kubernetes cannot be asked; nil if it can be, and if none is configured.
    public var kubernetesProblem: PodSourceError?
    /// The most addresses that `kube-ipam.ip: auto` may reserve for the pods of one namespace; nil for no limit.
    public var autoLimit: Int?
    /// How long the ADD may wait in all for holders that are about to go.
    public var waitForRelease: Duration
    /// The time of the ADD.
    public var now: Timestamp

    /// Makes a request; by default without ranges or addresses of the runtime, without annotations and without a wait.
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

    /// All range sets in the order of the result, each with the index of its cursor. The runtime's range sets are
    /// numbered after the configured ones, so that they never move a configured range set's cursor.
    var numberedRangeSets: [(set: RangeSet, cursor: Int)] {
        runtimeRangeSets.enumerated().map { ($0.element, rangeSets.count + $0.offset) }
            + rangeSets.enumerated().map { ($0.element, $0.offset) }
    }
}

/// The result of an ADD.
public struct Added: Hashable, Sendable {
    /// In the order of ``AddRequest``'s range sets, the runtime's first.
    public let assignments: [Assignment]
    /// The addresses that were taken from a former holder, for the log.
    public var takeovers: [TakeoverReport] = []
    /// The holder as it was recorded, with what was found out about the pod.
    public let holder: Holder
    /// How long the ADD has waited for holders that were about to go.
    public internal(set) var waited = Duration.zero
    /// A message about an annotation that seems to be meant for this network and is not (``MisdirectedAnnotations``);
    /// nil if there is none.
    public internal(set) var annotationProblem: String?
    /// Why the pod's cluster is not recorded although Kubernetes was asked, as a clause; else nil.
    public var clusterProblem: String?
    /// The change of the network's ranges that the ADD has made; nil for nearly every ADD.
    public var rangesChange: NetworkSettings.RangesChange?
}

/// An address that was taken from a holder that is gone.
public struct TakeoverReport: Hashable, Sendable {
    /// The address that was taken.
    public let address: IPAddress
    /// For a message: `default/db-0 on n1`.
    public let formerHolder: String
    /// Why the former holder counts as gone.
    public let evidence: HolderVerdict.Evidence
}
