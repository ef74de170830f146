/// Finds the configurations of kube-ipam in the files of a CNI configuration directory.
public enum ConfigurationLocator {
    /// The `type` of an `ipam` object for kube-ipam.
    public static let pluginType = "kube-ipam"

    /// The complete plugin configurations in a parsed file whose `ipam.type` is "kube-ipam", in the order of the file.
    ///
    /// A file is a plugin configuration, a list with `plugins` (CNI spec section 1), or a Multus configuration with
    /// `delegates`, each of which is again one of these three. As in libcni, the plugins of a list get the list's `name` and the
    /// newest supported version of its `cniVersion` and `cniVersions`. Delegates inherit only those that they do not have.
    public static func networks(in file: JSONValue) -> [JSONValue] {
        guard var object = file.object else { return [] }
        object["cniVersion"] = CNIVersion.chosen(of: object)
        var found: [JSONValue] = []
        if object["ipam"]?["type"]?.string == pluginType { found.append(.object(object)) }
        for plugin in object["plugins"]?.array ?? [] {
            found += networks(in: inheriting(plugin, from: object, overriding: true))
        }
        for delegate in object["delegates"]?.array ?? [] {
            found += networks(in: inheriting(delegate, from: object, overriding: false))
        }
        return found
    }

    private static func inheriting(_ value: JSONValue, from parent: JSONObject, overriding: Bool) -> JSONValue {
        guard var object = value.object else { return value }
        for key in ["name", "cniVersion"] {
            let lacks = object[key] == nil && !(key == "cniVersion" && object["cniVersions"] != nil)
            if let inherited = parent[key], overriding || lacks { object[key] = inherited }
        }
        if overriding { object["cniVersions"] = nil }
        return .object(object)
    }
}
