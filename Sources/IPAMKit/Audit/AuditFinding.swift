import Store

/// Something that an audit found.
public struct AuditFinding: Hashable, Sendable {
    public let code: AuditCode
    /// Nil for what is about the whole network.
    public let address: IPAddress?
    /// One sentence: what was seen.
    public let evidence: String
    public let repair: AuditRepair
    /// True where a repair must see the same twice.
    public let mustBeConfirmed: Bool
    /// Who has the address, or should not have it; nil if nobody has.
    public let holder: Tenancy?
    /// For whom a fence would reserve the address.
    public let fenceFor: ReservationHolder?
    /// The key that a repair compares, and the revision at which it was seen. Nil where the key must be absent.
    public let key: Key?
    public let revision: Revision?

    init(
        _ code: AuditCode, _ address: IPAddress?, _ evidence: String, repair: AuditRepair = .none,
        mustBeConfirmed: Bool = false, holder: Tenancy? = nil, fenceFor: ReservationHolder? = nil,
        seen record: Record? = nil
    ) {
        self.code = code
        self.address = address
        self.evidence = evidence
        self.repair = repair
        self.mustBeConfirmed = mustBeConfirmed
        // What its JSON keeps: a report that was saved is as good as a new one.
        self.holder = holder.flatMap { Tenancy(json: $0.json) }
        self.fenceFor = fenceFor
        key = record?.key
        revision = record?.modified
    }

    /// The pod's namespace, where a pod is concerned.
    public var namespace: String? {
        if let namespace = holder?.holder.namespace { return namespace.text }
        switch fenceFor {
        case .pod(let pod): return pod.namespace.text
        case .workload(let namespace, _, _), .namespace(let namespace): return namespace.text
        case .anyone, .unreadable, nil: return nil
        }
    }

    public var node: String? { holder?.holder.node }

    /// What makes two findings the same finding about the same state.
    public struct Identity: Hashable, Sendable {
        let code: AuditCode
        let address: IPAddress?
        let key: Key?
        let revision: Revision?
    }

    public var identity: Identity { Identity(code: code, address: address, key: key, revision: revision) }

    /// `{code, severity, address, evidence, repair, confirm, holder, reserveFor, key, revision}`; absent parts are left
    /// out.
    public var json: JSONValue {
        var object: JSONObject = ["code": .string(code.rawValue), "severity": .string(code.severity.rawValue)]
        object["address"] = address.map { .string($0.description) }
        object["evidence"] = .string(evidence)
        object["repair"] = .string(repair.rawValue)
        if mustBeConfirmed { object["confirm"] = true }
        object["holder"] = holder.map { .object($0.json) }
        object["reserveFor"] = fenceFor.map { .string($0.description) }
        object["key"] = key.map { .string($0.text) }
        object["revision"] = revision.map { JSONValue($0) }
        return .object(object)
    }

    /// Reads a finding of a report.
    ///
    /// - Throws: ``DamagedValue``.
    init(_ json: JSONValue) throws(DamagedValue) {
        guard let code = json["code"]?.string.flatMap(AuditCode.init),
            let repair = json["repair"]?.string.flatMap(AuditRepair.init)
        else { throw DamagedValue("a finding has no known code, or no known repair") }
        self.code = code
        self.repair = repair
        address = try json["address"]?.string.map { text throws(DamagedValue) in
            do throws(AddressError) { return try IPAddress(text) } catch { throw DamagedValue("\(error)") }
        }
        evidence = json["evidence"]?.string ?? ""
        mustBeConfirmed = json["confirm"]?.bool ?? false
        holder = json["holder"]?.object.flatMap { Tenancy(json: $0) }
        fenceFor = json["reserveFor"]?.string.flatMap { try? ReservationHolder($0) }
        key = json["key"]?.string.map { Key($0) }
        revision = json["revision"]?.int.map(Revision.init)
    }
}
