import IPAMKit
import YAML

/// The objects of Kubernetes manifests that make pods.
///
/// A manifest is YAML or JSON with any number of documents; each is an object, or a `List` of objects (also a typed one, such
/// as `DeploymentList`). Read are `Pod` (`v1`), `Deployment`, `StatefulSet`, `DaemonSet` and `ReplicaSet` (`apps/v1`), `Job` and
/// `CronJob` (`batch/v1`). Other objects are skipped, and so are pods that have no address of a pool.
public struct Manifest: Sendable {
    /// In the order of the text.
    public private(set) var objects: [PlannedObject] = []
    /// The objects that were skipped because of their kind: their number for each kind.
    public private(set) var skippedKinds: [String: Int] = [:]
    /// The pods and workloads that were skipped, each with the reason.
    public private(set) var skippedObjects: [(object: PlannedObject, reason: String)] = []

    /// The largest number of levels of lists in lists.
    private static let deepestList = 8

    /// Makes a manifest without objects.
    public init() {}

    /// Adds the objects of a text.
    ///
    /// - Parameters:
    ///   - text: YAML or JSON, in UTF-8.
    ///   - file: the path for error messages.
    ///   - namespace: the namespace of objects that name none; nil for `default`. If it is given, an object of another
    ///     namespace is an error, as for `kubectl apply --namespace`.
    /// - Throws: ``ManifestError``; then no object was added.
    public mutating func add(_ text: [UInt8], file: String, namespace: Namespace?) throws(ManifestError) {
        let documents: [YAMLNode]
        do throws(YAMLError) {
            documents = try YAMLReader.documents(text)
        } catch {
            let isTemplate = text.split(separator: UInt8(ascii: "\n")).contains { line in
                String(decoding: line, as: UTF8.self).contains("{{")
            }
            throw ManifestError(
                place: PlannedObject.Place(file: file, line: error.mark.line),
                problem: "column \(error.mark.column): \(error.problem)",
                hint: isTemplate ? "render the template first: helm template CHART | ipamctl preflight -f -" : nil)
        }
        var added = self
        for document in documents {
            let node = ManifestNode(node: document, path: "", file: file)
            try added.add(node, namespace: namespace, listed: nil, depth: 0)
        }
        self = added
    }

    /// Adds an object, or the objects of a list.
    ///
    /// - Parameter listed: `apiVersion` and `kind` of the elements of a typed list, which need not have their own.
    private mutating func add(
        _ node: ManifestNode, namespace: Namespace?, listed: (version: String, kind: String)?, depth: Int
    ) throws(ManifestError) {
        guard case .mapping = node.node.content else {
            throw node.error("an object must be a mapping with apiVersion and kind, not \(node.node.kindName)")
        }
        guard let kind = try node.string("kind") ?? listed?.kind else { throw Self.withoutKind(node) }
        guard let version = try node.string("apiVersion") ?? listed?.version else {
            throw node.error("apiVersion is missing", hint: "it is v1, apps/v1 or batch/v1 for what makes pods")
        }
        for (key, text) in [("kind", kind), ("apiVersion", version)] where !Self.isName(text) {
            throw (node[key] ?? node).error("\(key): Kubernetes does not accept \(text.quotedForPeople)")
        }
        if kind.hasSuffix("List"), node["items"] != nil || version == "v1" {
            guard depth < Self.deepestList else { throw node.error("lists are nested too deep") }
            let inner = String(kind.dropLast("List".count))
            for item in try node.elements("items") {
                try add(
                    item, namespace: namespace, listed: inner.isEmpty ? nil : (version, inner), depth: depth + 1)
            }
            return
        }
        guard let known = PlannedObject.Kind(rawValue: kind), Self.versions[known] == version else {
            let group = version.contains("/") && PlannedObject.Kind(rawValue: kind) != nil ? " (\(version))" : ""
            skippedKinds[kind + group, default: 0] += 1
            return
        }
        let read = try ManifestObject(node, known, namespace).read()
        if let reason = read.reason {
            skippedObjects.append((read.object, reason))
        } else {
            objects.append(read.object)
        }
    }

    /// The versions whose fields are read.
    private static let versions: [PlannedObject.Kind: String] = [
        .pod: "v1", .deployment: "apps/v1", .statefulSet: "apps/v1", .daemonSet: "apps/v1", .replicaSet: "apps/v1",
        .job: "batch/v1", .cronJob: "batch/v1",
    ]

    /// Whether a text may be a kind, or a version with its group, and can be printed without quotes.
    static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 317
            && text.unicodeScalars.allSatisfy {
                $0.isASCII
                    && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || "/.-".unicodeScalars.contains($0))
            }
    }

    private static func withoutKind(_ node: ManifestNode) -> ManifestError {
        let isKustomization = ["resources", "bases", "patches", "images", "namePrefix"].contains { node[$0] != nil }
        return node.error(
            "kind is missing: this is no object of Kubernetes",
            hint: isKustomization
                ? "build the manifests first: kubectl kustomize FOLDER | ipamctl preflight -f -" : nil)
    }
}
