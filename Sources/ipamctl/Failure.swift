import IPAMKit
import Store

/// Why a command did not do what was asked: one line, perhaps a hint at the next step, and the exit status.
struct Failure: Error {
    enum Status: Int32 {
        case failed = 1
        case unreachable = 2
        case conflict = 3
        case notFound = 4
        case problems = 5
        case usage = 64
    }

    let status: Status
    let message: String
    let hint: String?
    /// Whether a person said no.
    private(set) var isDeclined = false
    /// Whether what failed may have been done all the same.
    private var isUncertain = false

    init(_ status: Status, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// The answer to a question was no.
    static let declined: Failure = {
        var failure = Failure(.failed, "nothing was changed")
        failure.isDeclined = true
        return failure
    }()

    /// Why a command stopped that had done a part of its work.
    ///
    /// - Parameters:
    ///   - error: what stopped it.
    ///   - done: such as `2 findings of network k8s`.
    ///   - rest: what was not done, such as `network other`.
    static func stopped(_ error: any Error, done: String, rest: [String]) -> Failure {
        let cause = Failure(any: error)
        return Failure(
            cause.status,
            "\(cause.isDeclined ? "the answer was no" : cause.message); done before that: \(done); "
                + "\(cause.isUncertain ? "perhaps not done" : "not done"): \(rest.joined(separator: ", "))",
            hint: cause.hint ?? (cause.isDeclined ? nil : "run it again for the rest"))
    }

    init(any error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as IPAMError: self.init(error)
        default: self.init(.failed, "\(error)")
        }
    }

    init(_ error: IPAMError, hint: String? = nil) {
        let status: Status =
            switch error {
            case .store(.unreachable), .store(.deadlineExceeded), .store(.outcomeUnknown), .lookupFailed,
                .goNodesLookupFailed:
                .unreachable
            case .conflicts, .inUse, .held, .heldForNow, .unverifiable, .reserved, .reservationsInUse, .contention,
                .exhausted, .automaticLimit, .onHold:
                .conflict
            case .nothingToRelease, .unknownNetwork: .notFound
            case .notAllowed: .usage
            default: .failed
            }
        self.init(status, error.description, hint: hint ?? Self.hint(for: error))
        if case .store(.outcomeUnknown) = error { isUncertain = true }
    }

    private static func hint(for error: IPAMError) -> String? {
        switch error {
        case .store(.unreachable(let text)) where text.contains("SSL") || text.contains("certificate"):
            "check --cacert, --cert and --key, and whether etcd speaks TLS there (https:// or http://)"
        case .store(.unreachable), .store(.deadlineExceeded):
            "check the endpoints, or name others with --endpoints"
        case .store(.invalidConfiguration(let text)) where text.contains("is encrypted"):
            "'openssl pkey -in KEY -out NEW' writes it without one"
        case .onHold(let network, _): "'ipamctl unhold \(network)' lifts it"
        case .unknownNetwork: "see 'ipamctl networks'"
        case .store(.denied):
            "name a user with --endpoints and --user NAME:PASSWORD, or a certificate with --cert and --key"
        case .store(.tooLarge): "try it with fewer addresses at once, or shorter notes"
        case .lookupFailed(let error) where error.isForbidden:
            "nothing was judged; name a kubeconfig that may list pods and nodes with --kubeconfig or KUBECONFIG"
        case .lookupFailed: "nothing was judged; check the kubeconfig, or name another with --kubeconfig"
        case .damaged(let key, _): "look at it with 'etcdctl get \(key)', and mend or delete it there"
        case .store(.outcomeUnknown): "the change may have been made: look with 'ipamctl list'"
        default: error.nextStep(on: nil)
        }
    }
}
