/// A new CNI configuration for kube-ipam under one of the plugins that are used with it.
public struct ConfigurationTemplate: Sendable {
    /// The plugin, or the network solution, that calls kube-ipam.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case macvlan, ipvlan, bridge, ptp
        /// The plugin bridge and its bridge `kube-bridge`, as kube-router's documentation has them.
        case kubeRouter = "kube-router"
        case calico

        /// Whether pods are attached to an interface of the node.
        public var hasMaster: Bool { self == .macvlan || self == .ipvlan }
        /// Whether pods are attached to a bridge.
        public var hasBridge: Bool { self == .bridge || self == .kubeRouter }
        /// Whether the solution configures a cluster's own network only.
        public var isClusterNetwork: Bool { self == .kubeRouter || self == .calico }

        /// The newest CNI version that the plugins of Debian 12 and containerd 1.6 take; for Calico that of its manifests.
        public var version: CNIVersion { self == .calico ? .v031 : .v100 }
    }

    /// A subnet with what is not left to the defaults.
    public struct Subnet: Hashable, Sendable {
        /// The subnet.
        public let block: CIDR
        /// `rangeStart`.
        public var rangeStart: IPAddress?
        /// `rangeEnd`.
        public var rangeEnd: IPAddress?
        /// `gateway`.
        public var gateway: IPAddress?
        /// `fixedStart`.
        public var fixedStart: IPAddress?
        /// `fixedEnd`.
        public var fixedEnd: IPAddress?

        /// `exclude`.
        public var excluded: [AddressRange] = []

        /// Makes a subnet with all defaults.
        public init(_ block: CIDR) {
            self.block = block
        }

        fileprivate var json: JSONObject {
            var object: JSONObject = ["subnet": .string(block.description)]
            for (key, address) in [
                ("fixedStart", fixedStart), ("fixedEnd", fixedEnd), ("rangeStart", rangeStart), ("rangeEnd", rangeEnd),
                ("gateway", gateway),
            ] {
                object[key] = address.map { .string($0.description) }
            }
            if !excluded.isEmpty { object["exclude"] = .array(excluded.map { .string($0.description) }) }
            return object
        }
    }

    /// A route for pods.
    public struct Destination: Hashable, Sendable {
        /// The destination.
        public let block: CIDR
        /// The gateway; nil for that of the pod's address.
        public let gateway: IPAddress?

        /// Makes a route.
        public init(_ block: CIDR, by gateway: IPAddress? = nil) {
            self.block = block
            self.gateway = gateway
        }
    }

    /// The plugin.
    public var kind: Kind
    /// The network.
    public var name: NetworkName
    /// The version of the configuration.
    public var version: CNIVersion
    /// The subnets. Those of one family are one range set: a pod gets one address of each family.
    public var subnets: [Subnet]
    /// The connection to etcd.
    public var etcd: EtcdSettings
    /// The kubeconfig of the nodes.
    public var kubeConfig: String?
    /// The node's interface, for macvlan and ipvlan.
    public var master: String?
    /// The bridge; nil for `cni0`, or kube-router's `kube-bridge`.
    public var bridge: String?
    /// Routes for pods; nil for a default route, if pods need one from kube-ipam.
    public var routes: [Destination]?
    /// The path of a resolv.conf(5) file.
    public var resolvConf: String?
    /// Whether Multus attaches the network in addition to the cluster's own.
    public var isMultus = false

    /// Makes a template with the defaults of its plugin.
    public init(_ kind: Kind, name: NetworkName, subnets: [Subnet], etcd: EtcdSettings) {
        self.kind = kind
        self.name = name
        self.subnets = subnets
        self.etcd = etcd
        version = kind.version
    }

    // MARK: The configuration

    /// Whether the configuration is a list of plugins (a `.conflist` file): a cluster's own network also needs portmap, for
    /// `hostPort`. Plugins without an address of the node do without it.
    public var isList: Bool { !isMultus && !kind.hasMaster }

    /// The configuration.
    public var json: JSONValue {
        var plugin = mainPlugin
        if !isMultus { plugin["capabilities"] = .object([NetworkConfiguration.podAnnotationsKey: true]) }
        plugin["ipam"] = .object(ipam)
        let head: JSONObject = ["cniVersion": .string(version.rawValue), "name": .string(name.text)]
        guard isList else { return .object(JSONObject((head.members + plugin.members).map { ($0.key, $0.value) })) }
        var list = head
        list["plugins"] = .array([.object(plugin)] + chained)
        return .object(list)
    }

    private var mainPlugin: JSONObject {
        switch kind {
        case .macvlan: return ["type": "macvlan", "master": .string(master ?? ""), "mode": "bridge"]
        case .ipvlan: return ["type": "ipvlan", "master": .string(master ?? ""), "mode": "l2"]
        case .bridge where isMultus: return ["type": "bridge", "bridge": .string(bridge ?? "cni0")]
        case .bridge:
            return [
                "type": "bridge", "bridge": .string(bridge ?? "cni0"), "isGateway": true, "ipMasq": true,
                "hairpinMode": true,
            ]
        case .ptp: return isMultus ? ["type": "ptp"] : ["type": "ptp", "ipMasq": true]
        case .kubeRouter:
            return [
                "type": "bridge", "bridge": .string(bridge ?? "kube-bridge"), "isDefaultGateway": true,
                "hairpinMode": true,
            ]
        case .calico:
            return [
                "type": "calico", "log_level": "info", "datastore_type": "kubernetes", "policy": ["type": "k8s"],
                "kubernetes": ["kubeconfig": "/etc/cni/net.d/calico-kubeconfig"],
            ]
        }
    }

    /// The plugins after the first one.
    private var chained: [JSONValue] {
        let portmap: JSONValue = ["type": "portmap", "snat": true, "capabilities": ["portMappings": true]]
        let bandwidth: JSONValue = ["type": "bandwidth", "capabilities": ["bandwidth": true]]
        return kind == .calico ? [portmap, bandwidth] : [portmap]
    }

    private var ipam: JSONObject {
        var ipam: JSONObject = ["type": .string(ConfigurationLocator.pluginType)]
        ipam["kubeConfig"] = kubeConfig.map(JSONValue.string)
        ipam["etcdConfig"] = .object(store)
        if subnets.count == 1, let only = subnets.first {
            for member in only.json.members { ipam[member.key] = member.value }
        } else {
            let sets = [AddressFamily.ipv4, .ipv6].map { family in subnets.filter { $0.block.family == family } }
            ipam["ranges"] = .array(
                sets.filter { !$0.isEmpty }.map { set in .array(set.map { .object($0.json) }) })
        }
        let routes = routes ?? defaultRoutes
        if !routes.isEmpty { ipam["routes"] = .array(routes.map(Self.json)) }
        ipam["resolvConf"] = resolvConf.map(JSONValue.string)
        return ipam
    }

    /// A default route of each family. A network that Multus adds must not replace the cluster's own, and kube-router and
    /// Calico make the routes of their pods.
    private var defaultRoutes: [Destination] {
        guard !isMultus, !kind.isClusterNetwork else { return [] }
        return [AddressFamily.ipv4, .ipv6].filter { family in subnets.contains { $0.block.family == family } }
            .map { Destination(CIDR(containing: IPAddress(family: $0, value: 0), prefixLength: 0)) }
    }

    private static func json(_ route: Destination) -> JSONValue {
        var object: JSONObject = ["dst": .string(route.block.description)]
        object["gw"] = route.gateway.map { .string($0.description) }
        return .object(object)
    }

    private var store: JSONObject {
        var store: JSONObject = ["etcdURL": .string(etcd.endpoints.joined(separator: ","))]
        for (key, text) in [
            ("etcdCertFile", etcd.certFile), ("etcdKeyFile", etcd.keyFile), ("etcdTrustedCAFileFile", etcd.caFile),
            ("etcdUsername", etcd.username), ("etcdPassword", etcd.password),
        ] {
            store[key] = text.map(JSONValue.string)
        }
        return store
    }

    /// The configuration as a file: JSON with a line for each member.
    public var text: String { json.serialized(pretty: true) + "\n" }

    /// The configuration in a NetworkAttachmentDefinition (`k8s.cni.cncf.io/v1`), as YAML.
    ///
    /// - Parameter namespace: nil for the one that kubectl is told.
    public func networkAttachmentDefinition(namespace: Namespace?) -> String {
        let lines = json.serialized(pretty: true).split(separator: "\n").map { "    \($0)\n" }
        return """
            apiVersion: k8s.cni.cncf.io/v1
            kind: NetworkAttachmentDefinition
            metadata:
              name: \(JSONValue.string(name.text).serialized())
            \(namespace.map { "  namespace: \(JSONValue.string($0.text).serialized())\n" } ?? "")spec:
              config: |
            \(lines.joined())
            """
    }
}
