/// Finds the configurations of kube-ipam in the files of a CNI configuration directory.
public enum ConfigurationLocator {
    /// The `type` of an `ipam` object that is meant for kube-ipam.
    public static let pluginType = "kube-ipam"

    /// Each complete plugin configuration of a parsed file whose `ipam.type` is "kube-ipam", in the order of the file.
    ///
    /// A file is a plugin configuration, a list with `plugins` (CNI spec section 1), or a Multus configuration with
    /// `delegates`, each of which is one of these again. As libcni does, the plugins of a list get its `name` and the newest
    /// of its `cniVersion` and `cniVersions` that is spoken here; delegates inherit what they lack.
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
