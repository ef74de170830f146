import IPAMKit
import KubernetesClient
import KubernetesPods

/// One object of a manifest while it is read.
struct ManifestObject {
    private let node: ManifestNode
    private let metadata: ManifestNode
    private var object: PlannedObject

    init(_ node: ManifestNode, _ kind: PlannedObject.Kind, _ required: Namespace?) throws(ManifestError) {
        self.node = node
        metadata = try node.requiredMapping("metadata")
        var named: Namespace?
        if let text = try metadata.string("namespace"), !text.isEmpty {
            guard let name = try? Namespace(text), PodReference.isPossible(namespace: name) else {
                throw (metadata["namespace"] ?? metadata).error(
                    "metadata.namespace: Kubernetes does not accept \(text.quotedForPeople)",
                    hint: "a namespace has at most 63 lower-case letters, digits and \"-\"")
            }
            if let required, required != name {
                throw (metadata["namespace"] ?? metadata).error(
                    "metadata.namespace is \(name), not \(required)", hint: "omit --namespace, or name \(name)")
            }
            named = name
        }
        guard let namespace = named ?? required ?? (try? Namespace("default")) else {
            throw metadata.error("metadata.namespace is missing")
        }
        let given = try metadata.string("name").flatMap { $0.isEmpty ? nil : $0 }
        let prefix = try metadata.string("generateName").flatMap { $0.isEmpty ? nil : $0 }
        guard let text = given ?? prefix else {
            throw metadata.error("metadata.name is missing")
        }
        // Kubernetes cuts a prefix that is too long, and adds five characters.
        let complete = given ?? String(text.prefix(58)) + "00000"
        guard let name = try? PodName(text), let checked = try? PodName(complete),
            PodReference(namespace: namespace, name: checked).isPossible
        else {
            throw (metadata["name"] ?? metadata["generateName"] ?? metadata).error(
                "metadata.\(given == nil ? "generateName" : "name"): Kubernetes does not accept \(text.quotedForPeople)",
                hint: "a name has at most 253 lower-case letters, digits, \"-\" and \".\"")
        }
        object = PlannedObject(kind, namespace: namespace, name: name, place: node.place)
        object.isNameGenerated = given == nil
    }

    /// The object, and the reason if none of its pods is to be judged.
    func read() throws(ManifestError) -> (object: PlannedObject, reason: String?) {
        var object = object
        var template = node
        switch object.kind {
        case .pod: break
        case .cronJob:
            let job = try node.requiredMapping("spec").requiredMapping("jobTemplate")
            template = try job.requiredMapping("spec").requiredMapping("template")
        case .deployment, .statefulSet, .daemonSet, .replicaSet, .job:
            template = try node.requiredMapping("spec").requiredMapping("template")
        }
        let podMetadata = try template.mapping("metadata")
        object.annotations = try Self.annotations(podMetadata)
        if object.kind != .pod { object.ownAnnotations = try Self.annotations(metadata) }
        object.templateHash = try podMetadata?.mapping("labels")?.string("pod-template-hash")
        try readCounts(&object)
        if let owner = try controller() { return (object, "its controller is the \(owner), which makes it") }
        if try template.mapping("spec")?.bool("hostNetwork") == true {
            return (object, "its pods use the network of their node (hostNetwork)")
        }
        return (object, nil)
    }

    /// `KIND NAME` of the object's controller; nil if it has none. What is copied from a cluster has one if another object of
    /// the cluster makes it.
    private func controller() throws(ManifestError) -> String? {
        for owner in try metadata.elements("ownerReferences") where try owner.bool("controller") {
            let words = [try owner.string("kind") ?? "object", try owner.string("name") ?? ""]
            return words.map { Manifest.isName($0) ? $0 : $0.quotedForPeople }.joined(separator: " ")
        }
        return nil
    }

    private func readCounts(_ object: inout PlannedObject) throws(ManifestError) {
        guard object.kind != .pod else { return }
        let spec = try node.requiredMapping("spec")
        switch object.kind {
        case .pod: break
        case .deployment:
            let replicas = try spec.count("replicas") ?? 1
            object.replicas = replicas
            let strategy = try spec.mapping("strategy")
            let rolling = try strategy?.mapping("rollingUpdate")
            object.rollout = Rollout(
                replicas: replicas, type: try strategy?.string("type"),
                maxUnavailable: try rolling.map { node throws(ManifestError) in try Self.amount(node, "maxUnavailable")
                }
                    ?? nil,
                maxSurge: try rolling.map { node throws(ManifestError) in try Self.amount(node, "maxSurge") } ?? nil)
        case .statefulSet:
            object.replicas = try spec.count("replicas") ?? 1
            object.firstOrdinal = try spec.mapping("ordinals")?.count("start") ?? 0
        case .replicaSet: object.replicas = try spec.count("replicas") ?? 1
        case .daemonSet: object.replicas = nil
        case .job: object.replicas = try Self.podsAtOnce(spec)
        case .cronJob:
            let job = try spec.requiredMapping("jobTemplate").requiredMapping("spec")
            object.replicas = try spec.bool("suspend") ? 0 : Self.podsAtOnce(job)
            object.mayOverlap = try spec.string("concurrencyPolicy") ?? "Allow" == "Allow"
        }
    }

    /// The pods of a Job at one time: `parallelism`, at most `completions`; none if it is suspended.
    private static func podsAtOnce(_ spec: ManifestNode) throws(ManifestError) -> Int {
        guard try !spec.bool("suspend") else { return 0 }
        let parallelism = try spec.count("parallelism") ?? 1
        return min(parallelism, try spec.count("completions") ?? parallelism)
    }

    /// A number of pods, or a percentage; nil if it is absent.
    private static func amount(_ node: ManifestNode, _ key: String) throws(ManifestError)
        -> KubernetesDeployment.Amount?
    {
        guard let found = node[key] else { return nil }
        if case .number = found.node.json { return try node.count(key).map { .pods($0) } }
        guard let text = found.node.string, text.hasSuffix("%"), let percent = Int(text.dropLast()), percent >= 0 else {
            throw found.error("\(found.path) must be a number or a percentage, such as 1 or 25%")
        }
        return .percent(percent)
    }

    /// The annotations of `metadata`; values that are not strings are kept, because they are judged and not refused.
    private static func annotations(_ metadata: ManifestNode?) throws(ManifestError)
        -> [String: PlannedObject.Annotation]
    {
        guard let annotations = try metadata?.mapping("annotations"),
            case .mapping(let members) = annotations.node.content
        else { return [:] }
        return members.mapValues { node in
            let place = PlannedObject.Place(file: annotations.file, line: node.mark.line)
            // The API server reads null as an empty string.
            return PlannedObject.Annotation(
                value: node.isNull ? "" : node.string, kind: node.kindName, place: place)
        }
    }
}
