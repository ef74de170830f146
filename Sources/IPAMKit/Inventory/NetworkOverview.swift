/// What the store says about a network as a whole.
public struct NetworkOverview: Sendable {
    /// The network that was read.
    public let network: NetworkName
    /// The revision at which it was read.
    public let revision: Int64
    /// The range sets of the network's document; nil if there is no document, or if it cannot be read.
    public let rangeSets: [RangeSet]?
    /// Nil if the network has no settings, or if they cannot be read.
    public let settings: NetworkSettings?
    /// The errors of values that could not be read.
    public let problems: [IPAMError]

    /// The same with more problems.
    func adding(_ more: [IPAMError]) -> NetworkOverview {
        NetworkOverview(
            network: network, revision: revision, rangeSets: rangeSets, settings: settings, problems: problems + more)
    }
}
