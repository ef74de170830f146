import EtcdClient
import EtcdStore
import IPAMKit
import Store
import Synchronization

/// What the commands of a shell have in common: the options that they need not repeat, and the connection that stays open.
final class Session: Sendable {
    private struct State {
        var options: GlobalOptions
        var store: (configuration: EtcdConfiguration, store: EtcdStore)?
        /// The endpoint that was used last, for the prompt.
        var endpoint: String?
        var said: Set<String> = []
    }

    private let state: Mutex<State>
    /// Whether standard input has the commands, so that no command can read a file from it.
    private let readsStandardInput: Bool
    /// Whether a person types the commands: long results are shown page by page, and hints name commands as they are typed.
    let isInteractive: Bool

    /// - Parameter options: those of `ipamctl shell`.
    init(_ options: GlobalOptions, readsStandardInput: Bool, isInteractive: Bool) {
        state = Mutex(State(options: options))
        self.readsStandardInput = readsStandardInput
        self.isInteractive = isInteractive
    }

    private static let shared = Mutex<Session?>(nil)

    /// The session of the shell; nil outside of it.
    static var current: Session? { shared.withLock { $0 } }

    /// Makes this the session of all commands from now on.
    func begin() { Self.shared.withLock { $0 = self } }

    /// Checks that a command can read a file from standard input.
    ///
    /// - Throws: ``Failure`` if the shell reads its commands from it.
    static func requireStandardInput() throws(Failure) {
        guard current?.readsStandardInput == true else { return }
        throw Failure(
            .usage, "- is standard input, from which the shell reads its commands", hint: "name a file instead")
    }

    // MARK: Defaults

    /// The network of commands that name none; nil if there is no default.
    var network: NetworkName? {
        get { state.withLock { $0.options.network } }
        set { state.withLock { $0.options.network = newValue } }
    }

    /// How long a read or a change may take if a command has no `--timeout`.
    var timeout: DurationArgument {
        get { state.withLock { $0.options.timeout ?? .standard } }
        set { state.withLock { $0.options.timeout = newValue } }
    }

    /// The options of a command, with those of the shell where the command has none. The settings of the connection to etcd
    /// are one set: if the command has one of them, none of the shell's are used.
    func completed(_ given: GlobalOptions) -> GlobalOptions {
        let base = state.withLock { $0.options }
        var options = given
        options.network = given.network ?? base.network
        options.config = given.config ?? (given.nad == nil ? base.config : nil)
        options.nad = given.nad ?? (given.config == nil ? base.nad : nil)
        options.kubeconfig = given.kubeconfig ?? base.kubeconfig
        // A context belongs to its kubeconfig.
        options.context = given.context ?? (given.kubeconfig == nil ? base.context : nil)
        options.timeout = given.timeout ?? base.timeout
        options.verbose = given.verbose || base.verbose
        guard !given.namesStore else { return options }
        options.endpoints = base.endpoints
        options.cacert = base.cacert
        options.cert = base.cert
        options.key = base.key
        options.user = base.user
        return options
    }

    // MARK: The connection

    /// The store at `configuration`, over the connection that is open if it is the same one.
    func store(_ configuration: EtcdConfiguration) -> EtcdStore {
        state.withLock { state in
            state.endpoint = configuration.endpoints.first
            if let open = state.store, open.configuration == configuration { return open.store }
            let store = EtcdStore(client: EtcdClient(configuration, loop: .current))
            state.store = (configuration, store)
            return store
        }
    }

    /// The first endpoint of etcd, without its scheme; nil if no command has connected yet.
    var endpoint: String? {
        state.withLock { $0.endpoint }.map { url in
            url.firstRange(of: "://").map { String(url[$0.upperBound...]) } ?? url
        }
    }

    /// False the second time: remarks about the CNI files are the same for every command.
    func isNew(_ remark: String) -> Bool { state.withLock { $0.said.insert(remark).inserted } }
}

extension GlobalOptions {
    /// Whether they say where etcd is, or how to get into it.
    fileprivate var namesStore: Bool {
        self.endpoints != nil || self.cacert != nil || self.cert != nil || self.key != nil || self.user != nil
    }
}
