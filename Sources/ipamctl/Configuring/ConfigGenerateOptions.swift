import ArgumentParser
import IPAMKit

/// The members of a configuration that is generated.
struct ConfigGenerateOptions: ParsableArguments {
    @Option(help: "The plugin that calls kube-ipam.")
    var type: ConfigurationTemplate.Kind

    @Option(help: "The network. Default: the value of --network.", transform: NetworkName.init)
    var name: NetworkName?

    @Option(
        help: ArgumentHelp(
            "A subnet, such as 10.188.0.0/16. May be given more than once: a pod gets one address of each family.",
            valueName: "cidr"),
        transform: CIDR.init(_:))
    var subnet: [CIDR] = []

    @Option(
        help: ArgumentHelp("The gateway. One for each subnet. Default: its first address.", valueName: "address"),
        transform: IPAddress.init(_:))
    var gateway: [IPAddress] = []

    @Option(
        help: ArgumentHelp(
            "The first address that is given out. One for each subnet. Default: the first one after the gateway.",
            valueName: "address"),
        transform: IPAddress.init(_:))
    var rangeStart: [IPAddress] = []

    @Option(
        help: ArgumentHelp(
            "The last address that is given out. One for each subnet. Default: the last one of the subnet.",
            valueName: "address"),
        transform: IPAddress.init(_:))
    var rangeEnd: [IPAddress] = []

    @Option(
        help: ArgumentHelp(
            "The first fixed address. One for each subnet, together with --fixed-end.", valueName: "address"),
        transform: IPAddress.init(_:))
    var fixedStart: [IPAddress] = []

    @Option(
        help: ArgumentHelp("The last fixed address. One for each subnet.", valueName: "address"),
        transform: IPAddress.init(_:))
    var fixedEnd: [IPAddress] = []

    @Option(
        help: ArgumentHelp(
            "Addresses that no pod gets: an address, a range or a CIDR in one of the subnets. May be given more than once.",
            valueName: "addresses"),
        transform: AddressRange.init(parsing:))
    var exclude: [AddressRange] = []

    @Option(
        help: ArgumentHelp(
            "The node's interface, for macvlan and ipvlan, which need it.", valueName: "interface"))
    var master: String?

    @Option(
        help: ArgumentHelp(
            "The bridge, for bridge and kube-router. Default: cni0, and kube-bridge for kube-router.",
            valueName: "interface"))
    var bridge: String?

    @Option(
        help: ArgumentHelp(
            """
            A route for pods: a destination, or DESTINATION,GATEWAY. May be given more than once. Default: a default route; \
            none with --multus, kube-router and calico.
            """, valueName: "route"),
        transform: Self.route)
    var route: [ConfigurationTemplate.Destination] = []

    @Option(help: ArgumentHelp("A resolv.conf file of the nodes, for the pods' DNS.", valueName: "file"))
    var resolvConf: String?

    @Option(
        help: ArgumentHelp(
            "The version of the configuration. Default: 1.0.0, and 0.3.1 for calico.", valueName: "version"))
    var cniVersion: CNIVersion?

    @Flag(help: "Generate a NetworkAttachmentDefinition for Multus, as YAML.")
    var multus = false

    @Option(
        help: "The namespace of the NetworkAttachmentDefinition. Default: none, so that kubectl chooses it.",
        transform: Namespace.init(argument:))
    var namespace: Namespace?

    private static func route(_ text: String) throws -> ConfigurationTemplate.Destination {
        let parts = text.split(separator: ",", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let block = try CIDR(parts[0])
        guard parts.count == 2 else { return .init(block) }
        let gateway = try IPAddress(parts[1])
        guard gateway.family == block.family else {
            throw Failure(.usage, "the gateway \(gateway) is \(gateway.family), but the route goes to \(block)")
        }
        return .init(block, by: gateway)
    }

    // MARK: Checks

    private static let hint = "see 'ipamctl config generate --help'"

    func validate() throws {
        guard !subnet.isEmpty else {
            throw ValidationError("--subnet is missing: name a subnet, such as 10.188.0.0/16")
        }
        if type.hasMaster != (master != nil) {
            throw ValidationError(
                type.hasMaster
                    ? "--type \(type.rawValue) needs --master, such as --master eth0"
                    : "--master goes with --type macvlan and ipvlan")
        }
        if bridge != nil, !type.hasBridge { throw ValidationError("--bridge goes with --type bridge and kube-router") }
        if multus, type.isClusterNetwork {
            throw ValidationError("--type \(type.rawValue) is a cluster's own network: --multus does not apply")
        }
        if namespace != nil, !multus { throw ValidationError("--namespace goes with --multus") }
        for interface in [master, bridge].compactMap(\.self) { _ = try InterfaceName(interface) }
        _ = try subnets()
    }

    /// The subnets, each with the addresses that lie in it.
    ///
    /// - Throws: ``Failure`` for an address that lies in none of them, and for two of a kind in one.
    func subnets() throws(Failure) -> [ConfigurationTemplate.Subnet] {
        var subnets = subnet.map { ConfigurationTemplate.Subnet($0) }
        func place(
            _ addresses: [IPAddress], _ option: String, _ key: WritableKeyPath<ConfigurationTemplate.Subnet, IPAddress?>
        )
            throws(Failure)
        {
            for address in addresses {
                let fitting = subnets.indices.filter { index in
                    let block = subnets[index].block
                    return block.contains(address)
                        || (option == "--gateway" && address.isLinkLocal && block.family == address.family)
                }
                guard let first = fitting.first else {
                    throw Failure(
                        .usage, "\(option): \(address) lies in no subnet that is given with --subnet", hint: Self.hint)
                }
                guard let free = fitting.first(where: { subnets[$0][keyPath: key] == nil }) else {
                    throw Failure(
                        .usage, "\(option): the subnet \(subnets[first].block) has two of them", hint: Self.hint)
                }
                subnets[free][keyPath: key] = address
            }
        }
        try place(gateway, "--gateway", \.gateway)
        try place(rangeStart, "--range-start", \.rangeStart)
        try place(rangeEnd, "--range-end", \.rangeEnd)
        try place(fixedStart, "--fixed-start", \.fixedStart)
        try place(fixedEnd, "--fixed-end", \.fixedEnd)
        for range in exclude {
            let fitting = subnets.firstIndex { $0.block.contains(range.start) && $0.block.contains(range.end) }
            guard let fitting else {
                throw Failure(
                    .usage, "--exclude: \(range) lies in no subnet that is given with --subnet", hint: Self.hint)
            }
            subnets[fitting].excluded.append(range)
        }
        for subnet in subnets where (subnet.fixedStart == nil) != (subnet.fixedEnd == nil) {
            throw Failure(
                .usage, "--fixed-start and --fixed-end go together: subnet \(subnet.block) has only one of them",
                hint: Self.hint)
        }
        return subnets
    }
}

extension ConfigurationTemplate.Kind: ExpressibleByArgument {}
extension CNIVersion: ExpressibleByArgument {}
