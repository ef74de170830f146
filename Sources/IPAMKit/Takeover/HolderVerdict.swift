/// Whether the holder of an address is gone; ``HolderEvidence/verdict()`` has the rules.
///
/// The texts are clauses about the holder, such as "its pod is alive".
public enum HolderVerdict: Hashable, Sendable {
    /// It has the address and keeps it.
    case live(String)
    /// It has the address now, and is about to go.
    ///
    /// - Parameters:
    ///   - remedy: what an operator can do if it does not go.
    ///   - isWaitedFor: false if nothing suggests that it goes soon.
    case passing(String, remedy: ReleaseRemedy? = nil, isWaitedFor: Bool = true)
    /// It is gone.
    case gone(Evidence)
    /// It appears to be gone; it counts as gone if nothing has changed a minute later.
    case seenGone(String)
    /// Neither its node nor Kubernetes can tell.
    case unverifiable(UnverifiableReason)

    /// Why a holder counts as gone. The text is a clause such as "its node n1 has rebooted".
    public enum Evidence: Hashable, Sendable, CustomStringConvertible {
        /// The holder's node itself shows it.
        case proven(String)
        /// An operator or the control plane says so.
        case asserted(String)
        /// It appeared to be gone at two checks, the first at `since`.
        case confirmed(String, since: Timestamp)

        /// The clause.
        public var description: String {
            switch self {
            case .proven(let text), .asserted(let text): text
            case .confirmed(let text, let since): "\(text), seen twice, first at \(since)"
            }
        }
    }
}
