/// The controller of a pod: a StatefulSet, or the Deployment of a ReplicaSet.
public struct Workload: Hashable, Sendable, CustomStringConvertible {
    /// StatefulSet or Deployment.
    public let kind: WorkloadKind
    /// The name of the StatefulSet or Deployment; for a ReplicaSet it is derived, not read.
    public let name: PodName

    /// `sts/db` or `deploy/web`.
    public var description: String { "\(kind.rawValue)/\(name)" }

    /// Makes a workload in the namespace of the pod, which is not part of it.
    public init(kind: WorkloadKind, name: PodName) {
        self.kind = kind
        self.name = name
    }

    /// Reads `sts/db` or `deploy/web`; nil for anything else.
    init?(_ text: String) {
        // A name has no slash.
        guard let slash = text.utf8.firstIndex(of: UInt8(ascii: "/")),
            let kind = WorkloadKind(rawValue: String(text[..<slash])),
            let name = try? PodName(String(text[text.utf8.index(after: slash)...]))
        else { return nil }
        self.init(kind: kind, name: name)
    }

    /// Makes the workload that controls `pod`; nil if the pod has no controller, or one of another kind.
    ///
    /// A Deployment's pods are controlled by a ReplicaSet whose name ends in the pods' label `pod-template-hash`.
    public init?(of pod: Pod) {
        guard let controller = pod.controller else { return nil }
        switch controller.kind {
        case "StatefulSet":
            guard let name = try? PodName(controller.name) else { return nil }
            self.init(kind: .statefulSet, name: name)
        case "ReplicaSet":
            guard let hash = pod.templateHash, !hash.isEmpty, controller.name.hasSuffix("-" + hash),
                let name = try? PodName(String(controller.name.dropLast(hash.count + 1)))
            else { return nil }
            self.init(kind: .deployment, name: name)
        default: return nil
        }
    }

    /// Derives the workload from a pod's name, if the form of the name is certain; else nil.
    ///
    /// - `db-0` belongs to the StatefulSet `db`: the name ends in an ordinal, a 32-bit number without leading zeros. If the name
    ///   may be cut (``PodReference/deploymentPrefix``), nothing is derived: the number could be the end of a hash and five
    ///   random characters.
    /// - `web-6d9b74fd4d-xjhek` belongs to the Deployment `web`: the name ends in a `pod-template-hash` and five characters. The
    ///   hash is a 32-bit number whose ten digits Kubernetes writes as `456789bcdf` (apimachinery `rand.SafeEncodeString`).
    ///   Therefore `web-admin-panel` is not mistaken for a pod of `web`.
    public init?(derivedFrom pod: PodReference) {
        let parts = pod.name.text.split(separator: "-", omittingEmptySubsequences: false)
        if parts.count >= 3, Self.isSuffix(parts[parts.count - 1]), Self.isTemplateHash(parts[parts.count - 2]),
            let name = try? PodName(parts.dropLast(2).joined(separator: "-"))
        {
            self.init(kind: .deployment, name: name)
        } else if parts.count >= 2, let ordinal = parts.last, Self.isOrdinal(ordinal),
            pod.deploymentPrefix == nil || ordinal.utf8.count < 5,
            let name = try? PodName(parts.dropLast().joined(separator: "-"))
        {
            self.init(kind: .statefulSet, name: name)
        } else {
            return nil
        }
    }

    /// Whether a pod of this name can be one of the StatefulSet: `db-0` of `db`.
    static func isPod(_ pod: PodName, ofStatefulSet name: PodName) -> Bool {
        pod.text.hasPrefix("\(name)-") && isOrdinal(pod.text.dropFirst(name.text.count + 1))
    }

    private static func isOrdinal(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return Int32(text) != nil && (first != 0x30 || text.utf8.count == 1)
    }

    private static func isSuffix(_ text: Substring) -> Bool {
        text.utf8.count == 5 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) }
    }

    private static func isTemplateHash(_ text: Substring) -> Bool {
        (6...10).contains(text.utf8.count) && text.utf8.allSatisfy { "456789bcdf".utf8.contains($0) }
    }
}

extension PodReference {
    /// The first bytes of the name of the pod's Deployment, if the pod's own name may be cut; else nil.
    ///
    /// The name of a Deployment's pod consists of the first 58 bytes of `NAME-HASH-` (apiserver, `names.SimpleNameGenerator`)
    /// and five random characters. The hash has at most ten characters: if NAME has 47 bytes or more, a part of the hash or of
    /// NAME may be missing.
    var deploymentPrefix: String? {
        let bytes = name.text.utf8
        return bytes.count == 63 && isPossible ? String(Substring(bytes.prefix(47))) : nil
    }
}

extension Pod {
    /// The workload that controls the pod; nil if there is none that can have reservations.
    var workload: Workload? { Workload(of: self) }

    /// The holder for whom an address of this pod is to be reserved: its Deployment, because every new pod has another name;
    /// else the pod itself.
    var reservationHolder: ReservationHolder { ReservationHolder(for: reference, of: workload) }
}

extension ReservationHolder {
    /// The holder for whom an address of a pod is to be reserved: its Deployment, because every new pod has another name;
    /// else the pod itself.
    init(for pod: PodReference, of workload: Workload?) {
        guard let workload, workload.kind == .deployment else {
            self = .pod(pod)
            return
        }
        self = .workload(pod.namespace, workload.kind, workload.name)
    }
}
