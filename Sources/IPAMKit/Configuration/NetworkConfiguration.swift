/// How much is written to the log.
public enum LogLevel: String, Hashable, Sendable, CaseIterable {
    /// Every step.
    case debug
    /// What was done.
    case info
    /// What is suspicious.
    case warning
    /// What failed.
    case error
}

/// How thorough STATUS is.
public enum StatusMode: Hashable, Sendable {
    /// Only the configuration is checked.
    case configuration
    /// `"status": "strict"`: the store must answer, too.
    case strict
}

/// What pods' annotations come to.
public enum AnnotationPolicy: Hashable, Sendable {
    /// A pod's annotations must be known: from the runtime, else from Kubernetes.
    case required
    /// `"annotations": "none"`: they are not looked at.
    case ignored
}

/// Everything that a CNI network configuration says to kube-ipam: the standard input of the plugin, or a file.
public struct NetworkConfiguration: Sendable {
    /// The longest configuration that is read, in bytes: 1 MiB.
    public static let sizeLimit = 1 << 20
    /// Where the log goes when `ipam.logFile` is absent.
    public static let defaultLogFile = "/var/log/kube-ipam.log"
    /// The kubeconfig that the Go project documents; it is used where the configuration names none and the file exists.
    public static let defaultKubeConfig = "/etc/kubernetes/pki/kubectl.kubeconfig"
    /// The seconds that an operation may take when `ipam.timeout` is absent.
    public static let defaultTimeoutSeconds = 20.0
    /// The most seconds that an operation may take; the kubelet gives up after 240.
    public static let longestTimeoutSeconds = 220.0
    /// The seconds that an ADD may wait for a holder that is about to go when `ipam.waitForRelease` is absent.
    public static let defaultWaitForReleaseSeconds = 15.0
    /// The most seconds that an ADD may wait for a holder that is about to go.
    public static let longestWaitForReleaseSeconds = 120.0

    /// `name`: the network.
    public var name: NetworkName
    /// `cniVersion`.
    public var cniVersion: CNIVersion
    /// The range sets of `ipam`: those of `ipam.subnet`, then those of `ipam.ranges`.
    public var rangeSets: [RangeSet]
    /// The range sets of `runtimeConfig.ipRanges`, which are never stored.
    public var runtimeRangeSets: [RangeSet]
    /// The addresses the runtime asks for, each once: `args.cni.ips`, `runtimeConfig.ips`, CNI_ARGS `IP`.
    public var requestedAddresses: [IPAddress]
    /// `ipam.routes`.
    public var routes: [Route]
    /// `ipam.resolvConf`: the path of a file whose name servers go into the result.
    public var resolvConf: String?
    /// `ipam.etcdConfig`.
    public var etcd: EtcdSettings
    /// `ipam.kubeConfig` or `ipam.etcdConfig.kubeConfig`: the path of a kubeconfig; see ``defaultKubeConfig``.
    public var kubeConfig: String?
    /// `ipam.logFile`: the path of the log.
    public var logFile: String
    /// `ipam.logLevel`.
    public var logLevel: LogLevel
    /// `ipam.timeout`: the seconds that one operation may take, over 0 and at most 220.
    public var timeoutSeconds: Double
    /// `ipam.waitForRelease`: the seconds that an ADD may wait beyond that for a holder that is about to go, 0 to 120; less
    /// where the two would exceed ``longestTimeoutSeconds``.
    public var waitForReleaseSeconds: Double
    /// `ipam.nodeName`: this node's name in Kubernetes, where it is not the host's.
    public var nodeName: String?
    /// `ipam.cluster`: which Kubernetes cluster this is.
    public var cluster: String?
    /// `ipam.annotations`.
    public var annotations: AnnotationPolicy
    /// `ipam.autoLimit`: the most addresses that `kube-ipam.ip: auto` reserves for one namespace; nil for no limit.
    public var autoLimit: Int?
    /// `ipam.historyDepth`: how many entries an address's history keeps; 0 for none.
    public var historyDepth: Int
    /// `ipam.status`.
    public var statusMode: StatusMode
    /// `runtimeConfig["io.kubernetes.cri.pod-annotations"]`: the pod's annotations, where the runtime passes them. A
    /// runtime that passes `null` says that there are none.
    public var podAnnotations: [String: String]?
    /// The node's own CNI file that says where etcd is, where the call does not (see ``init(freeing:by:nodeFiles:)``).
    public var nodeFile: String?
    /// `prevResult`, as it came.
    public var prevResult: JSONValue?
    /// `cni.dev/valid-attachments`, else `cni.dev/attachments`; nil when neither is there, which is not an empty list.
    public var validAttachments: [AttachmentReference]?
    /// What could not be used and counts as absent. A configuration that is read for giving addresses out ignores nothing.
    public var ignored: [ConfigurationError] = []

    /// Where the annotations of the pod that is given an address come from.
    ///
    /// - Parameter pod: nil for a container that is no pod.
    public func annotationSource(of pod: PodReference?) -> AnnotationSource {
        guard annotations == .required else { return .none }
        if let podAnnotations { return .passed(podAnnotations) }
        return pod == nil ? .none : .kubernetes
    }

    /// The range sets an attachment gets an address of: those of the runtime first, as host-local does it.
    public var allRangeSets: [RangeSet] { runtimeRangeSets + rangeSets }

    /// Reads a network configuration for ADD, CHECK and STATUS, and for people: all of it must be right.
    ///
    /// - Parameters:
    ///   - json: the bytes of the configuration, at most ``sizeLimit``.
    ///   - cniArgs: CNI_ARGS.
    /// - Throws: ``ConfigurationError`` that names the position or the key path.
    public init(json: [UInt8], cniArgs: CNIArguments = CNIArguments()) throws(ConfigurationError) {
        try self.init(try Self.parse(json), cniArgs: cniArgs)
    }

    static func parse(_ json: [UInt8]) throws(ConfigurationError) -> JSONValue {
        guard json.count <= Self.sizeLimit else { throw .tooLarge(limit: Self.sizeLimit) }
        // The white space of RFC 8259.
        guard !json.allSatisfy({ [0x20, 0x09, 0x0A, 0x0D].contains($0) }) else { throw .empty }
        do { return try JSONValue(parsing: json) } catch { throw .syntax(error) }
    }

    /// The version that a configuration names, for the answer to VERSION and for the report of a configuration that is
    /// otherwise wrong; nil when it cannot be read or is not spoken here.
    public static func declaredVersion(in json: [UInt8]) -> CNIVersion? {
        guard json.count <= sizeLimit, let object = (try? JSONValue(parsing: json))?.object else { return nil }
        let top = ConfigurationReader(object: object, path: "")
        guard let item = top["cniVersion"] ?? top.versions else { return CNIVersion(nil) }
        return item.value.string.flatMap { CNIVersion($0) }
    }
}
