/// The result of an audit of one network, complete enough to repair from later.
public struct AuditReport: Hashable, Sendable {
    /// The version of the JSON format.
    public static let format = 1

    /// The network that was audited.
    public let network: NetworkName
    /// The store's revision that was judged.
    public let revision: Int64
    /// The time of the audit.
    public let at: Timestamp
    /// The identity of the Kubernetes cluster that was asked; nil if it is not known, or if a node judged alone.
    public let cluster: String?
    /// The node that judged alone (`--node-local`); nil if Kubernetes was asked.
    public let node: String?
    /// The number of addresses that are used or reserved.
    public let checked: Int
    /// The number of pods that Kubernetes listed.
    public let pods: Int
    /// The number of holders that could not be judged, by the reason.
    public let unjudged: [String: Int]
    /// The remedy for each of these reasons.
    public let remedies: [String: String]
    /// Messages about values that could not be read, and about the network as a whole.
    public let warnings: [String]
    /// Messages about findings of a saved report that could not be read; empty in a new report.
    public let unreadable: [String]
    /// Sorted by address.
    public var findings: [AuditFinding]

    /// The same report with only the findings for which `isWanted` is true.
    public func filtered(_ isWanted: (AuditFinding) -> Bool) -> AuditReport {
        var report = self
        report.findings = findings.filter(isWanted)
        return report
    }

    /// The findings that may be repaired: those that are certain, and those that an earlier report has, too.
    ///
    /// - Parameters:
    ///   - included: the codes of `--include`.
    ///   - earlier: an earlier report; nil if there is none.
    ///   - grace: the least number of seconds between the two reports.
    public func repairable(including included: Set<AuditCode>, confirmedBy earlier: AuditReport?, grace: Int64)
        -> [AuditFinding]
    {
        let isLater = earlier.map { at >= $0.at.advanced(bySeconds: grace) } ?? false
        let known = isLater ? Set((earlier?.findings ?? []).map(\.identity)) : []
        return findings.filter { finding in
            guard finding.repair != .none, Self.isWanted(finding.code, included) else { return false }
            guard finding.mustBeConfirmed else { return true }
            return known.contains(finding.identity)
        }
    }

    /// The findings that could be repaired after a second check.
    public func unconfirmed(including included: Set<AuditCode>) -> [AuditFinding] {
        findings.filter { $0.mustBeConfirmed && $0.repair != .none && Self.isWanted($0.code, included) }
    }

    private static func isWanted(_ code: AuditCode, _ included: Set<AuditCode>) -> Bool {
        !code.isRepairedOnlyWhenIncluded || included.contains(code)
    }

    // MARK: JSON

    /// `{format, network, revision, at, cluster, node, checked, pods, unjudged, remedies, warnings, findings}`; absent
    /// members are left out. `unjudged` has a count for each reason, `remedies` a message.
    public var json: JSONValue {
        var object: JSONObject = [
            "format": JSONValue(Self.format), "network": .string(network.text), "revision": JSONValue(revision),
            "at": .string(at.description),
        ]
        object["cluster"] = cluster.map(JSONValue.string)
        object["node"] = node.map(JSONValue.string)
        object["checked"] = JSONValue(checked)
        object["pods"] = JSONValue(pods)
        if !unjudged.isEmpty {
            object["unjudged"] = .object(
                JSONObject(unjudged.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) }))
            object["remedies"] = .object(
                JSONObject(remedies.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        if !warnings.isEmpty { object["warnings"] = .array(warnings.map(JSONValue.string)) }
        object["findings"] = .array(findings.map(\.json))
        return .object(object)
    }

    /// Reads a report.
    ///
    /// - Throws: ``DamagedValue``, also if this version does not know the format.
    public init(_ json: JSONValue) throws(DamagedValue) {
        guard json["format"]?.int == Self.format else {
            throw DamagedValue("it is no audit report of format \(Self.format)")
        }
        guard let name = json["network"]?.string, let network = try? NetworkName(name),
            let revision = json["revision"]?.int, let at = json["at"]?.string.flatMap(Timestamp.init),
            let listed = json["findings"]?.array
        else { throw DamagedValue("it has no network, revision, time or findings") }
        self.network = network
        self.revision = Int64(revision)
        self.at = at
        cluster = json["cluster"]?.string
        node = json["node"]?.string
        checked = json["checked"]?.int ?? 0
        pods = json["pods"]?.int ?? 0
        unjudged = [:]
        remedies = [:]
        findings = []
        var problems: [String] = []
        for (index, element) in listed.enumerated() {
            do throws(DamagedValue) {
                findings.append(try AuditFinding(element))
            } catch {
                problems.append("finding \(index + 1) of the report cannot be used: \(error)")
            }
        }
        warnings = (json["warnings"]?.array ?? []).compactMap(\.string)
        unreadable = problems
    }

    init(
        _ snapshot: NetworkSnapshot, at: Timestamp, cluster: String?, node: String?, pods: Int,
        unjudged: [UnverifiableReason: Int], warnings: [String], findings: [AuditFinding]
    ) {
        network = snapshot.network
        revision = snapshot.revision
        self.at = at
        self.cluster = cluster
        self.node = node
        self.pods = pods
        self.unjudged = Dictionary(unjudged.map { ($0.key.description, $0.value) }, uniquingKeysWith: +)
        remedies = Dictionary(unjudged.map { ($0.key.description, $0.key.remedy) }) { first, _ in first }
        self.warnings = warnings
        unreadable = []
        self.findings = findings
        checked = Set(snapshot.used.keys).union(snapshot.reservations.keys).count
    }
}
