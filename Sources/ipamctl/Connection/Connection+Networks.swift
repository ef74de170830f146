import IPAMKit

/// The network that a command works on.
struct SelectedNetwork: Sendable {
    let name: NetworkName
    /// From the CNI file, else from the store; empty if neither has them.
    let rangeSets: [RangeSet]

    func range(containing address: IPAddress) -> PoolRange? {
        rangeSets.lazy.compactMap { $0.range(containing: address) }.first
    }

    /// - Throws: ``Failure`` if nothing says which addresses the network has.
    func requireRangeSets() throws(Failure) {
        guard rangeSets.isEmpty else { return }
        throw Failure(
            .notFound, "the store has no address ranges of network \(name)",
            hint: "name the network's CNI file with --config")
    }

    /// The failure of a command that knows nothing of an address outside the network.
    ///
    /// - Parameter others: the other networks.
    func outside(_ address: IPAddress, others: [NetworkPlace] = []) -> Failure {
        let other = others.first { $0.rangeSets.contains { $0.range(containing: address) != nil } }
        return Failure(
            .notFound, "\(address) lies in no subnet of network \(name)",
            hint: other.map { "it lies in network \($0.name): write -n \($0.name)" } ?? "see 'ipamctl networks'")
    }
}

/// What the addresses of a network are given to, one after the other.
protocol EntryVisitor {
    mutating func visit(_ entry: AddressEntry)
    /// Called after the last address.
    mutating func finish()
}

extension Connection {
    /// The networks of the store and of the CNI files, sorted; only the requested one if there is one.
    func networks() async throws -> [NetworkName] {
        if let requested { return [requested] }
        do throws(IPAMError) {
            return try await allNetworks()
        } catch {
            guard case .store(.denied(let problem)) = error else { throw error }
            throw Failure(
                .failed, "cannot list the networks: \(problem)",
                hint: "name the network with --network; or let the etcd user read the prefix \(Keyspace.root)")
        }
    }

    private func allNetworks() async throws(IPAMError) -> [NetworkName] {
        let stored = try await NetworkDirectory.networks(in: store, deadline: deadline)
        return Set(stored).union(configured.keys).sorted { $0.text < $1.text }
    }

    /// The inventory of each network, with its range sets. Values in the store that cannot be used are reported on standard
    /// error.
    ///
    /// - Parameter warns: false if they have been reported before.
    func inventories(warns: Bool = true) async throws -> [(inventory: NetworkInventory, rangeSets: [RangeSet]?)] {
        try await readingEach { pool in
            let inventory = try await pool.inventory()
            if warns { Terminal.warn(inventory.overview.problems.map(\.description)) }
            let isKnown = !inventory.entries.isEmpty
            return (inventory, try await rangeSets(of: inventory.overview, isKnown: isKnown))
        }
    }

    /// Which addresses of each network are used or reserved, with its range sets.
    func occupancies() async throws -> [(occupancy: NetworkOccupancy, rangeSets: [RangeSet]?)] {
        try await readingEach { pool in
            let occupancy = try await pool.occupancy()
            Terminal.warn(occupancy.overview.problems.map(\.description))
            return (occupancy, try await rangeSets(of: occupancy.overview, isKnown: occupancy.count > 0))
        }
    }

    /// Reads the addresses of one network after the other.
    ///
    /// - Parameter visitor: makes, for each network and its range sets, what its addresses are given to, in no particular
    ///   order.
    func forEachEntry<Visitor: EntryVisitor>(_ visitor: (NetworkOverview, [RangeSet]) -> Visitor) async throws {
        _ = try await readingEach { pool in
            let overview = try await pool.overview()
            var visitor = visitor(overview, configured[overview.network]?.rangeSets ?? overview.rangeSets ?? [])
            var isKnown = false
            let problems = try await pool.forEachEntry(at: overview.revision) { entry in
                isKnown = true
                visitor.visit(entry)
            }
            Terminal.warn((overview.problems + problems).map(\.description))
            _ = try await rangeSets(of: overview, isKnown: isKnown)
            visitor.finish()
        }
    }

    private func readingEach<Reading>(_ read: (AddressPool) async throws -> Reading) async throws -> [Reading] {
        var readings: [Reading] = []
        for name in try await networks() {
            Progress.describe("reading network \(name) from etcd ...")
            readings.append(try await read(pool(name)))
        }
        return readings
    }

    /// The range sets of a network that was read; nil if neither the CNI files nor the store have them.
    ///
    /// - Parameter isKnown: whether the network has addresses that are used or reserved.
    /// - Throws: ``Failure`` if nobody knows the network.
    private func rangeSets(of overview: NetworkOverview, isKnown: Bool) async throws -> [RangeSet]? {
        let rangeSets = configured[overview.network]?.rangeSets ?? overview.rangeSets
        if rangeSets == nil, !isKnown { try await requireKnown(overview.network) }
        return rangeSets
    }

    /// The range sets of a network, from the CNI file, else from the store; nil if neither has them.
    func rangeSets(of network: NetworkName) async throws(IPAMError) -> [RangeSet]? {
        if let configuration = configured[network] { return configuration.rangeSets }
        return try await pool(network).storedRangeSets()
    }

    /// A network that is known by its name.
    ///
    /// - Throws: ``Failure`` if neither the store nor a CNI file has it.
    func network(named name: NetworkName) async throws -> SelectedNetwork {
        let rangeSets = try await rangeSets(of: name)
        if rangeSets == nil { try await requireKnown(name) }
        return SelectedNetwork(name: name, rangeSets: rangeSets ?? [])
    }

    /// The network that a command is about: the requested one, the only one, or the only one with all of `addresses`.
    ///
    /// - Throws: ``Failure`` if there is none, or more than one.
    func network(for addresses: [IPAddress]) async throws -> SelectedNetwork {
        if let requested { return try await network(named: requested) }
        var known: [SelectedNetwork] = []
        for name in try await networks() {
            known.append(SelectedNetwork(name: name, rangeSets: try await rangeSets(of: name) ?? []))
        }
        guard let first = known.first else {
            throw Failure(
                .notFound, "the store has no network, and no CNI file names one", hint: "name a CNI file with --config")
        }
        guard known.count > 1 else { return first }
        let list = known.map(\.name.text).joined(separator: ", ")
        let fitting = known.filter { network in addresses.allSatisfy { network.range(containing: $0) != nil } }
        if fitting.count > 1 {
            throw Failure(.usage, "several networks match: \(list)", hint: "choose one with --network")
        }
        guard let network = fitting.first else {
            let what = addresses.count == 1 ? "\(addresses[0]) lies" : "the addresses lie"
            throw Failure(
                .notFound, "\(what) in no subnet of one network (\(list))",
                hint: "see 'ipamctl networks', and choose one with --network")
        }
        return network
    }

    /// - Throws: ``Failure`` if the store has no key of the network, and no CNI file names it.
    func requireKnown(_ network: NetworkName) async throws {
        if configured[network] != nil { return }
        guard try await !NetworkDirectory.has(network, in: store, deadline: deadline) else { return }
        throw Failure(
            .notFound, "network \(network) is neither in the store nor in a CNI file",
            hint: "see 'ipamctl networks'; before the network's first pod, name its CNI file with --config; "
                + "-n is --network, and a namespace follows --namespace")
    }

    // MARK: Overlapping networks

    /// The other networks of the store and of the CNI files, with their ranges. Networks that may not be read, or cannot be
    /// used, are left out.
    func places(beside network: NetworkName) async throws -> [NetworkPlace] {
        var names = Array(configured.keys)
        do throws(IPAMError) {
            names = try await allNetworks()
        } catch {
            guard case .store(.denied) = error else { throw error }
        }
        var places: [NetworkPlace] = []
        for name in names.sorted(by: { $0.text < $1.text }) where name != network {
            do throws(IPAMError) {
                if let sets = try await rangeSets(of: name) { places.append(NetworkPlace(name, sets)) }
            } catch {
                if case .damaged = error { continue }
                guard case .store(.denied) = error else { throw error }
            }
        }
        return places
    }

    /// Warns about each of the networks shown that overlaps with another one.
    func warn(ofOverlapsAmong shown: [NetworkPlace]) async throws {
        guard shown.count == 1, let only = shown.first else {
            return Terminal.warn(NetworkOverlap.all(among: shown).map(\.description))
        }
        let others = try await places(beside: only.name)
        Terminal.warn(others.compactMap { NetworkOverlap(only, $0)?.description })
    }
}
