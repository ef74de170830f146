import HTTPTransport
import IPAMKit
import KubernetesClient

/// Values that exist now, from etcd and from the kubeconfig. If they cannot be had in time, there are none; nothing is printed.
///
/// For one completion it connects by itself; a program that completes often keeps one, with a connection. It is used on the
/// main thread, outside of a run of the loop.
final class StoreValues: LiveValues {
    /// How long the answer to one request may take, connecting included.
    let patience: Duration
    private let options: GlobalOptions
    private let connect: (_ limit: Duration) throws -> Connection
    /// The result of the first attempt to connect.
    private var connection: Result<Connection, any Error>?

    private struct Answer {
        let candidates: [Completion.Candidate]
        let end: ContinuousClock.Instant
    }

    private var answers: [LiveRequest: Answer] = [:]

    /// How long an answer is used again.
    private static let lifetime = Duration.seconds(2)
    /// The variable that allows more time, for an etcd that is far away: a time span such as `2s`.
    static let patienceVariable = "IPAMCTL_COMPLETION_TIMEOUT"
    private static let standardPatience = Duration.milliseconds(300)
    private static let mostPatience = Duration.seconds(60)

    /// Values of the etcd that the options, the variables or the CNI files name.
    convenience init(_ options: GlobalOptions) {
        self.init(options) { try Connection(options, timeout: $0, notes: { _ in }) }
    }

    /// Values of an etcd that is connected already.
    ///
    /// - Parameter patience: how long one request may take; nil for the variable's, or 300 ms.
    convenience init(_ connection: Connection, patience: Duration? = nil) {
        self.init(connection.options, patience: patience) { _ in connection }
    }

    private init(
        _ options: GlobalOptions, patience: Duration? = nil, connect: @escaping (_ limit: Duration) throws -> Connection
    ) {
        self.options = options
        self.connect = connect
        self.patience =
            patience
            ?? Variable.text(Self.patienceVariable).flatMap { DurationArgument($0) }.map {
                min(.seconds($0.seconds), Self.mostPatience)
            }
            ?? Self.standardPatience
    }

    func candidates(for request: LiveRequest) -> [Completion.Candidate] {
        let now = ContinuousClock.now
        if let answer = answers[request], answer.end > now { return answer.candidates }
        let candidates = request.kind == .contexts ? contexts(request) : stored(request, deadline: now + patience)
        answers = answers.filter { $0.value.end > now }
        answers[request] = Answer(candidates: candidates, end: .now + Self.lifetime)
        return candidates
    }

    private func stored(_ request: LiveRequest, deadline: ContinuousClock.Instant) -> [Completion.Candidate] {
        let result = connection ?? Result { try connect(patience) }
        connection = result
        guard let connection = try? result.get() else { return [] }
        let reader = LiveReader(connection: connection, request: request, deadline: deadline)
        let found = try? TransferLoop.current.run {
            // In the shell, Ctrl-C ends the wait.
            guard Session.current != nil else { return try await reader.candidates() }
            return try await Interrupt.cancelling { try await reader.candidates() }
        }
        return found ?? []
    }

    private func contexts(_ request: LiveRequest) -> [Completion.Candidate] {
        let names = (try? KubeconfigSource.first(options, nil)?.contextNames()) ?? []
        return names.filter { $0.hasPrefix(request.prefix) }.sorted().map { .init($0) }
    }
}
