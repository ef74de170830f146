/// The versions of the CNI specification that are spoken here.
public enum CNIVersion: String, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// 0.1.0, which a configuration without `cniVersion` means.
    case v010 = "0.1.0"
    /// 0.2.0, the last one with `ip4` and `ip6` in the result.
    case v020 = "0.2.0"
    /// 0.3.0, the first one with a list of addresses in the result.
    case v030 = "0.3.0"
    /// 0.3.1.
    case v031 = "0.3.1"
    /// 0.4.0, the first one with CHECK.
    case v040 = "0.4.0"
    /// 1.0.0, the first one without `version` in the addresses of the result.
    case v100 = "1.0.0"
    /// 1.1.0, the first one with GC and STATUS.
    case v110 = "1.1.0"

    /// The newest version.
    public static let newest = CNIVersion.v110

    /// The version that a configuration names. An absent or empty `cniVersion` is 0.1.0, as in libcni; nil stands for a
    /// version that is not spoken here.
    public init?(_ text: String?) {
        guard let text, !text.isEmpty else {
            self = .v010
            return
        }
        guard let version = CNIVersion(rawValue: text) else { return nil }
        self = version
    }

    /// The version that counts of a configuration's `cniVersion` and `cniVersions` (CNI 1.1, "Network configuration
    /// format"): the newest that is spoken here, as libcni chooses; nil where neither is there. Where none is spoken it is the
    /// first that is named.
    static func chosen(of object: JSONObject) -> JSONValue? {
        let version = object["cniVersion"].flatMap { $0.isNull ? nil : $0 }
        guard let listed = object["cniVersions"]?.array, !listed.isEmpty else { return version }
        let named = ([version].compactMap { $0 } + listed).compactMap(\.string)
        let newest = named.compactMap { CNIVersion(rawValue: $0) }.max()
        return (newest?.rawValue ?? named.first).map(JSONValue.string) ?? version
    }

    /// The version as written, such as "0.3.1".
    public var description: String { rawValue }

    /// Orders by age, the oldest first.
    public static func < (left: CNIVersion, right: CNIVersion) -> Bool {
        // The texts have one form, a digit for each part, and so sort as the versions do.
        left.rawValue < right.rawValue
    }

    /// All versions, comma separated, oldest first.
    static var list: String {
        allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// The answer to VERSION (CNI spec section 5, "Version"), in the version that was asked with.
    public func versionReport() -> JSONValue {
        ["cniVersion": .string(rawValue), "supportedVersions": .array(Self.allCases.map { .string($0.rawValue) })]
    }
}
