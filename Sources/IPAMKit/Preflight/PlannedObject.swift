/// An object of a manifest that makes pods.
public struct PlannedObject: Hashable, Sendable {
    /// The kind of the object; the raw value is `kind` of the manifest.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// `v1`.
        case pod = "Pod"
        /// `apps/v1`.
        case deployment = "Deployment"
        /// `apps/v1`.
        case statefulSet = "StatefulSet"
        /// `apps/v1`.
        case daemonSet = "DaemonSet"
        /// `apps/v1`.
        case replicaSet = "ReplicaSet"
        /// `batch/v1`.
        case job = "Job"
        /// `batch/v1`.
        case cronJob = "CronJob"
    }

    /// A place in a manifest.
    public struct Place: Hashable, Sendable, CustomStringConvertible {
        /// The path, or "standard input".
        public let file: String
        /// Counted from 1.
        public let line: Int

        /// Makes a place.
        public init(file: String, line: Int) {
            self.file = file
            self.line = line
        }

        /// `deploy.yaml, line 12`
        public var description: String { "\(file), line \(line)" }
    }

    /// An annotation as the manifest has it.
    public struct Annotation: Hashable, Sendable {
        /// Nil if the value is not a string, such as a number without quotes: the API server refuses it.
        public let value: String?
        /// The kind of the value, such as `a number`.
        public let kind: String
        /// Where the value is.
        public let place: Place

        /// Makes an annotation.
        public init(value: String?, kind: String, place: Place) {
            self.value = value
            self.kind = kind
            self.place = place
        }
    }

    /// The kind.
    public let kind: Kind
    /// `metadata.namespace`, or the default namespace.
    public let namespace: Namespace
    /// `metadata.name`; with ``isNameGenerated`` the prefix `metadata.generateName`.
    public let name: PodName
    /// Whether Kubernetes adds five random characters to ``name``.
    public var isNameGenerated = false
    /// Where the object begins.
    public let place: Place
    /// The number of pods at one time; nil for a DaemonSet, which has one on each node.
    public var replicas: Int? = 1
    /// `spec.ordinals.start` of a StatefulSet.
    public var firstOrdinal = 0
    /// How a Deployment replaces its pods; nil for other kinds.
    public var rollout: Rollout?
    /// Whether the pods of two runs may exist at the same time: `spec.concurrencyPolicy` of a CronJob is `Allow`.
    public var mayOverlap = false
    /// The annotations of the pods.
    public var annotations: [String: Annotation] = [:]
    /// The annotations of a workload itself, which its pods do not get.
    public var ownAnnotations: [String: Annotation] = [:]
    /// The label `pod-template-hash` of the pods; nil if they have none.
    public var templateHash: String?

    /// Makes an object with one pod and without annotations.
    public init(_ kind: Kind, namespace: Namespace, name: PodName, place: Place) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
        self.place = place
    }

    /// What makes two objects the same: the second one replaces the first.
    struct Identity: Hashable {
        let kind: Kind
        let namespace: Namespace
        let name: PodName
    }

    var identity: Identity { Identity(kind: kind, namespace: namespace, name: name) }
}

extension PlannedObject: CustomStringConvertible {
    /// `default/db-0` for a pod, else with the short name of the kind that kubectl has: `default/deploy/web`.
    public var description: String {
        let name = name.text + (isNameGenerated ? "*" : "")
        return switch kind {
        case .pod: "\(namespace)/\(name)"
        case .deployment: "\(namespace)/deploy/\(name)"
        case .statefulSet: "\(namespace)/sts/\(name)"
        case .daemonSet: "\(namespace)/ds/\(name)"
        case .replicaSet: "\(namespace)/rs/\(name)"
        case .job: "\(namespace)/job/\(name)"
        case .cronJob: "\(namespace)/cronjob/\(name)"
        }
    }
}

// MARK: The pods

extension PlannedObject {
    /// What stands for the characters of a name that Kubernetes chooses. No name of Kubernetes has it.
    private static let unknown = "*"

    /// The names of the pods are known before they exist.
    var namesItsPods: Bool { kind == .statefulSet || (kind == .pod && !isNameGenerated) }

    /// The name of one of the pods: `default/db-0`, or that of the object if Kubernetes chooses the names.
    func podPhrase(_ index: Int) -> String {
        kind == .statefulSet ? "\(namespace)/\(name)-\(firstOrdinal + index)" : description
    }

    /// One of the pods as Kubernetes will have it, with its controller.
    func pod(_ index: Int) throws(NameError) -> Pod {
        let any = Self.unknown
        let text: String
        var controller: Pod.Controller?
        var hash = templateHash
        switch kind {
        case .pod: text = name.text + (isNameGenerated ? any : "")
        case .deployment:
            text = "\(name)-\(any)-\(any)"
            hash = any
            controller = Pod.Controller(kind: "ReplicaSet", name: "\(name)-\(any)")
        case .statefulSet:
            text = "\(name)-\(firstOrdinal + index)"
            controller = Pod.Controller(kind: "StatefulSet", name: name.text)
        case .cronJob:
            text = "\(name)-\(any)-\(any)"
            controller = Pod.Controller(kind: "Job", name: "\(name)-\(any)")
        case .daemonSet, .replicaSet, .job:
            text = "\(name)-\(any)"
            controller = Pod.Controller(kind: kind.rawValue, name: name.text)
        }
        return Pod(
            PodReference(namespace: namespace, name: try PodName(text)), uid: "",
            annotations: annotations.compactMapValues(\.value), templateHash: hash, controller: controller)
    }

    /// Whether a recorded holder is a pod of this object: the object's new pods replace it.
    func owns(_ holder: Holder) -> Bool {
        guard let pod = holder.pod, pod.namespace == namespace, !isNameGenerated else { return false }
        switch kind {
        case .pod: return pod.name == name
        case .deployment: return ReservationHolder.workload(namespace, .deployment, name).admits(holder)
        case .statefulSet: return ReservationHolder.workload(namespace, .statefulSet, name).admits(holder)
        case .daemonSet, .replicaSet, .job: return Self.suffixes(of: pod.name, after: name)?.count == 1
        case .cronJob: return Self.suffixes(of: pod.name, after: name)?.count == 2
        }
    }

    /// The parts after `name` of a pod's name that ends in the five random characters of a controller; else nil.
    private static func suffixes(of pod: PodName, after name: PodName) -> [Substring]? {
        guard pod.text.hasPrefix("\(name)-") else { return nil }
        let parts = pod.text.dropFirst(name.text.count + 1).split(separator: "-", omittingEmptySubsequences: false)
        guard let last = parts.last, last.utf8.count == 5,
            last.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) })
        else { return nil }
        return parts
    }
}
