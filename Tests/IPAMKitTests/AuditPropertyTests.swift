import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// Pods that come, move, are rebuilt and go while an audit looks, waits and repairs: none that is alive loses its address.
@Suite struct AuditPropertyTests {
    private static let runs = Repetitions.of(2500)

    /// One audit in steps, so that others can act between any two of them.
    private struct AuditInSteps {
        enum Next {
            case readStore
            case listPods(NetworkSnapshot)
            case wait(AuditReport)
            case repair([AuditFinding], NetworkSnapshot)
        }

        var next = Next.readStore
        var earlier: AuditReport?
        var repaired = 0

        mutating func step(_ life: Lifetimes) async throws {
            switch next {
            case .readStore: next = .listPods(try await life.pool.snapshot())
            case .listPods(let snapshot):
                let seen = ClusterSnapshot(
                    cluster: "c1", pods: try await life.cluster.pods(deadline: .now).items,
                    nodes: try await life.cluster.nodes(deadline: .now).items)
                let report = Audit(snapshot, evidence: .kubernetes(seen), now: life.now).report()
                next =
                    earlier == nil
                    ? .wait(report)
                    : .repair(
                        report.repairable(
                            including: [.unverified, .nodeGone], confirmedBy: earlier, grace: 60), snapshot)
            case .wait(let report):
                guard life.now >= report.at.advanced(bySeconds: 60) else { return }
                earlier = report
                next = .readStore
            case .repair(let findings, let snapshot):
                repaired += try await life.pool.repair(findings, of: snapshot, by: "audit", at: life.now)
                    .count { $0.isDone }
                earlier = nil
                next = .readStore
            }
        }
    }

    @Test(arguments: 0..<4)
    func noLiveAddressIsFreed(part: Int) async throws {
        let sets = [try set("10.82.0.0/24 10.82.0.100-10.82.0.110 10.82.0.10-10.82.0.20")]
        var seeds = SeededGenerator()
        let isRepeated = seeds.seed == SeededGenerator().seed
        var repaired = 0
        for _ in 0..<(isRepeated ? 1 : Self.runs / 4) {
            let seed = seeds.next()
            var life = try Lifetimes(sets, seed: seed)
            var audit = AuditInSteps()
            for _ in 0..<50 {
                try await life.step()
                if Int.random(in: 0..<3, using: &life.generator) == 0 {
                    try await audit.step(life)
                    life.log.append("audit: \(audit.next)".prefix(80).description)
                }
                if let loss = try await life.loss() {
                    Issue.record("\(life.generator): \(loss)\n\(life.log.suffix(25).joined(separator: "\n"))")
                    return
                }
            }
            if let duplicate = try await life.duplicate() { Issue.record("\(life.generator): \(duplicate)") }
            repaired += audit.repaired
        }
        #expect(isRepeated || repaired > Self.runs / 50, "the audit must have had something to repair: \(repaired)")
    }
}
