import IPAMKit

/// Where the values come from that exist now: networks, addresses, pods.
protocol LiveValues {
    /// The values that are asked for, in the order in which they are to be shown; none if they cannot be had in time.
    func candidates(for request: LiveRequest) -> [Completion.Candidate]
}

/// The kinds of values that exist now.
enum LiveKind: Hashable, Sendable {
    /// Networks of the store and of the CNI files.
    case networks
    /// Addresses that are in use or reserved.
    case addresses
    /// Some addresses that are neither in use nor reserved, of the fixed ranges if there are any.
    case freeAddresses
    /// Pods that have addresses or reservations, as `NAMESPACE/NAME`.
    case pods
    /// Namespaces of such pods.
    case namespaces
    /// Nodes of such pods.
    case nodes
    /// What `reserve --for` takes: pods, their workloads, and their namespaces as `NAMESPACE/`.
    case holders
    /// Workloads of such pods, and those that addresses are reserved for, as `NAMESPACE/sts/NAME` or `NAMESPACE/deploy/NAME`.
    case workloads
    /// Plans that have reservations.
    case plans
    /// Containers that have addresses, by the first characters of their IDs.
    case containers
    /// The contexts of the kubeconfig.
    case contexts
}

/// A question for values that exist now.
struct LiveRequest: Hashable, Sendable {
    let kind: LiveKind
    /// The text with which the values begin; printable ASCII characters.
    let prefix: String
    /// The network that the command line names; nil for all networks.
    let network: NetworkName?
    /// About how many values are wanted. If there are more, those that begin alike are summed up in one candidate that is
    /// not complete.
    let limit: Int

    init(_ kind: LiveKind, startingWith prefix: String, network: NetworkName? = nil, limit: Int = 256) {
        self.kind = kind
        self.prefix = prefix
        self.network = network
        self.limit = limit
    }
}

/// Values for a completion that asks nobody.
struct NoLiveValues: LiveValues {
    func candidates(for request: LiveRequest) -> [Completion.Candidate] { [] }
}
