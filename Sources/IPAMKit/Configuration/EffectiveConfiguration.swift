/// A network configuration as it takes effect: with the defaults of all keys that the file leaves out, and without secrets.
public struct EffectiveConfiguration: Sendable {
    /// Where a value comes from.
    public enum Origin: String, Hashable, Sendable {
        /// The configuration.
        case file
        /// The documented default.
        case `default`
    }

    /// One key.
    public struct Member: Hashable, Sendable {
        /// The key path, such as `ipam.rangeStart`.
        public let key: String
        /// The value as JSON; nil if it is not known here, or is a secret.
        public let value: JSONValue?
        /// The value for people: a string without quotes, or in parentheses what stands for a value.
        public let text: String
        /// Where it comes from.
        public let origin: Origin
    }

    /// The network.
    public let name: NetworkName
    /// The complete configuration, which the plugin accepts. Secrets in it, also those of the plugin that calls kube-ipam,
    /// are null, as if they were absent (``isSecret(_:)``). Defaults that each node finds out for itself, such as its name,
    /// are left out.
    public let json: JSONValue
    /// All keys with a value or a default, in the order of ``json``; those that it leaves out are last.
    public let members: [Member]

    /// - Parameters:
    ///   - value: the plugin configuration, as ``ConfigurationLocator`` finds it.
    ///   - configuration: what was read from it.
    ///   - hasDefaultKubeConfig: whether ``NetworkConfiguration/defaultKubeConfig`` exists.
    public init(_ value: JSONValue, _ configuration: NetworkConfiguration, hasDefaultKubeConfig: Bool) {
        name = configuration.name
        var top = Filling(value.object ?? JSONObject())
        top.fill("cniVersion", .string(configuration.cniVersion.rawValue))
        var ipam = Filling(top["ipam"]?.object ?? JSONObject())
        var isUnknown: [Member] = []
        func known(_ key: String, elsewhere text: String) {
            guard ipam[key] == nil else { return }
            isUnknown.append(Member(key: "ipam.\(key)", value: nil, text: "(\(text))", origin: .default))
        }
        var sets = configuration.rangeSets[...]
        if ipam["subnet"] != nil, let range = sets.popFirst()?.ranges.first { ipam.fill(range) }
        if var listed = ipam["ranges"]?.array {
            for (index, set) in zip(listed.indices, sets) {
                guard var ranges = listed[index].array else { continue }
                for (place, range) in zip(ranges.indices, set.ranges) {
                    var object = Filling(ranges[place].object ?? JSONObject())
                    object.fill(range)
                    ranges[place] = .object(object.object)
                }
                listed[index] = .array(ranges)
            }
            ipam.replace("ranges", .array(listed))
        }
        var store = Filling(ipam["etcdConfig"]?.object ?? JSONObject())
        store.replace("etcdURL", .string(configuration.etcd.endpoints.joined(separator: ",")))
        ipam.replace("etcdConfig", .object(store.object))
        if configuration.kubeConfig == nil {
            if hasDefaultKubeConfig {
                ipam.fill("kubeConfig", .string(NetworkConfiguration.defaultKubeConfig))
            } else {
                known("kubeConfig", elsewhere: "\(NetworkConfiguration.defaultKubeConfig) if it exists")
            }
        }
        ipam.fill("timeout", Self.number(configuration.timeoutSeconds))
        ipam.replace("waitForRelease", Self.number(configuration.waitForReleaseSeconds))
        ipam.fill("historyDepth", JSONValue(configuration.historyDepth))
        ipam.fill("logFile", .string(configuration.logFile))
        ipam.fill("logLevel", .string(configuration.logLevel.rawValue))
        if !configuration.rangeSets.contains(where: { $0.ranges.contains { $0.fixed != nil } }) {
            known("fixedStart", elsewhere: "no fixed range")
        }
        known("annotations", elsewhere: "read, see kube-ipam.conf(5)")
        known("autoLimit", elsewhere: "no limit")
        known("status", elsewhere: "checks only the configuration")
        known("nodeName", elsewhere: "the node's host name")
        known("cluster", elsewhere: "the UID of kube-system")
        top.replace("ipam", .object(ipam.object))
        let complete = Self.withoutSecrets(.object(top.object))
        json = complete
        members = Self.members(of: complete, in: value, path: "") + isUnknown
    }

    /// Whether a member of this name holds a secret, in any object: its name contains `token`, `password`, `passwd`,
    /// `passphrase`, `secret`, `privateKey` or `keyData`, in any case and with or without `-` and `_`.
    static func isSecret(_ key: String) -> Bool {
        let name = key.lowercased().filter { $0 != "_" && $0 != "-" }
        return ["token", "password", "passwd", "passphrase", "secret", "privatekey", "keydata"]
            .contains(where: name.contains)
    }

    private static func withoutSecrets(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(var object):
            for member in object.members {
                let isSet = !member.value.isNull && member.value != ""
                object[member.key] = isSet && isSecret(member.key) ? .null : withoutSecrets(member.value)
            }
            return .object(object)
        case .array(let elements): return .array(elements.map(withoutSecrets))
        case .null, .string, .number, .bool: return value
        }
    }

    /// The text of a number without a fraction has none.
    private static func number(_ seconds: Double) -> JSONValue {
        Int(exactly: seconds).map { JSONValue($0) } ?? .number("\(seconds)")
    }

    /// - Parameter file: the same value before it was completed; nil if the file does not have it.
    private static func members(of value: JSONValue, in file: JSONValue?, path: String) -> [Member] {
        switch value {
        case .object(let object) where !object.isEmpty && !path.contains(".routes["):
            return object.members.flatMap { member in
                members(
                    of: member.value, in: file?.object?[member.key],
                    path: ConfigurationReader.keyPath(path, member.key))
            }
        case .array(let elements) where !elements.isEmpty:
            let former = file?.array ?? []
            return elements.enumerated().flatMap { index, element in
                members(of: element, in: index < former.count ? former[index] : nil, path: "\(path)[\(index)]")
            }
        case .null:
            guard let file, !file.isNull else { return [] }
            return [Member(key: path, value: nil, text: "(set, not shown)", origin: .file)]
        case .object, .array, .string, .number, .bool:
            let isInFile = file.map { !$0.isNull && $0 != "" } ?? false
            return [
                Member(
                    key: path, value: value, text: value.string ?? value.serialized(),
                    origin: isInFile ? .file : .default)
            ]
        }
    }
}

/// An object whose members are completed. Keys are found in any case, as the plugin finds them.
private struct Filling {
    private(set) var object: JSONObject

    init(_ object: JSONObject) {
        self.object = object
    }

    /// The key as it is written.
    private func written(_ key: String) -> String {
        ConfigurationReader(object: object, path: "").member(key)?.key ?? key
    }

    /// The value of a member; nil if it counts as absent.
    subscript(key: String) -> JSONValue? {
        guard let value = object[written(key)], !value.isNull, value != "" else { return nil }
        return value
    }

    mutating func replace(_ key: String, _ value: JSONValue) { object[written(key)] = value }

    mutating func fill(_ key: String, _ value: JSONValue) {
        if self[key] == nil { replace(key, value) }
    }

    mutating func fill(_ range: PoolRange) {
        fill("rangeStart", .string(range.rangeStart.description))
        fill("rangeEnd", .string(range.rangeEnd.description))
        fill("gateway", .string(range.gateway.description))
    }
}
