import EtcdClient
import EtcdStore
import HTTPTransport
import IPAMKit
import Store

/// The way to the store, from options, variables and CNI files, in this order; and what the files say of the networks.
struct Connection: Sendable {
    let store: any Store
    /// How long one look or one change may take: a person who is asked in between has all the time there is.
    let timeout: Duration
    /// By name: what the CNI files say, which the store may not know yet.
    let configured: [NetworkName: NetworkConfiguration]
    /// The network that was asked for; nil where none was.
    let requested: NetworkName?
    let options: GlobalOptions

    /// - Throws: ``Failure`` when nothing says where the store is, or settings of two sources would be mixed.
    init(_ options: GlobalOptions) throws(Failure) {
        let settings = ConnectionSettings(options)
        let files =
            if let path = settings.config {
                try ConfigurationFiles(path)
            } else {
                ConfigurationFiles(folder: ConfigurationFolder.standard)
            }
        if let name = settings.network {
            do throws(NameError) {
                requested = try NetworkName(name)
            } catch {
                throw Failure(.usage, "--network: \(error)")
            }
        } else if files.isOneFile, files.networks.count == 1 {
            // Who names a file means its network.
            requested = files.networks.first?.configuration.name
        } else {
            requested = nil
        }
        self.options = options
        var configured: [NetworkName: NetworkConfiguration] = [:]
        for (_, configuration) in files.networks { configured[configuration.name] = configuration }
        self.configured = configured
        let requested = requested
        let access = try EtcdAccess(named: settings.etcd, etcdctl: settings.etcdctl) { () throws(Failure) in
            try Self.source(files, requested)
        }
        for problem in files.problems { Terminal.note("warning: \(problem.message)") }
        if options.verbose {
            let endpoints = access.configuration.endpoints.joined(separator: ", ")
            let passedOver = settings.etcdctl.endpoints.flatMap { $0.name == access.origin ? nil : $0.name }
            Terminal.note(
                "etcd: \(endpoints) (\(access.origin))" + (passedOver.map { "; \($0) is not used" } ?? ""))
        }
        store = EtcdStore(client: EtcdClient(access.configuration, loop: .current))
        timeout = .seconds(options.timeout?.seconds ?? 20)
    }

    /// The file's network that names the store: the one asked for, else any when all name the same one.
    private static func source(_ files: ConfigurationFiles, _ requested: NetworkName?) throws(Failure)
        -> (path: String, configuration: NetworkConfiguration)?
    {
        if let requested, let found = files.networks.first(where: { $0.configuration.name == requested }) {
            return found
        }
        guard let first = files.networks.first else {
            // A file that cannot be used may be the one that says where the store is.
            if let problem = files.problems.first {
                throw Failure(problem.status, problem.message, hint: "mend the file, or name etcd with --endpoints")
            }
            return nil
        }
        guard files.networks.allSatisfy({ $0.configuration.etcd == first.configuration.etcd }) else {
            let names = files.networks.map { "\($0.configuration.name) (\($0.path))" }.joined(separator: ", ")
            throw Failure(
                .usage, "the CNI files name different etcd clusters: \(names)", hint: "choose one with --network")
        }
        return first
    }

    /// The pool of one network, for an operation that begins now.
    func pool(_ network: NetworkName) -> AddressPool {
        AddressPool(
            store: store, network: network, timeout: timeout,
            historyDepth: configured[network]?.historyDepth ?? History.defaultDepth)
    }

    /// The networks of the store and of the CNI files, sorted; only the one asked for, where one was.
    func networks() async throws -> [NetworkName] {
        if let requested { return [requested] }
        let stored: [NetworkName]
        do throws(IPAMError) {
            stored = try await NetworkDirectory.networks(in: store, deadline: .now + timeout)
        } catch {
            guard case .store(.denied(let problem)) = error else { throw error }
            throw Failure(
                .failed, "cannot see which networks there are: \(problem)",
                hint: "name the network with --network; or let the etcd user read the prefix \(Keyspace.root)")
        }
        return Set(stored).union(configured.keys).sorted { $0.text < $1.text }
    }

    /// What each network (or the one asked for) is used for, with what it consists of. What cannot be understood in the
    /// store is told on standard error.
    func inventories() async throws -> [(inventory: NetworkInventory, rangeSets: [RangeSet]?)] {
        var inventories: [(inventory: NetworkInventory, rangeSets: [RangeSet]?)] = []
        for name in try await networks() {
            let inventory = try await pool(name).inventory()
            for problem in inventory.problems.prefix(5) { Terminal.note("warning: \(problem)") }
            if inventory.problems.count > 5 {
                Terminal.note("warning: \(inventory.problems.count - 5) more values cannot be used")
            }
            let rangeSets = configured[name]?.rangeSets ?? inventory.rangeSets
            if rangeSets == nil, inventory.entries.isEmpty { try await requireKnown(name) }
            inventories.append((inventory, rangeSets))
        }
        return inventories
    }

    /// What a network consists of: by the CNI file, else by the store; nil where neither knows it.
    func rangeSets(of network: NetworkName) async throws -> [RangeSet]? {
        if let configuration = configured[network] { return configuration.rangeSets }
        return try await pool(network).storedRangeSets()
    }

    /// Whether the store has a key of the network, or a CNI file names it.
    func isKnown(_ network: NetworkName) async throws -> Bool {
        if configured[network] != nil { return true }
        return try await NetworkDirectory.has(network, in: store, deadline: .now + timeout)
    }

    /// The network that `addresses` are to be looked for in, with its range sets: none where neither a CNI file nor
    /// the store says them.
    ///
    /// - Throws: ``Failure`` when no network, or more than one, could be meant.
    func network(for addresses: [IPAddress]) async throws -> (name: NetworkName, rangeSets: [RangeSet]) {
        if let requested {
            let rangeSets = try await rangeSets(of: requested)
            if rangeSets == nil { try await requireKnown(requested) }
            return (requested, rangeSets ?? [])
        }
        var known: [(name: NetworkName, rangeSets: [RangeSet])] = []
        for name in try await networks() { known.append((name, try await rangeSets(of: name) ?? [])) }
        guard let first = known.first else {
            throw Failure(
                .notFound, "the store has no network, and no CNI file names one", hint: "name a CNI file with --config")
        }
        guard known.count > 1 else { return first }
        let list = known.map(\.name.text).joined(separator: ", ")
        let fitting = known.filter { network in
            addresses.allSatisfy { address in network.rangeSets.contains { $0.range(containing: address) != nil } }
        }
        if fitting.count > 1 {
            throw Failure(.usage, "more than one network could be meant: \(list)", hint: "choose one with --network")
        }
        guard let network = fitting.first else {
            let what = addresses.count == 1 ? "\(addresses[0]) lies" : "the addresses lie"
            throw Failure(
                .notFound, "\(what) in no subnet of one network (\(list))",
                hint: "see 'ipamctl networks', and choose one with --network")
        }
        return network
    }

    /// - Throws: ``Failure``.
    func requireKnown(_ network: NetworkName) async throws {
        guard try await !isKnown(network) else { return }
        throw Failure(
            .notFound, "network \(network) is neither in the store nor in a CNI file",
            hint: "see 'ipamctl networks'; before its first pod, name its configuration in a file with --config")
    }
}

extension TransferLoop {
    /// The loop that the main thread runs.
    static let current = TransferLoop()
}

/// Runs `body` with a connection, on the main thread, and gives errors their exit status.
func connected<Value: Sendable>(
    _ options: GlobalOptions, _ body: @escaping @Sendable (Connection) async throws -> Value
) throws -> Value {
    let connection = try Connection(options)
    do {
        return try TransferLoop.current.run { try await body(connection) }
    } catch let error as IPAMError {
        throw Failure(error)
    }
}
