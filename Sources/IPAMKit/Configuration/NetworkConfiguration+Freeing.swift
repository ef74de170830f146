/// The configuration of DEL and GC: the connection to the store, and little else.
extension NetworkConfiguration {
    /// Reads the members of a network configuration that DEL and GC need: `name`, `cniVersion`, the connection to etcd, and for
    /// DEL `prevResult` if it is valid. Of `ipam`, the members `logFile`, `logLevel`, `timeout`, `nodeName` and `historyDepth`
    /// count; if one is invalid, its default applies and its error is added to ``ignored``. All other members are ignored, so
    /// that a pod can be torn down whatever they contain.
    ///
    /// `cniVersion` must be a supported version, also for DEL: a call with another version fails with code 1 (CNI spec section
    /// 5, "Error"), because its meaning is not known.
    ///
    /// - Parameters:
    ///   - json: the bytes of the configuration, at most ``sizeLimit``.
    ///   - command: DEL or GC. For GC, a list of attachments that cannot be read completely is an error, because the
    ///     attachments that are missing in it would be freed.
    ///   - nodeFiles: returns the node's own CNI files. Called only if the configuration has no `etcdConfig` with an `etcdURL`
    ///     (Multus removes it); then the node's file for the same network supplies all that the configuration leaves out.
    /// - Throws: ``ConfigurationError`` with the position or the key path.
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
        var nodeFile: String?
        etcd = try Self.etcd(try Self.store(of: name, &options, &nodeFile, nodeFiles))
        self.nodeFile = nodeFile

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

    /// The `etcdConfig` of the call. If it has no `etcdURL`, that of the node's own file, whose `ipam` then also supplies the
    /// other members that the call leaves out.
    private static func store(
        of network: NetworkName, _ options: inout OptionalMembers, _ nodeFile: inout String?,
        _ nodeFiles: () -> ConfigurationFolder
    ) throws(ConfigurationError) -> ConfigurationReader {
        let ipam = options.sources.first
        let own = try ipam?.reader("etcdConfig")
        if let own, own.nonEmpty("etcdURL") != nil { return own }
        let folder = nodeFiles()
        let files = folder.ipams(of: network)
        if let first = files.first, let store = try first.ipam.reader("etcdConfig") {
            // An address that is freed in the wrong etcd stays used in the right one.
            let settings = try files.map { file throws(ConfigurationError) in
                try file.ipam.reader("etcdConfig").map(Self.etcd)
            }
            guard settings.allSatisfy({ $0 == settings.first }) else {
                throw .missing(
                    key: "ipam.etcdConfig",
                    expected:
                        "the CNI files \(files.map(\.path).joined(separator: " and ")) name different etcd clusters for "
                        + "network \(network); remove the file that is out of date")
            }
            options.sources.append(first.ipam)
            nodeFile = first.path
            return store
        }
        // An error in the call's own `ipam` may be the cause.
        if let ignored = options.ignored.first { throw ignored }
        let problem = folder.problems.first.map { " (\($0))" } ?? ""
        throw .missing(
            key: own == nil ? "ipam.etcdConfig" : "ipam.etcdConfig.etcdURL",
            expected:
                "no CNI file in \(folder.path) has the etcdURL of network \(network)\(problem); add etcdConfig with "
                + "etcdURL to the network's configuration, or a CNI file of network \(network) to \(folder.path)")
    }

    private static func usablePrevResult(_ top: ConfigurationReader) throws(ConfigurationError) -> JSONValue? {
        guard let item = top["prevResult"] else { return nil }
        _ = try item.reader().elements("ips")
        return item.value
    }
}

/// Members that an operation does not need: an invalid member counts as absent, and its error is kept.
private struct OptionalMembers {
    /// The `ipam` of the call, then that of the node's own file if it is needed.
    var sources: [ConfigurationReader] = []
    private(set) var ignored: [ConfigurationError] = []

    /// The first valid value that `read` finds in the sources.
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
