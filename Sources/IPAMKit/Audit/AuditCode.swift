/// The kinds of findings. The codes are stable: reports are compared by them.
public enum AuditCode: String, Hashable, Sendable, CaseIterable {
    /// The holder is gone, and no live pod reports the address.
    case leaked
    /// A newer sandbox of the same pod has the interface.
    case superseded
    /// An attachment has an address without its used key.
    case dangling
    /// A used key without attachment (the Go plugin's) that no live pod reports.
    case unverified
    /// Like `unverified`, but a pod may have the address without reporting it: some live pods have interfaces that
    /// report no address, or pods of other clusters are on the network.
    case doubtful
    /// The holder's node is not in this cluster, and no cluster is recorded for it.
    case nodeGone = "node-gone"
    /// A live pod has an address of the pool that is not recorded for it.
    case untracked
    /// A reservation has expired.
    case reservationExpired = "reservation-expired"
    /// A reservation that `auto` made for a pod or a workload that Kubernetes no longer has.
    case reservationOrphaned = "reservation-orphaned"
    /// A lock that no lease will remove.
    case staleLock = "stale-lock"
    /// Two live pods report the address.
    case duplicate
    /// The address lies outside every range.
    case outOfRange = "out-of-range"
    /// A gateway, a network or a broadcast address is held.
    case gatewayInUse = "gateway-in-use"
    /// A node has an address of a range, and no reservation keeps pods from getting it; or a pod has it.
    case nodeAddress = "node-address"
    /// The address is used by a pod that it is not reserved for.
    case reservationViolated = "reservation-violated"
    /// The CNI file and the store differ.
    case configDrift = "config-drift"

    /// How urgent a finding is, the least urgent first.
    public enum Severity: String, Hashable, Sendable, CaseIterable, Comparable {
        /// Nothing is wrong.
        case info
        /// An address is lost, or will be lost.
        case warning
        /// Two holders may use one address, or no pod gets an address.
        case error

        /// Orders by urgency, the least urgent first.
        public static func < (left: Severity, right: Severity) -> Bool { left.rank < right.rank }

        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .error: 2
            }
        }
    }

    /// How urgent findings of this code are.
    public var severity: Severity {
        switch self {
        case .dangling, .untracked, .staleLock, .duplicate, .gatewayInUse, .nodeAddress, .reservationViolated: .error
        case .leaked, .superseded, .unverified, .nodeGone, .outOfRange, .configDrift: .warning
        case .doubtful, .reservationExpired, .reservationOrphaned: .info
        }
    }

    /// Whether a repair skips the finding unless `--include` names its code.
    public var isRepairedOnlyWhenIncluded: Bool {
        switch self {
        case .unverified, .doubtful, .nodeGone, .untracked, .reservationOrphaned, .staleLock: true
        case .leaked, .superseded, .dangling, .reservationExpired, .duplicate, .outOfRange, .gatewayInUse, .nodeAddress,
            .reservationViolated, .configDrift:
            false
        }
    }
}

/// The repair of a finding.
public enum AuditRepair: String, Hashable, Sendable {
    /// Frees the address, together with all other addresses of its attachment.
    case free
    /// Deletes the attachment.
    case dropAttachment = "drop-attachment"
    /// Writes the used key again.
    case restore
    /// Deletes the reservation.
    case dropReservation = "drop-reservation"
    /// Reserves the address for the pod that has it, so that no other pod gets it.
    case fence
    /// Deletes the lock.
    case removeLock = "remove-lock"
    /// There is no automatic repair: the finding needs manual action.
    case none

    /// What the repair does: `frees it`.
    public var phrase: String {
        switch self {
        case .free: "frees it"
        case .dropAttachment: "deletes the attachment"
        case .restore: "restores it"
        case .dropReservation: "drops the reservation"
        case .fence: "reserves it for that pod"
        case .removeLock: "deletes the lock"
        case .none: ""
        }
    }

    /// What the repair has done: `freed`.
    public var donePhrase: String {
        switch self {
        case .free: "freed"
        case .dropAttachment: "attachment deleted"
        case .restore: "restored"
        case .dropReservation: "reservation dropped"
        case .fence: "reserved for that pod"
        case .removeLock: "lock deleted"
        case .none: ""
        }
    }
}
