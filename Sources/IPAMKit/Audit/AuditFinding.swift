import Store

/// Something that an audit found.
public struct AuditFinding: Hashable, Sendable {
    /// What kind of finding it is.
    public let code: AuditCode
    /// Nil if the finding is about the whole network.
    public let address: IPAddress?
    /// A message that says what was seen.
    public let evidence: String
    /// What `--repair` does about it.
    public let repair: AuditRepair
    /// True if a second check must find the same before the repair.
    public let mustBeConfirmed: Bool
    /// The tenancy that the finding is about; nil if nobody uses the address.
    public let holder: Tenancy?
    /// The holder that a fence reserves the address for.
    public let fenceFor: ReservationHolder?
    /// The key that a repair compares; nil if the repair requires that the key is absent.
    public let key: Key?
    /// The revision at which ``key`` was last changed.
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
        // Only what JSON keeps, so that a saved report equals a new one.
        self.holder = holder.flatMap { Tenancy(json: $0.json) }
        self.fenceFor = fenceFor
        key = record?.key
        revision = record?.modified
    }

    /// The name of the holder's node; nil if it is not recorded.
    public var node: String? { holder?.holder.node }

    /// Equal for findings about the same state: the code, the address, and the key at its revision.
    public struct Identity: Hashable, Sendable {
        let code: AuditCode
        let address: IPAddress?
        let key: Key?
        let revision: Revision?
    }

    /// See ``Identity``.
    public var identity: Identity { Identity(code: code, address: address, key: key, revision: revision) }

    /// `{code, severity, address, evidence, repair, confirm, holder, reserveFor, key, revision}`; absent members are
    /// left out.
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
