import IPAMKit
import KubernetesClient
import Machine

/// Where the kubeconfig comes from.
enum KubeconfigSource: Hashable {
    /// A kubeconfig, as an option or a variable names it.
    case named(path: String, by: String)
    /// The user's own kubeconfig.
    case user(path: String)
    /// The service account of the pod that ipamctl runs in.
    case serviceAccount(server: String)
    /// The kubeconfig that the nodes use: the CNI file's, or its default. It may lack the right to list pods.
    case nodes(path: String)

    /// The first source that exists. Those of the person or the pod that runs ipamctl come before the nodes' own, which is
    /// meant for reading single pods.
    ///
    /// - Parameter configuration: the network's CNI file.
    static func first(_ options: GlobalOptions, _ configuration: NetworkConfiguration?) -> KubeconfigSource? {
        if let path = options.kubeconfig { return .named(path: path, by: "--kubeconfig") }
        for variable in ["IPAMCTL_KUBECONFIG", "KUBECONFIG"] {
            if let path = Variable.text(variable) { return .named(path: path, by: variable) }
        }
        if let home = Variable.text("HOME"), FileReader.exists(home + "/.kube/config") {
            return .user(path: home + "/.kube/config")
        }
        if let server = serviceAccountServer { return .serviceAccount(server: server) }
        return nodesPath(configuration).map(Self.nodes)
    }

    /// The kubeconfig that the nodes of a network use: the CNI file's, or its default if that exists.
    static func nodesPath(_ configuration: NetworkConfiguration?) -> String? {
        let fallback = NetworkConfiguration.defaultKubeConfig
        return configuration?.kubeConfig ?? (FileReader.exists(fallback) ? fallback : nil)
    }

    /// For messages: a path, or `the service account of this pod`.
    var name: String {
        switch self {
        case .named(let path, _), .user(let path), .nodes(let path): path
        case .serviceAccount: "the service account of this pod"
        }
    }

    /// The kubeconfig and what names it, for `--verbose`.
    var origin: String {
        switch self {
        case .named(let path, let by): "\(by) \(path)"
        case .user(let path): path
        case .serviceAccount: name
        case .nodes(let path): "\(path), which the nodes use"
        }
    }

    /// The context that an option or a variable names; nil for the kubeconfig's `current-context`.
    static func context(_ options: GlobalOptions) -> String? {
        options.context ?? Variable.text("IPAMCTL_CONTEXT")
    }

    /// Reads the kubeconfig. `KUBECONFIG` may be a list of files, which are merged as kubectl merges them.
    ///
    /// - Parameter context: nil for its `current-context`.
    /// - Throws: ``Failure`` with the file and the reason.
    func read(context: String? = nil) throws(Failure) -> Kubeconfig {
        try Failure.wrap(hint: "correct the kubeconfig, or choose another with --kubeconfig or --context") {
            switch self {
            case .named(let path, "KUBECONFIG"): try Kubeconfig(list: path, context: context)
            case .named(let path, _), .user(let path), .nodes(let path):
                try Kubeconfig(contentsOf: path, context: context)
            case .serviceAccount(let server):
                try Kubeconfig(
                    text: Array(Self.serviceAccountConfig(server).serialized().utf8), path: name,
                    folder: Self.accountFolder + "/")
            }
        }
    }

    /// The names of all contexts, each once; none for a service account.
    ///
    /// - Throws: `KubeconfigError`.
    func contextNames() throws -> [String] {
        switch self {
        case .named(let list, "KUBECONFIG"):
            try Kubeconfig.contextNames(inFiles: list.split(separator: ":").map(String.init))
        case .named(let path, _), .user(let path), .nodes(let path): try Kubeconfig.contextNames(inFiles: [path])
        case .serviceAccount: []
        }
    }

    // MARK: In a pod

    /// Where Kubernetes mounts the service account ("Accessing the Kubernetes API from a Pod").
    private static let accountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

    private static var serviceAccountServer: String? {
        guard let host = Variable.text("KUBERNETES_SERVICE_HOST"),
            let port = Variable.text("KUBERNETES_SERVICE_PORT"),
            FileReader.isReadable(accountFolder + "/token")
        else { return nil }
        return "https://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    private static func serviceAccountConfig(_ server: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Config", "current-context": "pod",
            "contexts": [["name": "pod", "context": ["cluster": "pod", "user": "pod"]]],
            "clusters": [
                ["name": "pod", "cluster": ["server": .string(server), "certificate-authority": "ca.crt"]]
            ],
            "users": [["name": "pod", "user": ["tokenFile": "token"]]],
        ]
    }
}
