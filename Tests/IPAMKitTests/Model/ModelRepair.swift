@testable import IPAMKit

/// An audit, and the repair of what it finds about one address.
final class ModelRepair: Sendable {
    private let code: AuditCode
    private let address: IPAddress
    private let ends: Set<String>
    private let shown: Reservation?
    private let rangeSets: [RangeSet]
    private let evidence: AuditEvidence

    /// - Parameters:
    ///   - pods: those that Kubernetes shows.
    ///   - ends: the containers whose tenancies it may end.
    ///   - shown: the reservation that it may drop.
    init(
        code: AuditCode, address: IPAddress, pods: [Pod], ends: Set<String>, shown: Reservation?, rangeSets: [RangeSet]
    ) {
        self.code = code
        self.address = address
        self.ends = ends
        self.shown = shown
        self.rangeSets = rangeSets
        let nodes = ["n1", "n2"].map { Node(name: $0, isReady: true, isOutOfService: false) }
        evidence = .kubernetes(ClusterSnapshot(cluster: "c1", pods: pods, nodes: nodes))
    }

    func isDone(in state: NetworkState) -> Bool {
        switch code {
        case .dangling:
            state.holder(of: address) != nil || !state.attachments.values.contains { ends.contains($0.container) }
        case .reservationExpired, .reservationOrphaned: state.reservations[address]?.reservation != shown
        default: state.container(address).map { !ends.contains($0) } ?? true
        }
    }

    func carryOut(_ pool: AddressPool) async throws -> ModelOperation.Outcome {
        let snapshot = try await pool.snapshot()
        let plan = RepairPlan(findings(snapshot), of: snapshot)
        if plan.findings.isEmpty { return .done }
        let outcomes = try await pool.carryOut(plan, by: "audit", at: noon)
        return outcomes.contains { !$0.isDone } ? .done : .changed
    }

    /// Findings of what came later than the scenario begins are another audit's.
    private func findings(_ snapshot: NetworkSnapshot) -> [AuditFinding] {
        let report = Audit(snapshot, evidence: evidence, configured: rangeSets, now: noon).report()
        return report.findings.filter { finding in
            guard finding.code == code, finding.address == address else { return false }
            guard let holder = finding.holder else { return true }
            return ends.contains(holder.containerID) && (holder.since ?? noon) == noon
        }
    }
}
