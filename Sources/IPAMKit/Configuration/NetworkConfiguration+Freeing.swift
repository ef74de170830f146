/// What DEL and GC read: the way to the store, and nothing that they can do without.
extension NetworkConfiguration {
    /// Reads what DEL and GC need of a network configuration: `name`, `cniVersion`, how etcd is reached, and `prevResult`
    /// where it can be used. Of `ipam` the members `logFile`, `logLevel`, `timeout`, `nodeName` and `historyDepth` count
    /// where they can be used, else their defaults do, and ``ignored`` says so. No other member is looked at: what was
    /// wrong at the ADD, or became so since, does not keep a pod from being torn down.
    ///
    /// `cniVersion` must be one that is spoken here, also for DEL: a call in another version is answered with code 1 (CNI
    /// spec section 5, "Error"), because nobody knows what it means.
    ///
    /// - Parameters:
    ///   - json: the bytes of the configuration, at most ``sizeLimit``.
    ///   - command: DEL or GC. GC needs the list of attachments: one that cannot be read is an error, because by half of it
    ///     live attachments would be freed.
    ///   - nodeFiles: the node's own CNI files. Asked for where the configuration has no `etcdConfig` with an `etcdURL`
    ///     (Multus strips it): then the node's file of the same network serves, for what the configuration leaves out.
    /// - Throws: ``ConfigurationError`` that names the position or the key path.
    public init(
        freeing json: [UInt8], by command: CNICommand, nodeFiles: () -> ConfigurationFolder
    ) throws(ConfigurationError) {
        let value = try Self.parse(json)
        guard let object = value.object else { throw .notAnObject(found: value.kind) }
        let top = ConfigurationReader(object: object, path: "")
        cniVersion = try Self.version(top)
        name = try Self.name(top)
        validAttachments = command == .gc ? try Self.attachments(top) : nil

        var options = OptionalMembers()
        if let ipam = options.value(of: top, { (top) throws(ConfigurationError) in try top.reader("ipam") }) {
            options.sources.append(ipam)
        }
        etcd = try Self.etcd(try Self.store(of: name, &options, nodeFiles))

        logFile =
            options.first { (ipam) throws(ConfigurationError) in try ipam.string("logFile") } ?? Self.defaultLogFile
        logLevel = options.first(Self.logLevel) ?? .info
        timeoutSeconds = options.first(Self.timeout) ?? Self.defaultTimeoutSeconds
        nodeName = options.first { (ipam) throws(ConfigurationError) in try ipam.string("nodeName") }
        historyDepth = options.first(Self.historyDepth) ?? History.defaultDepth
        prevResult = command == .del ? options.value(of: top, Self.usablePrevResult) : nil
        ignored = options.ignored

        rangeSets = []
        runtimeRangeSets = []
        requestedAddresses = []
        routes = []
        annotations = .ignored
        statusMode = .configuration
        waitForReleaseSeconds = 0
    }

    /// The `etcdConfig` of the call, or, where it names no etcd, that of the node's own file, whose `ipam` then also says
    /// what else the call leaves out.
    private static func store(
        of network: NetworkName, _ options: inout OptionalMembers, _ nodeFiles: () -> ConfigurationFolder
    ) throws(ConfigurationError) -> ConfigurationReader {
        let ipam = options.sources.first
        let own = try ipam?.reader("etcdConfig")
        if let own, own.nonEmpty("etcdURL") != nil { return own }
        let folder = nodeFiles()
        if let file = folder.ipam(of: network), let store = try file.reader("etcdConfig") {
            options.sources.append(file)
            return store
        }
        let problem = folder.problems.first.map { " (\($0))" } ?? ""
        throw .missing(
            key: own == nil ? "ipam.etcdConfig" : "ipam.etcdConfig.etcdURL",
            expected:
                "no CNI file in \(folder.path) says where the etcd of network \(network) is\(problem); add etcdConfig "
                + "with etcdURL to the network's configuration, or a CNI file of network \(network) to \(folder.path)")
    }

    private static func usablePrevResult(_ top: ConfigurationReader) throws(ConfigurationError) -> JSONValue? {
        guard let item = top["prevResult"] else { return nil }
        _ = try item.reader().elements("ips")
        return item.value
    }
}

/// Members that an operation can do without: one that cannot be used counts as absent, and is remembered.
private struct OptionalMembers {
    /// The `ipam` of the call, then that of the node's own file where it is needed.
    var sources: [ConfigurationReader] = []
    private(set) var ignored: [ConfigurationError] = []

    /// What `read` finds in the first source that has it in a form that can be used.
    mutating func first<Value>(_ read: (ConfigurationReader) throws(ConfigurationError) -> Value?) -> Value? {
        for source in sources {
            if let found = value(of: source, read) { return found }
        }
        return nil
    }

    mutating func value<Value>(
        of source: ConfigurationReader, _ read: (ConfigurationReader) throws(ConfigurationError) -> Value?
    ) -> Value? {
        do throws(ConfigurationError) {
            return try read(source)
        } catch {
            ignored.append(error)
            return nil
        }
    }
}
