/// What a finding of a preflight is; the raw value is stable.
public enum PreflightCode: String, Hashable, Sendable, CaseIterable {
    /// An annotation is malformed, or its value is not a string.
    case annotationInvalid = "annotation-invalid"
    /// An annotation requests an address of this network, and names a network that does not exist.
    case annotationMisdirected = "annotation-misdirected"
    /// An annotation has no effect: a wrong key, or a netmask without an address.
    case annotationIgnored = "annotation-ignored"
    /// An annotation is on the workload itself, and not on its pod template.
    case annotationMisplaced = "annotation-misplaced"
    /// No pod can have the address.
    case addressNotAllowed = "address-not-allowed"
    /// The address is dynamic, and not reserved.
    case addressNotReserved = "address-not-reserved"
    /// The address is reserved for another pod or workload.
    case addressReserved = "address-reserved"
    /// Another pod has the address.
    case addressInUse = "address-in-use"
    /// Another object of the manifests gets the address.
    case addressWantedTwice = "address-wanted-twice"
    /// A workload has more pods than addresses.
    case tooFewAddresses = "too-few-addresses"
    /// The pods of this kind of object may not use `auto`.
    case autoRefused = "auto-refused"
    /// The namespace may not have more addresses by `auto`.
    case autoLimit = "auto-limit"
    /// Not enough free addresses are left.
    case poolExhausted = "pool-exhausted"
    /// An operator has put the network on hold.
    case networkOnHold = "network-on-hold"
    /// A rolling update cannot finish.
    case rolloutStuck = "rollout-stuck"
    /// A pod of a StatefulSet has no reservation, and others of its pods have.
    case ordinalUnreserved = "ordinal-unreserved"
    /// Two runs of a CronJob would need the same address at the same time.
    case runsOverlap = "runs-overlap"
    /// The manifests define an object twice.
    case definedTwice = "defined-twice"

    /// The finding in a few words, for a table; the reason of a line has the sentence.
    public var phrase: String {
        switch self {
        case .annotationInvalid: "an annotation is not valid"
        case .annotationMisdirected: "requested of another network"
        case .annotationIgnored: "an annotation has no effect"
        case .annotationMisplaced: "an annotation is misplaced"
        case .addressNotAllowed: "no pod can have it"
        case .addressNotReserved: "not reserved"
        case .addressReserved: "reserved for others"
        case .addressInUse: "in use by others"
        case .addressWantedTwice: "requested twice"
        case .tooFewAddresses: "more pods than addresses"
        case .autoRefused: "auto is not for these pods"
        case .autoLimit: "too many addresses by auto"
        case .poolExhausted: "too few free addresses"
        case .networkOnHold: "the network is on hold"
        case .rolloutStuck: "a rolling update cannot end"
        case .ordinalUnreserved: "dynamic, without reservation"
        case .runsOverlap: "two runs need one address"
        case .definedTwice: "defined again"
        }
    }

    /// Whether a pod does not get its address because of it.
    public var isError: Bool {
        switch self {
        case .annotationIgnored, .annotationMisplaced, .rolloutStuck, .ordinalUnreserved, .runsOverlap, .definedTwice:
            false
        case .annotationInvalid, .annotationMisdirected, .addressNotAllowed, .addressNotReserved, .addressReserved,
            .addressInUse, .addressWantedTwice, .tooFewAddresses, .autoRefused, .autoLimit, .poolExhausted,
            .networkOnHold:
            true
        }
    }
}

/// One line of a preflight: the pods of an object that fare alike, or a finding about the object.
public struct PreflightLine: Hashable, Sendable {
    /// The raw value is part of the JSON.
    public enum Status: String, Hashable, Sendable, CaseIterable {
        /// The pods get their addresses.
        case ok
        /// Nothing keeps a pod from its address now, but the manifest deserves a look.
        case warning
        /// The pods do not get their addresses.
        case error
    }

    /// What the line is about.
    public let object: PlannedObject
    /// Where it is in the manifest: of an annotation, or of the object.
    public let place: PlannedObject.Place
    /// `default/db-0`; the object, if Kubernetes chooses the names of its pods.
    public let pod: String
    /// The number of pods that fare alike; nil if it is unknown, and for a finding about the object.
    public internal(set) var pods: Int?
    /// The network whose addresses were judged; nil for a finding about the manifest itself.
    public let network: NetworkName?
    /// The addresses that the pod gets, or has requested, as far as they are known beforehand.
    public internal(set) var addresses: [IPAddress]
    /// The addresses of which each pod gets one; empty if that is not so.
    public let choices: [IPAddress]
    /// Nil if there is no finding.
    public let code: PreflightCode?
    /// How the pod gets its address, or why not.
    public let reason: String
    /// What to do next; nil if there is no advice.
    public let hint: String?
    /// Whether the line is about pods, and not about the object.
    public let isOfPods: Bool

    /// See ``Status``.
    public var status: Status { code.map { $0.isError ? .error : .warning } ?? .ok }

    /// Whether `other` says the same of further pods of the same object.
    func isLike(_ other: PreflightLine) -> Bool {
        var other = other
        other.pods = pods
        return isOfPods && self == other
    }
}

extension PreflightLine {
    /// `{status, code?, network?, kind, namespace, name, pod, pods?, addresses, oneOf?, reason, hint?, file, line}`
    public var json: JSONValue {
        var line: JSONObject = ["status": .string(status.rawValue)]
        line["code"] = code.map { .string($0.rawValue) }
        line["network"] = network.map { .string($0.text) }
        line["kind"] = .string(object.kind.rawValue)
        line["namespace"] = .string(object.namespace.text)
        line["name"] = .string(object.name.text)
        line["pod"] = .string(pod)
        line["pods"] = pods.map { JSONValue($0) }
        line["addresses"] = .array(addresses.map { .string($0.description) })
        if !choices.isEmpty { line["oneOf"] = .array(choices.map { .string($0.description) }) }
        line["reason"] = .string(reason)
        line["hint"] = hint.map(JSONValue.string)
        line["file"] = .string(place.file)
        line["line"] = JSONValue(place.line)
        return .object(line)
    }
}

/// What a preflight says about the pods on one network.
public struct PreflightReport: Hashable, Sendable {
    /// The network.
    public let network: NetworkName
    /// The revision of the store by which the pods were judged.
    public let revision: Int64
    /// In the order of the objects: first the pods of an object, then the findings about it.
    public let lines: [PreflightLine]
    /// Whether fixed addresses may be used without a record, because nodes may run the Go plugin.
    public let mayHaveGoNodes: Bool
}
