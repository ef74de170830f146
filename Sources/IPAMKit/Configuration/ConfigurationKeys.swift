/// Keys that nobody reads. The CNI specification lets a plugin ignore them, so a typing error would go unnoticed.
enum ConfigurationKeys {
    /// The keys of the objects that kube-ipam reads, by the last part of their path. Those that the reading has looked up are
    /// known, too.
    private static let known: [String: [String]] = [
        "ipam": [
            "type", "name", "subnet", "rangeStart", "rangeEnd", "gateway", "fixedStart", "fixedEnd", "exclude",
            "ranges", "routes",
            "resolvConf", "etcdConfig", "kubeConfig", "annotations", "autoLimit", "timeout", "waitForRelease",
            "historyDepth", "status", "nodeName", "cluster", "logFile", "logLevel",
        ],
        "ranges": ["subnet", "rangeStart", "rangeEnd", "gateway", "fixedStart", "fixedEnd", "exclude"],
        "routes": ["dst", "gw", "mtu", "advmss", "priority", "table", "scope"],
        "etcdconfig": [
            "etcdURL", "etcdCertFile", "etcdKeyFile", "etcdTrustedCAFileFile", "etcdTrustedCAFile", "etcdUsername",
            "etcdPassword", "kubeConfig",
        ],
    ]

    /// The keys of a plugin configuration that have a meaning for every plugin.
    private static let common = [
        "cniVersion", "cniVersions", "name", "type", "ipam", "dns", "args", "capabilities", "runtimeConfig",
        "prevResult", "plugins", "delegates", "disableCheck", "disableGC", "loadOnlyInlinedPlugins",
    ]

    /// The keys of the plugins that call kube-ipam most (containernetworking-plugins, folder `plugins/main`).
    private static let ofPlugins: [String: [String]] = [
        "macvlan": ["master", "mode", "mtu", "mac", "linkInContainer", "bcqueuelen"],
        "ipvlan": ["master", "mode", "mtu", "linkInContainer"],
        "bridge": [
            "bridge", "isGateway", "isDefaultGateway", "forceAddress", "ipMasq", "ipMasqBackend", "mtu", "hairpinMode",
            "promiscMode", "vlan", "vlanTrunk", "preserveDefaultVlan", "macspoofchk", "enabledad",
            "disableContainerInterface", "portIsolation", "mac",
        ],
        "ptp": ["ipMasq", "ipMasqBackend", "mtu"],
    ]

    static func doubts(_ problems: ConfigurationProblems, in top: ConfigurationReader) -> [ConfigurationDoubt] {
        let ipam = top.keyPath("ipam").lowercased()
        // All ranges have the same keys, and so have all routes.
        var lookedUp: [String: Set<String>] = [:]
        for (path, keys) in problems.keys { lookedUp[kind(path), default: []].formUnion(keys) }
        var doubts: [ConfigurationDoubt] = []
        for (path, object) in problems.objects where path.lowercased().hasPrefix(ipam) {
            let keys = lookedUp[kind(path), default: []].union(known[kind(path)] ?? [])
            doubts += self.doubts(ConfigurationReader(object: object, path: path), keys)
        }
        return doubts + misspelled(top)
    }

    /// The last name in a path in lower case: `ranges` of `plugins[0].ipam.ranges[1][0]`.
    private static func kind(_ path: String) -> String {
        let name = path.prefix(path.lastIndex { $0 == "." }.map { path.distance(from: path.startIndex, to: $0) } ?? 0)
        let last = name.isEmpty ? path[...] : path.dropFirst(name.count + 1)
        return last.prefix { $0 != "[" }.lowercased()
    }

    private static func doubts(_ reader: ConfigurationReader, _ keys: Set<String>) -> [ConfigurationDoubt] {
        reader.object.members.compactMap { member in
            let key = reader.keyPath(member.key)
            guard let name = keys.first(where: { ConfigurationReader.matches($0, member.key) }) else {
                let near = Spelling.nearest(
                    to: member.key.lowercased(), among: keys.map { $0.lowercased() }, tolerance: 5)
                let meant = near.flatMap { near in keys.first { $0.lowercased() == near } }
                return ConfigurationDoubt(
                    key: key, problem: "is not a key of kube-ipam, and is ignored",
                    next: meant.map { "did you mean \($0)?" })
            }
            guard let used = reader.member(name)?.key, used != member.key else { return nil }
            return ConfigurationDoubt(
                key: key, problem: "is ignored: \(reader.keyPath(used)) has the same meaning, and counts",
                next: "remove one of the two")
        }
    }

    /// The plugin's own keys are not kube-ipam's to judge; only those that look like a typing error are reported.
    private static func misspelled(_ top: ConfigurationReader) -> [ConfigurationDoubt] {
        let type = top["type"]?.value.string ?? ""
        let keys = common + (ofPlugins[type] ?? [])
        return top.object.members.compactMap { member in
            guard member.key.count > 3, !keys.contains(where: { ConfigurationReader.matches($0, member.key) }),
                let near = Spelling.nearest(to: member.key, among: keys.filter { $0.count > 3 }, tolerance: 5)
            else { return nil }
            return ConfigurationDoubt(
                key: top.keyPath(member.key), problem: "is not a known key of a plugin of this type",
                next: "did you mean \(near)?")
        }
    }
}
