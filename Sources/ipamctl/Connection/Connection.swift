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

    /// - Parameters:
    ///   - given: the options of the command line; in the shell, they are completed by the shell's own.
    ///   - timeout: how long a read or a change may take; nil for the time that the options name.
    ///   - notes: is called with warnings about CNI files, and with what `--verbose` prints.
    /// - Throws: ``Failure`` if no source has etcd's endpoints, or if settings of two sources would be combined.
    init(
        _ given: GlobalOptions, timeout: Duration? = nil, notes: (String) -> Void = Terminal.note
    ) throws(Failure) {
        let session = Session.current
        let options = session?.completed(given) ?? given
        let limit = timeout ?? .seconds((options.timeout ?? .standard).seconds)
        let files = try ConfigurationFiles(found: options, within: limit)
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
        for problem in files.problems where session?.isNew(problem.message) != false {
            notes("warning: \(problem.message)")
        }
        if options.verbose {
            let endpoints = access.configuration.endpoints.joined(separator: ", ")
            let unused = EtcdAccess.etcdctlEndpoints
            let isUnused = access.origin != unused && Variable.text(unused) != nil
            notes("etcd: \(endpoints) (\(access.origin))" + (isUnused ? "; \(unused) is not used" : ""))
        }
        store =
            session?.store(access.configuration)
            ?? EtcdStore(client: EtcdClient(access.configuration, loop: .current))
        self.timeout = limit
    }

    /// The network of the CNI files whose settings lead to the store: the requested one, else any if all have the same.
    static func source(_ files: ConfigurationFiles, _ requested: NetworkName?) throws(Failure)
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

/// Runs `body` with a connection, on the main thread. If that takes longer than a second, a line on the terminal says so. In
/// the shell, Ctrl-C cancels it.
///
/// - Parameters:
///   - timeout: in the shell, how long all of it may take; nil if each read and each change may take the time that the
///     options name.
///   - notes: is called with warnings about CNI files, and with what `--verbose` prints.
/// - Throws: ``Failure`` with the exit status of the error.
func connected<Value: Sendable>(
    _ options: GlobalOptions, for timeout: Duration? = nil, notes: (String) -> Void = Terminal.note,
    _ body: @escaping @Sendable (Connection) async throws -> Value
) throws -> Value {
    let connection = try Connection(options, timeout: timeout, notes: notes)
    return try onLoop(for: timeout) { try await body(connection) }
}

/// Runs `body` on the main thread, as ``connected(_:for:notes:_:)`` does, for a command that connects by itself.
///
/// - Throws: ``Failure`` with the exit status of the error.
func onLoop<Value: Sendable>(for timeout: Duration? = nil, _ body: @escaping @Sendable () async throws -> Value)
    throws -> Value
{
    do {
        return try TransferLoop.current.run {
            guard Session.current != nil else { return try await Progress.whileWaiting { try await body() } }
            return try await Interrupt.cancelling(after: timeout) {
                try await Progress.whileWaiting { try await body() }
            }
        }
    } catch  where Interrupt.isRequested {
        throw Failure(interrupted: error)
    } catch let error as IPAMError {
        throw Failure(error)
    } catch let error as StoreError {
        throw Failure(.store(error))
    }
}
