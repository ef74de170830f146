/// The supported versions of the CNI specification.
public enum CNIVersion: String, Hashable, Sendable, CaseIterable, Comparable, CustomStringConvertible {
    /// 0.1.0, the version of a configuration without `cniVersion`.
    case v010 = "0.1.0"
    /// 0.2.0, the last version with `ip4` and `ip6` in the result.
    case v020 = "0.2.0"
    /// 0.3.0, the first version with a list of addresses in the result.
    case v030 = "0.3.0"
    /// 0.3.1.
    case v031 = "0.3.1"
    /// 0.4.0, the first version with CHECK.
    case v040 = "0.4.0"
    /// 1.0.0, the first version without `version` in the addresses of the result.
    case v100 = "1.0.0"
    /// 1.1.0, the first version with GC and STATUS.
    case v110 = "1.1.0"

    /// The version of an error report if the configuration's version is not known.
    public static let newest = CNIVersion.v110

    /// Reads the `cniVersion` of a configuration. An absent or empty value is 0.1.0, as in libcni; the result is nil if the
    /// version is not supported.
    public init?(_ text: String?) {
        guard let text, !text.isEmpty else {
            self = .v010
            return
        }
        guard let version = CNIVersion(rawValue: text) else { return nil }
        self = version
    }

    /// The effective version of a configuration with `cniVersion` and `cniVersions` (CNI 1.1, "Network configuration
    /// format"): the newest supported version, as in libcni; the first version if none is supported; nil if both members are
    /// absent.
    static func chosen(of object: JSONObject) -> JSONValue? {
        let version = object["cniVersion"].flatMap { $0.isNull ? nil : $0 }
        guard let listed = object["cniVersions"]?.array, !listed.isEmpty else { return version }
        let named = ([version].compactMap { $0 } + listed).compactMap(\.string)
        let newest = named.compactMap { CNIVersion(rawValue: $0) }.max()
        return (newest?.rawValue ?? named.first).map(JSONValue.string) ?? version
    }

    /// The version as written, such as "0.3.1".
    public var description: String { rawValue }

    /// Orders by age, the oldest version first.
    public static func < (left: CNIVersion, right: CNIVersion) -> Bool {
        // Every part of every version is one digit, so the texts sort like the versions.
        left.rawValue < right.rawValue
    }

    /// All versions, oldest first, with ", " between them.
    static var list: String {
        allCases.map(\.rawValue).joined(separator: ", ")
    }

    /// The result of VERSION (CNI spec section 5, "Version"); this version is that of the request.
    public func versionReport() -> JSONValue {
        ["cniVersion": .string(rawValue), "supportedVersions": .array(Self.allCases.map { .string($0.rawValue) })]
    }
}
