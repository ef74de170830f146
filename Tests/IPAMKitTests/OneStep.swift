@testable import IPAMKit

/// Each operation that is planned and then carried out, in one step: the tests ask nobody in between.
extension AddressPool {
    func reserve(_ orders: [ReservationOrder], rangeSets: [RangeSet], now: Timestamp, dryRun: Bool = false)
        async throws(IPAMError) -> [ReservationChange]
    {
        let plan = try await planReservations(orders, rangeSets: rangeSets, now: now)
        return dryRun ? plan.changes : try await carryOut(plan)
    }

    func release(
        _ plan: ReleasePlan, ending: Ending? = nil, progress: (IPAddress, Bool) -> Void = { _, _ in }
    ) async throws(IPAMError) -> [ReleaseChange] {
        try await carryOut(plan, ending: ending, progress: progress)
    }

    func hold(_ hold: NetworkSettings.Hold, rangeSets: [RangeSet] = [], dryRun: Bool = false) async throws(IPAMError)
        -> HoldChange
    {
        let plan = try await plan(.hold(hold), rangeSets: rangeSets)
        let isMade = dryRun ? plan.isNeeded : try await carryOut(plan)
        return HoldChange(kind: isMade ? .held : .unchanged, hold: isMade ? hold : plan.hold)
    }

    func unhold(dryRun: Bool = false) async throws(IPAMError) -> HoldChange {
        let plan = try await plan(.unhold)
        let isMade = dryRun ? plan.isNeeded : try await carryOut(plan)
        return HoldChange(kind: isMade ? .lifted : .unchanged, hold: plan.hold)
    }

    func endGoNodes(rangeSets: [RangeSet] = [], dryRun: Bool = false) async throws(IPAMError) -> Bool {
        let plan = try await plan(.endGoNodes, rangeSets: rangeSets)
        return dryRun ? plan.isNeeded : try await carryOut(plan)
    }

    func adopt(
        _ adoption: Adoption, by: String, at now: Timestamp, progress: ([AdoptionOutcome]) -> Void = { _ in }
    ) async throws(IPAMError) -> [AdoptionOutcome] {
        try await carryOut(adoption, by: by, at: now, progress: progress)
    }

    func repair(
        _ findings: [AuditFinding], of snapshot: NetworkSnapshot, by: String, at now: Timestamp,
        progress: ([RepairOutcome]) -> Void = { _ in }
    ) async throws(IPAMError) -> [RepairOutcome] {
        try await carryOut(RepairPlan(findings, of: snapshot), by: by, at: now, progress: progress)
    }
}

/// What holding a network, or lifting its hold, came to.
struct HoldChange: Hashable {
    enum Kind: Hashable {
        case held, lifted, unchanged
    }

    let kind: Kind
    let hold: NetworkSettings.Hold?
}
