import ArgumentParser
import IPAMKit

/// `--pod`, `--namespace` and `--node`: whose addresses, events, findings or history lines are meant. All options that are
/// given must apply to the same holder, or to the same reservation.
struct HolderOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Only this pod (NAMESPACE/NAME): what it uses, or what is reserved for it.", valueName: "namespace/name"),
        transform: PodReference.init(argument:))
    var pod: PodReference?

    @Option(
        help: "Only the pods of this namespace: what they use, or what is reserved for them.",
        transform: Namespace.init(argument:))
    var namespace: Namespace?

    @Option(help: "Only the pods on this node: what they use.", transform: OneName.checked)
    var node: String?

    /// False if everything is meant.
    var isGiven: Bool { pod != nil || namespace != nil || node != nil }

    /// Whether one of `users` is meant, or a pod that an address is reserved for.
    ///
    /// - Parameter reserved: nil if nothing is reserved.
    func admits(_ users: [Holder?], reservedFor reserved: ReservationHolder?) -> Bool {
        !isGiven || users.contains(where: admits) || admits(reserved)
    }

    private func admits(_ user: Holder?) -> Bool {
        guard let user else { return false }
        return (pod.map(user.isCalled) ?? true) && (namespace == nil || user.namespace == namespace)
            && (node == nil || user.node == node)
    }

    /// Whether a reservation is meant: reservations belong to no node.
    func admits(_ reserved: ReservationHolder?) -> Bool {
        guard let reserved, node == nil else { return false }
        return (pod == nil || reserved == pod.map(ReservationHolder.pod))
            && (namespace == nil || reserved.namespace == namespace)
    }
}

extension HolderOptions {
    func admits(_ entry: AddressEntry) -> Bool {
        admits([entry.tenancy?.holder], reservedFor: entry.reservation?.holder)
    }

    func admits(_ event: NetworkEvent) -> Bool {
        admits([event.tenancy?.holder, event.former?.holder], reservedFor: event.reservation?.holder)
    }

    func admits(_ line: HistoryLine) -> Bool {
        admits([line.tenancy?.holder], reservedFor: line.reservation?.holder)
    }

    func admits(_ finding: AuditFinding) -> Bool {
        admits([finding.holder?.holder], reservedFor: finding.fenceFor)
    }
}
