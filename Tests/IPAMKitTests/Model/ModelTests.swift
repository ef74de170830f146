import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// The transactions as a model: the operations themselves, on a store in memory, in every order in which their calls can reach
/// it. In an ordinary run the large scenarios are explored without faults, and the largest not at all; with
/// `KUBE_IPAM_TIMES=2` all of them are explored with faults.
@Suite(.serialized) struct ModelTests {
    private static let isDeeper = Repetitions.of(1) > 1

    /// What was found in each scenario, the smallest first.
    private static let explored = Task {
        let scenarios = try await Scenario.all()
        return try await StepExecutor.onOwnThread {
            try scenarios.filter { isDeeper || !$0.isVeryLarge }.map { scenario in
                let explorer = Explorer(scenario: scenario, hasFaults: isDeeper || !scenario.isLarge)
                return (scenario: scenario, report: try explorer.explore())
            }.sorted { $0.report.schedules < $1.report.schedules }
        }
    }

    @Test func nothingGoesWrongInAnyOrder() async throws {
        let explored = try await Self.explored.value
        for (scenario, report) in explored {
            print("\(scenario.name): \(report.schedules) schedules, \(report.states) states, \(report.ends.count) ends")
            if let violation = report.violation { Issue.record("\(violation)") }
        }
        func sum(_ count: (Explorer.Report) -> Int) -> Int { explored.reduce(0) { $0 + count($1.report) } }
        print(
            "\(explored.count) scenarios: \(sum(\.schedules)) schedules, \(sum(\.states)) states, "
                + "\(sum(\.ends.count)) ends")
    }

    /// Without any one of the guards something goes wrong in some order, and it is noticed.
    @Test func everyGuardIsNeeded() async throws {
        let explored = try await Self.explored.value
        let guards = explored.reduce(into: Set<OperationGuard>()) { $0.formUnion($1.report.guards) }
        let violations = try await StepExecutor.onOwnThread {
            var violations: [OperationGuard: Explorer.Violation] = [:]
            for dropped in guards where dropped.operation != .go {
                for (scenario, report) in explored where report.guards.contains(dropped) {
                    let hasFaults = dropped.kind == .trace || (Self.isDeeper && !scenario.isLarge)
                    let found = try Explorer(scenario: scenario, hasFaults: hasFaults, dropped: dropped).explore()
                    violations[dropped] = found.violation
                    if found.violation != nil { break }
                }
            }
            return violations
        }
        for dropped in guards.sorted(by: { $0.description < $1.description }) where dropped.operation != .go {
            if let violation = violations[dropped] {
                print("without \(dropped): \(violation)")
            } else {
                Issue.record("without \(dropped) nothing goes wrong: either it is not needed, or a scenario is missing")
            }
        }
    }
}
