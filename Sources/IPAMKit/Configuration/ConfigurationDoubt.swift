/// Something in a configuration that the plugin accepts, and that may be a mistake.
struct ConfigurationDoubt {
    /// The key path.
    let key: String
    /// What is doubtful: a clause whose subject is the key.
    let problem: String
    /// What to do: an imperative clause.
    let next: String?
}

extension ConfigurationDoubt {
    /// What is doubtful in the values of a configuration.
    ///
    /// - Parameters:
    ///   - top: the plugin configuration.
    ///   - configuration: what was read from it; nil if it has errors.
    ///   - places: of the keys in the file.
    static func all(
        in top: ConfigurationReader, _ configuration: NetworkConfiguration?,
        _ situation: ConfigurationReview.Situation, places: [String: JSONPlace]
    ) -> [ConfigurationDoubt] {
        guard let ipam = (try? top.reader("ipam")) ?? nil else { return [] }
        var doubts = plugin(top) + unusedRange(ipam) + fullRange(ipam, configuration)
        if configuration?.annotations == .required, configuration?.kubeConfig == nil {
            doubts += annotations(top, ipam, situation)
        }
        guard let exists = situation.exists else { return doubts }
        let store = (try? ipam.reader("etcdConfig")) ?? nil
        let files: [(ConfigurationReader?, String)] = [
            (ipam, "kubeConfig"), (store, "kubeConfig"), (ipam, "resolvConf"), (store, "etcdCertFile"),
            (store, "etcdKeyFile"), (store, "etcdTrustedCAFileFile"), (store, "etcdTrustedCAFile"),
        ]
        for (reader, name) in files {
            guard let item = reader?.nonEmpty(name), let path = item.value.string, !exists(path) else { continue }
            doubts.append(
                ConfigurationDoubt(
                    key: item.key, problem: "is \(path.quotedForPeople), which does not exist on this machine",
                    next: "check that it exists on the nodes"))
        }
        return doubts
    }

    private static func plugin(_ top: ConfigurationReader) -> [ConfigurationDoubt] {
        var doubts: [ConfigurationDoubt] = []
        if let version = top["cniVersion"], version.value.string == CNIVersion.v110.rawValue {
            doubts.append(
                ConfigurationDoubt(
                    key: version.key,
                    problem: "is 1.1.0, with which containerd 1.6 and the plugins of Debian 12 (1.1.1) fail",
                    next: "write 1.0.0, unless all nodes have newer ones"))
        }
        if let type = top["type"]?.value.string, ["macvlan", "ipvlan"].contains(type), top.nonEmpty("master") == nil {
            doubts.append(
                ConfigurationDoubt(
                    key: top.keyPath("master"),
                    problem: "is missing: \(type) uses the interface of the node's default route",
                    next: "name the interface, such as \"eth0\""))
        }
        return doubts
    }

    /// Range sets in which no dynamic address is left.
    private static func fullRange(_ ipam: ConfigurationReader, _ configuration: NetworkConfiguration?)
        -> [ConfigurationDoubt]
    {
        guard let empty = configuration?.rangeSets.first(where: \.dynamicSpace.isEmpty) else { return [] }
        let subnets = empty.ranges.map(\.subnet.description).joined(separator: ", ")
        let key = ["exclude", "fixedStart", "subnet", "ranges"].first { ipam[$0] != nil } ?? "subnet"
        return [
            ConfigurationDoubt(
                key: ipam.keyPath(key),
                problem:
                    "leaves no dynamic address of \(subnets): only pods with a reservation or an annotation get one",
                next: "leave room between the fixed and the excluded addresses, unless this is meant")
        ]
    }

    /// Members of a range that belong to `ipam.subnet`, which is absent.
    private static func unusedRange(_ ipam: ConfigurationReader) -> [ConfigurationDoubt] {
        guard ipam.nonEmpty("subnet") == nil, ipam["ranges"] != nil else { return [] }
        return ["rangeStart", "rangeEnd", "gateway"].compactMap { ipam.nonEmpty($0) }.map {
            ConfigurationDoubt(
                key: $0.key, problem: "is ignored without \(ipam.keyPath("subnet"))",
                next: "write it beside the subnet that it belongs to, in \(ipam.keyPath("ranges"))")
        }
    }

    /// - Returns: a doubt if the pods' annotations may be out of reach, because no kubeconfig is named.
    private static func annotations(
        _ top: ConfigurationReader, _ ipam: ConfigurationReader, _ situation: ConfigurationReview.Situation
    ) -> [ConfigurationDoubt] {
        let fallback = NetworkConfiguration.defaultKubeConfig
        if situation.exists?(fallback) == true { return [] }
        let isMultus = situation.isMultus || top.path.contains("delegates[")
        let capability = NetworkConfiguration.podAnnotationsKey
        let declared = ((try? top.reader("capabilities")) ?? nil)?[capability]?.value == true
        guard isMultus || !declared else { return [] }
        let reason =
            isMultus
            ? "Multus does not pass the pods' annotations"
            : "the capability \(capability), with which the runtime passes the pods' annotations, is not declared"
        return [
            ConfigurationDoubt(
                key: ipam.keyPath("kubeConfig"),
                problem: "is missing, and \(reason): pods are refused on nodes without \(fallback)",
                next: isMultus
                    ? "name a kubeconfig, or set \"annotations\": \"none\""
                    : "name a kubeconfig, declare the capability, or set \"annotations\": \"none\"")
        ]
    }
}
