import IPAMKit

/// What planned reservations would change, for the operator who is asked.
struct ReservationPreview {
    private let changes: [ReservationChange]
    private let plan: ReservationPlanFile.Plan?
    private let network: NetworkName

    /// - Parameter plan: the plan of the file; nil if the addresses are on the command line.
    init(_ planned: ReservePlan, of plan: ReservationPlanFile.Plan?, in network: NetworkName) {
        changes = planned.changes
        self.plan = plan
        self.network = network
    }

    private func all(_ kind: ReservationChange.Kind) -> [ReservationChange] { changes.filter { $0.kind == kind } }

    /// A line for each address that changes: what is dropped, then what is changed, then what is new; before them the number
    /// of those that stay as they are.
    var lines: [String] {
        let kept = all(.unchanged).count
        let dropped = all(.dropped).map { change in
            "- \(change.address) for \(change.reservation.holder.phrase)"
                + (change.stillUsed.map { ", still used by \($0.phrase)" } ?? "")
        }
        let updated = all(.updated).map {
            "~ \($0.address) for \($0.reservation.holder.phrase)\($0.whatIsNew)"
        }
        let reserved = all(.reserved).map { "+ \($0.address) for \($0.reservation.holder.phrase)" }
        return (kept == 0 ? [] : ["= \(kept.counted("address")) kept as reserved already"]) + dropped + updated
            + reserved
    }

    /// The question; nil if there is nothing to reserve.
    var question: String? {
        guard let plan else { return questionOfArguments }
        let (reserved, updated, dropped) = (all(.reserved).count, all(.updated).count, all(.dropped).count)
        let parts = [
            reserved > 0 ? "reserve \(reserved.counted("address"))" : nil,
            updated > 0 ? "update \(updated.counted("reservation"))" : nil,
            dropped > 0 ? "drop \(dropped.counted("reservation"))" : nil,
        ].compactMap(\.self).joined(separator: ", ")
        return "\(plan.name.map { "Plan \($0)" } ?? "Plan") in network \(network): \(parts)?"
    }

    private var questionOfArguments: String? {
        guard let first = changes.first else { return nil }
        let what = changes.count == 1 ? first.address.description : "these \(changes.count) addresses"
        let holders = Set(changes.map(\.reservation.holder.phrase)).sorted()
        let who = holders.count == 1 ? holders[0] : "\(holders.count) holders"
        return "Reserve \(what) of network \(network) for \(who)?"
    }

    /// That a plan changes nothing; nil if it does.
    var nothingToDo: String? {
        guard let plan, changes.allSatisfy({ $0.kind == .unchanged }) else { return nil }
        let (one, owner) = (changes.count == 1, plan.name.map { " of plan \($0)" } ?? "")
        return changes.isEmpty
            ? "nothing to do: \(plan.name.map { "plan \($0)" } ?? plan.source) has no reservations in network \(network)"
            : "nothing to do: \(changes.count.counted("reservation"))\(owner) exist\(one ? "s" : "") already"
    }
}
