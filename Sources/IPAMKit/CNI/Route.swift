/// A route that the main plugin adds in the container (CNI spec section 5, "Success"); `mtu` and the members after it are
/// new in 1.1.0. Nil members are left out of the JSON.
public struct Route: Hashable, Sendable {
    /// `dst`: the destination, `0.0.0.0/0` or `::/0` for a default route.
    public var destination: CIDR
    /// `gw`: the next hop; nil for the gateway of the first address of the route's family.
    public var gateway: IPAddress?
    /// `mtu`: the maximum transmission unit in bytes.
    public var mtu: Int?
    /// `advmss`: the maximum segment size to advertise, in bytes.
    public var advmss: Int?
    /// `priority`: the metric; the route with the lowest metric is preferred.
    public var priority: Int?
    /// `table`: the number of the routing table.
    public var table: Int?
    /// `scope`: 0 global, 253 link, 254 host (rtnetlink(7)).
    public var scope: Int?

    /// Makes a route, by default only to a destination.
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

    /// The route with the first gateway of its family, unless it has a gateway already or needs none.
    func by(_ gateways: some Sequence<IPAddress>) -> Route {
        guard gateway == nil, scope != Self.linkScope, scope != Self.hostScope else { return self }
        var route = self
        route.gateway = gateways.first { $0.family == destination.family }
        return route
    }

    /// The route in the format of a version; `mtu` and the members after it only from 1.1.0 on.
    func json(for version: CNIVersion) -> JSONValue {
        var object: JSONObject = ["dst": .string(destination.description)]
        if let gateway { object["gw"] = .string(gateway.description) }
        guard version >= .v110 else { return .object(object) }
        let extras = [("mtu", mtu), ("advmss", advmss), ("priority", priority), ("table", table), ("scope", scope)]
        for case (let key, let number?) in extras { object[key] = JSONValue(number) }
        return .object(object)
    }
}
