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

    init(_ status: Status, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    init(_ error: IPAMError, hint: String? = nil) {
        let status: Status =
            switch error {
            case .store(.unreachable), .store(.deadlineExceeded), .store(.outcomeUnknown), .lookupFailed: .unreachable
            case .conflicts, .inUse, .held, .heldForNow, .unverifiable, .reserved, .reservationsInUse, .contention,
                .exhausted, .automaticLimit, .onHold:
                .conflict
            case .nothingToRelease, .unknownNetwork: .notFound
            case .notAllowed: .usage
            default: .failed
            }
        self.init(status, error.description, hint: hint ?? Self.hint(for: error))
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
        case .store(.denied): "name a user with --user NAME:PASSWORD, or a certificate with --cert and --key"
        case .store(.tooLarge): "try it with fewer addresses at once, or shorter notes"
        case .lookupFailed: "nothing was judged; check the kubeconfig, or name another with --kubeconfig"
        case .damaged(let key, _): "look at it with 'etcdctl get \(key)', and mend or delete it there"
        case .store(.outcomeUnknown): "the change may have been made: look with 'ipamctl list'"
        default: error.nextStep(on: nil)
        }
    }
}
