/// The controller of a pod: a StatefulSet, or the Deployment behind a ReplicaSet.
public struct Workload: Hashable, Sendable, CustomStringConvertible {
    public let kind: WorkloadKind
    public let name: PodName

    /// `sts/db` or `deploy/web`.
    public var description: String { "\(kind.rawValue)/\(name)" }

    public init(kind: WorkloadKind, name: PodName) {
        self.kind = kind
        self.name = name
    }

    /// Reads `sts/db` or `deploy/web`; nil for anything else.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let kind = WorkloadKind(rawValue: parts[0]), let name = try? PodName(parts[1]) else {
            return nil
        }
        self.init(kind: kind, name: name)
    }

    /// The workload that controls `pod`; nil for a pod of another kind of controller, or of none.
    ///
    /// A Deployment's pods are controlled by a ReplicaSet whose name ends in the hash that the pods are labelled with.
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

    /// The workload that a pod's name tells, where the name's form is certain; else nil.
    ///
    /// - `db-0` is of the StatefulSet `db`: one ordinal, a 32-bit number without leading zeros. Not where the name may be
    ///   cut (``PodReference/deploymentPrefix``): the number could then be the end of a hash and five random characters.
    /// - `web-6d9b74fd4d-xjhek` is of the Deployment `web`: a `pod-template-hash`, then five characters. The hash is a
    ///   32-bit number whose ten digits Kubernetes spells `456789bcdf` (apimachinery `rand.SafeEncodeString`), so that
    ///   `web-admin-panel` is not mistaken for a pod of `web`.
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
    /// With what the name of the pod's Deployment begins, where the pod's own name may be cut and not tell it; else nil.
    ///
    /// The name of a Deployment's pod is generated from `NAME-HASH-`, of which apiserver's `names.SimpleNameGenerator`
    /// keeps 58 bytes, and five characters. The hash has ten at most: where NAME has 47 bytes or more, a part of the hash
    /// or of NAME may be missing.
    var deploymentPrefix: String? {
        let bytes = name.text.utf8
        return bytes.count == 63 && isPossible ? String(Substring(bytes.prefix(47))) : nil
    }
}

extension Pod {
    /// The workload that controls it; nil where none does that reservations can be for.
    var workload: Workload? { Workload(of: self) }

    /// For whom an address of this pod is to be reserved: for its Deployment, whose pods have ever new names, else for
    /// itself.
    var reservationHolder: ReservationHolder {
        guard let workload, workload.kind == .deployment else { return .pod(reference) }
        return .workload(reference.namespace, workload.kind, workload.name)
    }
}
