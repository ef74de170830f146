/// The least important messages that are written to the log.
public enum LogLevel: String, Hashable, Sendable, CaseIterable {
    /// Also operations that change nothing, such as CHECK.
    case debug
    /// Also completed operations, such as ADD and DEL.
    case info
    /// Also unexpected conditions, and failures that may pass by themselves (code 11).
    case warning
    /// Only failures.
    case error
}

/// The checks of STATUS.
public enum StatusMode: Hashable, Sendable {
    /// Only the configuration is checked.
    case configuration
    /// `"status": "strict"`: the store must also answer.
    case strict
}

/// The treatment of pods' annotations.
public enum AnnotationPolicy: Hashable, Sendable {
    /// A pod's annotations must be known: from the runtime, else from Kubernetes.
    case required
    /// `"annotations": "none"`: annotations are not read.
    case ignored
}

/// A CNI network configuration for kube-ipam: the standard input of the plugin, or a file.
public struct NetworkConfiguration: Sendable {
    /// The largest accepted size of a configuration, in bytes: 1 MiB.
    public static let sizeLimit = 1 << 20
    /// The path of the log if `ipam.logFile` is absent.
    public static let defaultLogFile = "/var/log/kube-ipam.log"
    /// The kubeconfig that the Go project documents; it is used if the configuration has no `kubeConfig` and the file exists.
    public static let defaultKubeConfig = "/etc/kubernetes/pki/kubectl.kubeconfig"
    /// The default of `ipam.timeout`, in seconds.
    public static let defaultTimeoutSeconds = 20.0
    /// The largest value of `ipam.timeout`, in seconds; the kubelet gives up after 240.
    public static let longestTimeoutSeconds = 220.0
    /// The default of `ipam.waitForRelease`, in seconds.
    public static let defaultWaitForReleaseSeconds = 15.0
    /// The largest value of `ipam.waitForRelease`, in seconds.
    public static let longestWaitForReleaseSeconds = 120.0

    /// The most elements that all lists `exclude` may have together: every ADD reads what they become in the store.
    public static let mostExcluded = 1000

    /// `name`: the name of the network.
    public var name: NetworkName
    /// `cniVersion`, else the newest supported version of `cniVersions`; 0.1.0 if both are absent.
    public var cniVersion: CNIVersion
    /// The range sets of `ipam`: those of `ipam.subnet`, then those of `ipam.ranges`.
    public var rangeSets: [RangeSet]
    /// The range sets of `runtimeConfig.ipRanges`, which are never stored.
    public var runtimeRangeSets: [RangeSet]
    /// The addresses that the runtime requests, each once: `args.cni.ips`, `runtimeConfig.ips`, CNI_ARGS `IP`.
    public var requestedAddresses: [IPAddress]
    /// `ipam.routes`, in their order; empty if absent.
    public var routes: [Route]
    /// `ipam.resolvConf`: the path of a resolv.conf(5) file for `dns` of the result; nil for a result without `dns`.
    public var resolvConf: String?
    /// `ipam.etcdConfig`.
    public var etcd: EtcdSettings
    /// `ipam.kubeConfig` or `ipam.etcdConfig.kubeConfig`: the path of a kubeconfig; see ``defaultKubeConfig``.
    public var kubeConfig: String?
    /// `ipam.logFile`: the path of the log.
    public var logFile: String
    /// `ipam.logLevel`; `info` if absent.
    public var logLevel: LogLevel
    /// `ipam.timeout`: the time limit of one operation in seconds, greater than 0 and at most ``longestTimeoutSeconds``.
    public var timeoutSeconds: Double
    /// `ipam.waitForRelease`: how long an ADD may wait, in addition, for a holder that is about to go: 0 to
    /// ``longestWaitForReleaseSeconds``; less if both together would exceed ``longestTimeoutSeconds``.
    public var waitForReleaseSeconds: Double
    /// `ipam.nodeName`: this node's name in Kubernetes; nil for the host name.
    public var nodeName: String?
    /// `ipam.cluster`: the identity of this Kubernetes cluster; nil for the UID of its namespace `kube-system`.
    public var cluster: String?
    /// `ipam.annotations`.
    public var annotations: AnnotationPolicy
    /// `ipam.autoLimit`: the most addresses that `kube-ipam.ip: auto` reserves for one namespace; nil for no limit.
    public var autoLimit: Int?
    /// `ipam.historyDepth`: the number of entries that an address's history keeps, 0 to ``History/largestDepth``.
    public var historyDepth: Int
    /// `ipam.status`.
    public var statusMode: StatusMode
    /// `runtimeConfig["io.kubernetes.cri.pod-annotations"]`: the pod's annotations; nil if the runtime does not pass them, empty
    /// if it passes `null`.
    public var podAnnotations: [String: String]?
    /// The path of the node's own CNI file from which etcd was read; nil if the call's configuration has an `etcdURL` (see
    /// ``init(freeing:by:nodeFiles:)``).
    public var nodeFile: String?
    /// `prevResult` as received; nil if absent.
    public var prevResult: JSONValue?
    /// `cni.dev/valid-attachments`, else `cni.dev/attachments`; nil if both are absent, which is not the same as empty.
    public var validAttachments: [AttachmentReference]?
    /// The errors of members that count as absent because they are invalid; always empty except for DEL and GC.
    public var ignored: [ConfigurationError] = []

    /// The source of the annotations of the pod that gets an address.
    ///
    /// - Parameter pod: nil for a container that is not a pod.
    public func annotationSource(of pod: PodReference?) -> AnnotationSource {
        guard annotations == .required else { return .none }
        if let podAnnotations { return .passed(podAnnotations) }
        return pod == nil ? .none : .kubernetes
    }

    /// The range sets from which an attachment gets addresses, one of each: those of the runtime first, as in host-local.
    public var allRangeSets: [RangeSet] { runtimeRangeSets + rangeSets }

    /// Reads a network configuration for ADD, CHECK, STATUS and ipamctl: every member must be valid.
    ///
    /// - Parameters:
    ///   - json: the bytes of the configuration, at most ``sizeLimit``.
    ///   - cniArgs: CNI_ARGS.
    /// - Throws: ``ConfigurationError`` with the position or the key path.
    public init(json: [UInt8], cniArgs: CNIArguments = CNIArguments()) throws(ConfigurationError) {
        try self.init(try Self.parse(json), cniArgs: cniArgs)
    }

    static func parse(_ json: [UInt8]) throws(ConfigurationError) -> JSONValue {
        guard json.count <= Self.sizeLimit else { throw .tooLarge(limit: Self.sizeLimit) }
        guard !json.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { throw .empty }
        do { return try JSONValue(parsing: json) } catch { throw .syntax(error) }
    }

    /// The version of a configuration, for the result of VERSION and for the error report of a configuration with other
    /// errors; nil if it cannot be read or is not supported.
    public static func declaredVersion(in json: [UInt8]) -> CNIVersion? {
        guard json.count <= sizeLimit, let object = (try? JSONValue(parsing: json))?.object else { return nil }
        let top = ConfigurationReader(object: object, path: "")
        guard let item = top["cniVersion"] ?? top.versions else { return CNIVersion(nil) }
        return item.value.string.flatMap { CNIVersion($0) }
    }
}
