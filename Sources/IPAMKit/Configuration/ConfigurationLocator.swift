/// Finds the configurations of kube-ipam in the files of a CNI configuration directory.
public enum ConfigurationLocator {
    /// The `type` of an `ipam` object for kube-ipam.
    public static let pluginType = "kube-ipam"

    /// The complete plugin configurations in a parsed file whose `ipam.type` is "kube-ipam", in the order of the file.
    ///
    /// A file is a plugin configuration, a list with `plugins` (CNI spec section 1), or a Multus configuration with
    /// `delegates`, each of which is again one of these three. As in libcni, the plugins of a list get the list's `name` and the
    /// newest supported version of its `cniVersion` and `cniVersions`. Delegates inherit only those that they do not have.
    public static func networks(in file: JSONValue) -> [JSONValue] { found(in: file).map(\.value) }

    /// A configuration with a name: Multus gives one without a `name` that of its NetworkAttachmentDefinition.
    public static func named(_ file: JSONValue, _ name: String?) -> JSONValue {
        guard let name, var object = file.object, object["name"]?.string ?? "" == "" else { return file }
        object["name"] = .string(name)
        return .object(object)
    }

    /// A plugin configuration, and where it stands in its file.
    struct Found {
        let value: JSONValue
        /// The key path of the plugin in the file, such as `delegates[0].plugins[1]`; empty for the file's own object.
        let path: String
        /// The paths of the objects from which `name` and `cniVersion` are inherited.
        let origins: [String: String]
    }

    /// The same as ``networks(in:)``, with their places.
    static func found(in file: JSONValue, path: String = "", origins: [String: String] = [:]) -> [Found] {
        guard var object = file.object else { return [] }
        object["cniVersion"] = CNIVersion.chosen(of: object)
        var found: [Found] = []
        if object["ipam"]?["type"]?.string == pluginType {
            found.append(Found(value: .object(object), path: path, origins: origins))
        }
        for (list, isOverriding) in [("plugins", true), ("delegates", false)] {
            let key = ConfigurationReader.keyPath(path, list)
            for (index, element) in (object[list]?.array ?? []).enumerated() {
                var (value, inherited) = inheriting(element, from: object, overriding: isOverriding)
                inherited = inherited.mapValues { origins[$0] ?? path }
                found += self.found(in: value, path: "\(key)[\(index)]", origins: inherited)
            }
        }
        return found
    }

    /// - Returns: the value, and the keys that it has inherited, each as its own value.
    private static func inheriting(_ value: JSONValue, from parent: JSONObject, overriding: Bool)
        -> (JSONValue, [String: String])
    {
        guard var object = value.object else { return (value, [:]) }
        var keys: [String: String] = [:]
        for key in ["name", "cniVersion"] {
            let lacks = object[key] == nil && !(key == "cniVersion" && object["cniVersions"] != nil)
            if let inherited = parent[key], overriding || lacks {
                object[key] = inherited
                keys[key] = key
            }
        }
        if overriding { object["cniVersions"] = nil }
        return (.object(object), keys)
    }
}
