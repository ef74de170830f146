import EtcdClient
import EtcdStore
import HTTPTransport
import IPAMKit
import Store

/// The connection to the store, from options, variables and CNI files, in this order; and what the CNI files say about the
/// networks.
struct Connection: Sendable {
    let store: any Store
    /// How long one read or one change may take. The time that a person needs for an answer does not count.
    let timeout: Duration
    /// The networks of the CNI files, which the store may not know yet.
    let configured: [NetworkName: NetworkConfiguration]
    /// The network that the command is about; nil if none was named.
    let requested: NetworkName?
    let options: GlobalOptions

    /// - Throws: ``Failure`` if no source has etcd's endpoints, or if settings of two sources would be combined.
    init(_ options: GlobalOptions) throws(Failure) {
        let files =
            if let path = options.config ?? Variable.text("IPAMCTL_CONFIG") {
                try ConfigurationFiles(path)
            } else {
                ConfigurationFiles(folder: ConfigurationFolder.standard)
            }
        // A file that was named stands for its network.
        let ofFile = files.isOneFile && files.networks.count == 1 ? files.networks[0].configuration.name : nil
        let ofVariable = try Variable.value("IPAMCTL_NETWORK", NetworkName.init)
        let requested = options.network ?? ofVariable ?? ofFile
        self.requested = requested
        self.options = options
        var configured: [NetworkName: NetworkConfiguration] = [:]
        for network in files.networks { configured[network.configuration.name] = network.configuration }
        self.configured = configured
        let access = try EtcdAccess(options) { () throws(Failure) in try Self.source(files, requested) }
        for problem in files.problems { Terminal.note("warning: \(problem.message)") }
        if options.verbose {
            let endpoints = access.configuration.endpoints.joined(separator: ", ")
            let unused = EtcdAccess.etcdctlEndpoints
            let isUnused = access.origin != unused && Variable.text(unused) != nil
            Terminal.note("etcd: \(endpoints) (\(access.origin))" + (isUnused ? "; \(unused) is not used" : ""))
        }
        store = EtcdStore(client: EtcdClient(access.configuration, loop: .current))
        timeout = .seconds(options.timeout.seconds)
    }

    /// The network of the CNI files whose settings lead to the store: the requested one, else any if all have the same.
    private static func source(_ files: ConfigurationFiles, _ requested: NetworkName?) throws(Failure)
        -> ConfigurationFiles.Network?
    {
        if let requested, let found = files.networks.first(where: { $0.configuration.name == requested }) {
            return found
        }
        guard let first = files.networks.first else {
            // A file that cannot be used may be the one with the endpoints.
            if let problem = files.problems.first {
                throw Failure(problem.status, problem.message, hint: "repair the file, or name etcd with --endpoints")
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

    /// The deadline of a read that begins now.
    var deadline: ContinuousClock.Instant { .now + timeout }
}

extension TransferLoop {
    /// The loop that the main thread runs.
    static let current = TransferLoop()
}

/// Runs `body` with a connection, on the main thread. If that takes longer than a second, a line on the terminal says so.
///
/// - Throws: ``Failure`` with the exit status of the error.
func connected<Value: Sendable>(
    _ options: GlobalOptions, _ body: @escaping @Sendable (Connection) async throws -> Value
) throws -> Value {
    let connection = try Connection(options)
    do {
        return try TransferLoop.current.run { try await Progress.whileWaiting { try await body(connection) } }
    } catch let error as IPAMError {
        throw Failure(error)
    }
}
