import IPAMKit
import Store

/// The prompt: the network and the store that commands use, and whether the network is on hold.
struct ShellPrompt {
    private let session: Session
    private var network: NetworkName?
    private var state = State.open

    private enum State: String {
        case open = ""
        case held = "[on hold]"
        case unreachable = "[unreachable]"
    }

    /// How long a person may have to wait for the prompt.
    private static let patience = Duration.milliseconds(300)

    init(_ session: Session) {
        self.session = session
    }

    /// `k8snetwork@127.0.0.1:2379> `; `*` stands for all networks.
    mutating func text() -> String {
        refresh()
        let endpoint = session.endpoint.map { "@" + $0 } ?? ""
        return "\((session.network ?? network)?.text ?? "*")\(endpoint)\(state.rawValue)> "
    }

    private mutating func refresh() {
        do {
            let options = try GlobalOptions.parse([])
            (network, state) = try connected(options, for: Self.patience, notes: { _ in }) { connection in
                let networks = try await connection.networks()
                guard networks.count == 1, let network = networks.first else { return (nil, State.open) }
                // A read of one range: giving up a transaction can make early etcd 3.5 panic (etcd issue 14110).
                let settings = try await connection.store.read(
                    [Read(KeyRange(Keyspace(network).settings))], deadline: connection.deadline
                ).results.first?.records.first
                let hold = try settings.map { try NetworkSettings(stored: $0.value) }?.hold
                return (network, hold == nil ? .open : .held)
            }
        } catch is CancellationError {
            state = .unreachable
        } catch {
            // After Ctrl-C, the last answer still stands.
            if Interrupt.isRequested { return }
            let failure = Failure(any: error)
            if failure.status == .unreachable {
                state = .unreachable
            } else if session.isNew(failure.message) {
                // Such as a store that nothing names: said once, before the first command.
                Terminal.note("warning: \(failure.message)" + (failure.hint.map { "\nhint: \($0)" } ?? ""))
            }
        }
    }
}
