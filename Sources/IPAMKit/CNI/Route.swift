/// A route that the main plugin adds in the container (CNI spec section 5, "Success"; the extras are of 1.1.0).
public struct Route: Hashable, Sendable {
    /// `dst`: where to.
    public var destination: CIDR
    /// `gw`: by way of whom; where absent it is the gateway of the first address of its family.
    public var gateway: IPAddress?
    /// `mtu`: the maximum transmission unit in bytes.
    public var mtu: Int?
    /// `advmss`: the maximum segment size to advertise, in bytes.
    public var advmss: Int?
    /// `priority`: the metric, lower is preferred.
    public var priority: Int?
    /// `table`: the number of the routing table.
    public var table: Int?
    /// `scope`: 0 global, 253 link, 254 host (rtnetlink(7)).
    public var scope: Int?

    /// Makes a route.
    public init(
        destination: CIDR, gateway: IPAddress? = nil, mtu: Int? = nil, advmss: Int? = nil, priority: Int? = nil,
        table: Int? = nil, scope: Int? = nil
    ) {
        self.destination = destination
        self.gateway = gateway
        self.mtu = mtu
        self.advmss = advmss
        self.priority = priority
        self.table = table
        self.scope = scope
    }

    /// rtnetlink(7): the destination is on the link itself.
    private static let linkScope = 253
    private static let hostScope = 254

    /// The route by way of the gateway that the container has, unless it names one or needs none.
    func by(_ gateways: some Sequence<IPAddress>) -> Route {
        guard gateway == nil, scope != Self.linkScope, scope != Self.hostScope else { return self }
        var route = self
        route.gateway = gateways.first { $0.family == destination.family }
        return route
    }

    /// The route as a result of a version has it: `mtu` and the like from 1.1.0 on only.
    func json(for version: CNIVersion) -> JSONValue {
        var object: JSONObject = ["dst": .string(destination.description)]
        if let gateway { object["gw"] = .string(gateway.description) }
        guard version >= .v110 else { return .object(object) }
        let extras = [("mtu", mtu), ("advmss", advmss), ("priority", priority), ("table", table), ("scope", scope)]
        for case (let key, let number?) in extras { object[key] = JSONValue(number) }
        return .object(object)
    }
}
