extension NetworkConfiguration {
    /// The key under which CRI runtimes pass annotations (containerd's and CRI-O's capability of the same name).
    static let podAnnotationsKey = "io.kubernetes.cri.pod-annotations"

    /// Reads a parsed network configuration, such as one that ``ConfigurationLocator`` found: every member must be valid.
    ///
    /// - Throws: ``ConfigurationError`` with the key path.
    public init(_ value: JSONValue, cniArgs: CNIArguments = CNIArguments()) throws(ConfigurationError) {
        guard let object = value.object else { throw .notAnObject(found: value.kind) }
        try self.init(ConfigurationReader(object: object, path: ""), cniArgs)
    }

    /// - Throws: the first error, also if the reader keeps all of them.
    init(_ top: ConfigurationReader, _ cniArgs: CNIArguments) throws(ConfigurationError) {
        let runtime = try top.reader("runtimeConfig")
        let cniVersion = try top.attempt(try Self.version(top))
        let name = try top.attempt(try Self.name(top))
        guard let ipam = try top.reader("ipam") else {
            throw .missing(
                key: top.keyPath("ipam"), expected: "an object with \"type\": \"kube-ipam\" is required")
        }

        let before = ipam.errorCount
        let configured = try ipam.attempt(try RangeConfiguration(ipam: ipam))
        let passed = try ipam.attempt(
            try runtime?["ipRanges"].map { item throws(ConfigurationError) in
                try RangeConfiguration(runtime: item, excluding: configured?.excluded ?? [])
            })
        let rangeSets = configured?.sets ?? []
        let runtimeRangeSets = passed?.sets ?? []
        if ipam.errorCount == before {
            let paths = (passed?.paths ?? []) + (configured?.paths ?? [])
            _ = try ipam.attempt(try Self.check(runtimeRangeSets + rangeSets, paths, top, ipam, cniVersion))
        }
        requestedAddresses = try top.attempt(try Self.requestedAddresses(top, runtime, cniArgs)) ?? []
        routes = try Self.routes(ipam)
        resolvConf = try ipam.string("resolvConf")
        autoLimit = try ipam.integer("autoLimit", 0...1_048_576)
        historyDepth = try Self.historyDepth(ipam) ?? History.defaultDepth

        let store = try ipam.attempt(try Self.requiredStore(ipam))
        var etcd: EtcdSettings?
        if let store { etcd = try store.attempt(try Self.etcd(store)) }
        let outerKubeConfig = try ipam.string("kubeConfig")
        let innerKubeConfig = try store?.string("kubeConfig")
        kubeConfig = outerKubeConfig ?? innerKubeConfig ?? nil

        logFile = try ipam.string("logFile") ?? Self.defaultLogFile
        logLevel = try ipam.attempt(try Self.logLevel(ipam)) ?? .info
        timeoutSeconds = try ipam.attempt(try Self.timeout(ipam)) ?? Self.defaultTimeoutSeconds
        let wait = try ipam.attempt(try Self.waitForRelease(ipam)) ?? Self.defaultWaitForReleaseSeconds
        waitForReleaseSeconds = min(wait, Self.longestTimeoutSeconds - timeoutSeconds)
        nodeName = try ipam.string("nodeName")
        cluster = try ipam.string("cluster")
        annotations = try Self.keyword(ipam, "annotations", "none") ? .ignored : .required
        statusMode = try Self.keyword(ipam, "status", "strict") ? .strict : .configuration

        podAnnotations = try top.attempt(try Self.podAnnotations(runtime))
        prevResult = top["prevResult"]?.value
        validAttachments = try top.attempt(try Self.attachments(top))

        self.rangeSets = rangeSets
        self.runtimeRangeSets = runtimeRangeSets
        if let first = top.problems?.errors.first { throw first }
        // Each of these is absent only after an error.
        guard let cniVersion, let name, let etcd else { throw .empty }
        self.cniVersion = cniVersion
        self.name = name
        self.etcd = etcd
    }

    private static func requiredStore(_ ipam: ConfigurationReader) throws(ConfigurationError) -> ConfigurationReader {
        guard let store = try ipam.reader("etcdConfig") else {
            throw .missing(key: ipam.keyPath("etcdConfig"), expected: "an object with etcdURL is required")
        }
        return store
    }

    static func version(_ top: ConfigurationReader) throws(ConfigurationError) -> CNIVersion {
        let text = try (top["cniVersion"] ?? top.versions)?.string()
        guard let version = CNIVersion(text) else { throw .unknownVersion(text ?? "") }
        return version
    }

    static func name(_ top: ConfigurationReader) throws(ConfigurationError) -> NetworkName {
        guard let item = top.nonEmpty("name") else {
            throw .missing(key: top.keyPath("name"), expected: "the name of the network is required")
        }
        let text = try item.string()
        do { return try NetworkName(text) } catch { throw item.error(error.problem) }
    }

    /// An ADD must fit into one transaction of etcd.
    private static let mostRangeSets = 16
    /// In one range set: an ADD must be planned within milliseconds.
    private static let mostRanges = 256

    /// Checks the number of sets and of their ranges, and the sets against each other and against the version.
    private static func check(
        _ sets: [RangeSet], _ paths: [String], _ top: ConfigurationReader, _ ipam: ConfigurationReader,
        _ version: CNIVersion?
    ) throws(ConfigurationError) {
        guard !sets.isEmpty else {
            throw .missing(
                key: ipam.keyPath("subnet"), expected: "give a CIDR block such as 10.188.0.0/16, or ipam.ranges")
        }
        guard sets.count <= mostRangeSets, sets.allSatisfy({ $0.ranges.count <= mostRanges }) else {
            throw .value(
                key: ipam.keyPath("ranges"), found: "the list",
                problem: "has more than \(mostRangeSets) range sets, or a set of more than \(mostRanges) ranges")
        }
        try RangeConfiguration.requireDisjoint(sets, paths)
        guard let version, version < .v030 else { return }
        for family in [AddressFamily.ipv4, .ipv6] {
            let count = sets.count { $0.family == family }
            guard count > 1 else { continue }
            let problem = CNIResult.Problem.tooManyAddresses(family, count: count, version: version)
            throw .value(
                key: top.keyPath("cniVersion"), found: version.rawValue.quotedForPeople,
                problem: "does not fit the \(count) \(family) range sets: \(problem)")
        }
    }

    private static func requestedAddresses(
        _ top: ConfigurationReader, _ runtime: ConfigurationReader?, _ cniArgs: CNIArguments
    ) throws(ConfigurationError) -> [IPAddress] {
        let arguments = try top.reader("args")?.reader("cni")
        var addresses: [IPAddress] = []
        for item in try (arguments?.elements("ips") ?? []) + (runtime?.elements("ips") ?? []) {
            addresses.append(try item.addressIgnoringPrefixLength())
        }
        addresses += cniArgs.requestedAddresses
        var seen: Set<IPAddress> = []
        return addresses.filter { seen.insert($0).inserted }
    }

    private static func routes(_ ipam: ConfigurationReader) throws(ConfigurationError) -> [Route] {
        var routes: [Route] = []
        for item in try ipam.elements("routes") {
            if let route = try ipam.attempt(try route(item)) { routes.append(route) }
        }
        return routes
    }

    private static func route(_ item: ConfigurationReader.Item) throws(ConfigurationError) -> Route {
        let reader = try item.reader()
        guard let destination = try reader.blockOfAddress("dst") else {
            throw .missing(key: reader.keyPath("dst"), expected: "a route must have a destination such as 0.0.0.0/0")
        }
        let gateway = try reader.address("gw")
        if let gateway, gateway.family != destination.family {
            throw reader.error("gw", "is \(gateway.family), but the route goes to \(destination)")
        }
        return Route(
            destination: destination, gateway: gateway, mtu: try reader.integer("mtu", 0...4_294_967_295),
            advmss: try reader.integer("advmss", 0...65535),
            priority: try reader.integer("priority", 0...4_294_967_295),
            table: try reader.integer("table", 0...4_294_967_295), scope: try reader.integer("scope", 0...255))
    }

    static func etcd(_ reader: ConfigurationReader) throws(ConfigurationError) -> EtcdSettings {
        let certFile = try reader.string("etcdCertFile")
        let keyFile = try reader.string("etcdKeyFile")
        let caFile = try reader.string("etcdTrustedCAFileFile", "etcdTrustedCAFile")
        for (present, absent, other) in [
            (certFile, keyFile, ("etcdCertFile", "etcdKeyFile")), (keyFile, certFile, ("etcdKeyFile", "etcdCertFile")),
        ] where present != nil && absent == nil {
            let error = ConfigurationError.missing(
                key: reader.keyPath(other.1), expected: "it is required if \(reader.keyPath(other.0)) is set")
            guard let problems = reader.problems else { throw error }
            problems.add(error)
        }
        var settings = EtcdSettings(
            endpoints: [], certFile: certFile, keyFile: keyFile, caFile: caFile,
            username: try reader.string("etcdUsername"), password: try reader.secret("etcdPassword"))
        guard let item = reader.nonEmpty("etcdURL") else {
            throw .missing(
                key: reader.keyPath("etcdURL"), expected: "give endpoints such as \"https://192.168.1.50:2379\"")
        }
        let text = try item.string()
        for endpoint in EtcdSettings.list(text) {
            do {
                let url = try EtcdSettings.endpoint(endpoint, defaultsToTLS: certFile != nil || caFile != nil)
                if !settings.endpoints.contains(url) { settings.endpoints.append(url) }
            } catch {
                let error = ConfigurationError.value(key: item.key, found: error.subject, problem: error.problem)
                guard let problems = reader.problems else { throw error }
                problems.add(error)
            }
        }
        guard !settings.endpoints.isEmpty else {
            if let first = reader.problems?.errors.first(where: { $0.key == item.key }) { throw first }
            throw item.error("has no endpoint")
        }
        return settings
    }

    static func logLevel(_ ipam: ConfigurationReader) throws(ConfigurationError) -> LogLevel? {
        guard let item = ipam.nonEmpty("logLevel") else { return nil }
        guard let level = try LogLevel(rawValue: item.string()) else {
            let levels = LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
            throw item.kindError("one of \(levels)")
        }
        return level
    }

    static func timeout(_ ipam: ConfigurationReader) throws(ConfigurationError) -> Double? {
        guard let item = ipam["timeout"] else { return nil }
        guard let seconds = item.value.double, seconds > 0, seconds <= longestTimeoutSeconds else {
            throw item.kindError("a number of seconds greater than 0 and at most \(Int(longestTimeoutSeconds))")
        }
        return seconds
    }

    private static func waitForRelease(_ ipam: ConfigurationReader) throws(ConfigurationError) -> Double {
        guard let item = ipam["waitForRelease"] else { return defaultWaitForReleaseSeconds }
        guard let seconds = item.value.double, (0...longestWaitForReleaseSeconds).contains(seconds) else {
            throw item.kindError("a number of seconds from 0 to \(Int(longestWaitForReleaseSeconds))")
        }
        return seconds
    }

    static func historyDepth(_ ipam: ConfigurationReader) throws(ConfigurationError) -> Int? {
        try ipam.integer("historyDepth", 0...History.largestDepth)
    }

    /// Whether a key has its only valid value; false if it is absent.
    private static func keyword(
        _ ipam: ConfigurationReader, _ key: String, _ word: String
    ) throws(ConfigurationError) -> Bool {
        guard let item = ipam.nonEmpty(key) else { return false }
        guard item.value.string != word else { return true }
        let error = item.error("must be \(word.quotedForPeople) or left out")
        guard let problems = ipam.problems else { throw error }
        problems.add(error)
        return false
    }

    private static func podAnnotations(
        _ runtime: ConfigurationReader?
    ) throws(ConfigurationError) -> [String: String]? {
        guard let reader = try runtime?.reader(podAnnotationsKey) else {
            return runtime?.object[podAnnotationsKey] == nil ? nil : [:]
        }
        var annotations: [String: String] = [:]
        for member in reader.object.members {
            guard let text = member.value.string else {
                throw .value(
                    key: "\(reader.path)[\(member.key.quotedForPeople)]", found: member.value.excerpt,
                    problem: "must be a string")
            }
            annotations[member.key] = text
        }
        return annotations
    }

    static func attachments(_ top: ConfigurationReader) throws(ConfigurationError) -> [AttachmentReference]? {
        guard let item = top["cni.dev/valid-attachments"] ?? top["cni.dev/attachments"] else { return nil }
        var attachments: [AttachmentReference] = []
        for element in try item.elements() {
            let reader = try element.reader()
            guard let container = reader.nonEmpty("containerID") else {
                throw .missing(
                    key: reader.keyPath("containerID"), expected: "the container ID of the attachment is required")
            }
            guard let interface = reader.nonEmpty("ifname") else {
                throw .missing(
                    key: reader.keyPath("ifname"), expected: "the interface name of the attachment is required")
            }
            let texts = (try container.string(), try interface.string())
            let containerID: ContainerID
            do { containerID = try ContainerID(texts.0) } catch { throw container.error(error.problem) }
            do {
                attachments.append(AttachmentReference(containerID: containerID, ifname: try InterfaceName(texts.1)))
            } catch { throw interface.error(error.problem) }
        }
        return attachments
    }
}
