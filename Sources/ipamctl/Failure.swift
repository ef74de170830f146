import IPAMKit
import Store

/// Why a command failed: an error message of one line, perhaps a hint at the next step, and the exit status.
struct Failure: Error {
    enum Status: Int32, CaseIterable {
        case failed = 1
        case unreachable = 2
        case conflict = 3
        case notFound = 4
        case problems = 5
        case usage = 64

        /// For the help text.
        var meaning: String {
            switch self {
            case .failed: "failed"
            case .unreachable: "etcd or Kubernetes unreachable"
            case .conflict: "conflict"
            case .notFound: "not found"
            case .problems: "the audit found problems"
            case .usage: "usage error"
            }
        }
    }

    let status: Status
    let message: String
    let hint: String?
    /// Whether the answer to a question was no.
    private(set) var isDeclined = false
    /// Whether the change that failed may have been made all the same.
    private var isUncertain = false
    /// Whether a part of the work was done before.
    private var isPartial = false

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

    /// The failure of a command that had done a part of its work.
    ///
    /// - Parameters:
    ///   - error: what stopped it.
    ///   - done: such as `2 findings of network k8s`.
    ///   - rest: what was not done, such as `network other`.
    init(stoppedBy error: any Error, done: String, rest: [String]) {
        let cause = Failure(any: error)
        self.init(
            cause.status,
            "\(cause.isDeclined ? "the answer was no" : cause.message); done before that: \(done); "
                + "\(cause.isUncertain ? "perhaps not done" : "not done"): \(rest.joined(separator: ", "))",
            hint: cause.hint ?? (cause.isDeclined ? nil : "run the command again to do the rest"))
        isPartial = true
    }

    /// The failure of a command that Ctrl-C has cancelled in the shell. A change may have been made all the same.
    init(interrupted error: any Error) {
        let cause = Failure(any: error)
        self = cause.isUncertain || cause.isPartial ? cause : Failure(.failed, "interrupted")
    }

    init(any error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let error as IPAMError: self.init(error)
        case let error as StoreError: self.init(.store(error))
        default: self.init(.failed, "\(error)")
        }
    }

    init(_ error: IPAMError, hint: String? = nil) {
        self.init(Self.status(of: error), error.description, hint: hint ?? Self.hint(for: error))
        if case .store(.outcomeUnknown) = error { isUncertain = true }
    }

    /// Runs `body`, and throws its error as a failure.
    ///
    /// - Parameters:
    ///   - status: for an error that is not a failure.
    ///   - subject: what the error is about, such as a variable or a column.
    ///   - hint: for an error that has none of its own.
    static func wrap<Value>(
        _ status: Status = .failed, about subject: String? = nil, hint: String? = nil, _ body: () throws -> Value
    ) throws(Failure) -> Value {
        do {
            return try body()
        } catch {
            let failure = error as? Failure ?? Failure(status, "\(error)")
            throw Failure(
                failure.status, (subject.map { $0 + ": " } ?? "") + failure.message, hint: failure.hint ?? hint)
        }
    }

    private static func status(of error: IPAMError) -> Status {
        switch error {
        case .store(.unreachable), .store(.deadlineExceeded), .store(.outcomeUnknown), .lookupFailed,
            .goNodesLookupFailed:
            .unreachable
        case .conflicts, .inUse, .held, .heldForNow, .unverifiable, .reserved, .fenced, .reservationsInUse, .contention,
            .exhausted, .automaticLimit, .onHold, .outdated:
            .conflict
        case .nothingToRelease, .notReserved, .unknownNetwork: .notFound
        case .notAllowed: .usage
        case .store(.denied), .store(.full), .store(.tooLarge), .store(.compacted), .store(.invalidConfiguration),
            .store(.refused), .locked, .heldByThisContainer, .notInNetwork, .dynamicNotReserved, .misdirected,
            .annotation, .notForAutomatic, .podGone, .goNodesUnknown, .noAnnotationSource, .damaged, .notRecorded,
            .tooManyOperations, .missingAttachments:
            .failed
        }
    }

    private static func hint(for error: IPAMError) -> String? {
        switch error {
        case .store(let error): hint(for: error)
        case .onHold(let network, _): "'ipamctl unhold \(network)' lifts the hold"
        case .unknownNetwork: "see 'ipamctl networks'"
        case .lookupFailed(let error) where error.isForbidden:
            "nothing was judged; use --kubeconfig or KUBECONFIG to name a kubeconfig that may list pods and nodes"
        case .lookupFailed: "nothing was judged; check the kubeconfig, or name another one with --kubeconfig"
        case .outdated: "run the command again to see what it would do now"
        case .damaged(let key, _): "inspect the value with 'etcdctl get \(key)', and repair or delete it there"
        case .notAllowed: "'ipamctl list --state free' lists free addresses, and 'ipamctl map' shows the ranges"
        case .nothingToRelease: "'ipamctl list' lists the addresses that are used or reserved"
        case .contention: "run the command again"
        case .locked:
            "wait until that node has released the lock; 'ipamctl audit' shows a lock that nobody holds any more"
        case .exhausted, .inUse, .held, .heldByThisContainer, .unverifiable, .heldForNow, .reserved,
            .fenced, .notReserved, .reservationsInUse, .notInNetwork, .dynamicNotReserved, .misdirected, .annotation,
            .notForAutomatic, .automaticLimit, .podGone, .goNodesUnknown, .goNodesLookupFailed, .noAnnotationSource,
            .notRecorded, .conflicts, .tooManyOperations, .missingAttachments:
            error.nextStep(on: nil)
        }
    }

    private static func hint(for error: StoreError) -> String? {
        switch error {
        case .unreachable(let text) where text.contains("SSL") || text.contains("certificate"):
            "check --cacert, --cert and --key, and whether etcd uses TLS at this endpoint (https:// or http://)"
        case .unreachable, .deadlineExceeded: "check the endpoints, or name others with --endpoints"
        case .invalidConfiguration(let text) where text.contains("is encrypted"):
            "write the key without a passphrase: openssl pkey -in KEY -out NEW"
        case .denied: "use --endpoints with --user NAME:PASSWORD, or with --cert and --key"
        case .tooLarge: "try again with fewer addresses at once, or with shorter notes"
        case .outcomeUnknown: "the change may have been made: check with 'ipamctl list'"
        case .full: "make room with 'etcdctl compact' and 'etcdctl defrag', then run 'etcdctl alarm disarm'"
        case .compacted: "run the command again"
        case .invalidConfiguration: "check the files and addresses of etcd, in the options or in the CNI file"
        case .refused: "check etcd with 'etcdctl endpoint status'"
        }
    }
}

extension Failure: CustomStringConvertible {
    /// The message, and on a second line the hint: what the parser shows of a failure that an argument's type throws.
    var description: String { message + (hint.map { Self.hintMark + $0 } ?? "") }

    static let hintMark = "\nhint: "
}

extension Int {
    /// `1 finding`, `2 addresses`
    func counted(_ noun: String) -> String {
        "\(self) \(noun)" + (self == 1 ? "" : noun.hasSuffix("s") ? "es" : "s")
    }
}
