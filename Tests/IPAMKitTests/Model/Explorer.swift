@testable import IPAMKit
@testable import Store

/// Runs a scenario under every schedule, and looks at every state.
///
/// A run cannot be taken back, so each schedule is a run from the beginning (stateless model checking, Godefroid 1997). Two
/// steps that change nothing in the store commute; of their two orders one is explored (sleep sets). A state that was
/// explored before is not explored again, unless fewer steps were asleep this time.
struct Explorer {
    /// What was found.
    struct Report {
        var schedules = 0
        var states = 0
        var ends: Set<Int> = []
        var guards: Set<OperationGuard> = []
        /// The shortest schedule to something that is wrong.
        var violation: Violation?
    }

    /// Something that is wrong, and what led to it.
    struct Violation: CustomStringConvertible {
        let scenario: String
        let problem: String
        let schedule: [String]

        var description: String { "\(scenario): \(problem)\n    " + schedule.joined(separator: "\n    ") }
    }

    private struct Node {
        let choices: [Choice]
        /// The states that crashes lead to.
        let crashes: [Choice: Int]
        var next = 0
        /// The operations whose next steps need not be explored: they commute with what led here.
        let asleep: UInt64
        /// Those of the explored choices that changed nothing.
        var harmless: UInt64 = 0
        /// The state, for finding out whether a run can be repeated.
        let hash: Int
        var choice: Choice { choices[next] }
    }

    let scenario: Scenario
    /// Whether, once in each schedule, an operation stops for ever, or an answer or a request is lost.
    var hasFaults = true
    /// A guard that is left out.
    var dropped: OperationGuard?
    /// Whether to stop at the first violation.
    var stopsAtFirst = false

    func explore() throws -> Report {
        guard let prepared = scenario.pool.memory else { fatalError("a scenario's network is in memory") }
        var report = Report()
        var explored: [Int: UInt64] = [:]
        var path: [Node] = []
        let cache = StateCache()
        repeat {
            let run = ModelRun(scenario, from: prepared, dropping: dropped, cache)
            defer {
                run.abandon()
                report.guards.formUnion(run.guards)
            }
            report.schedules += 1
            var asleep: UInt64 = 0
            for index in path.indices {
                guard run.hash == path[index].hash else { throw NotRepeatable(scenario: scenario.name) }
                asleep = perform(on: run, &path[index])
            }
            while true {
                // Only a shorter schedule would be of interest now.
                if let known = report.violation, known.schedule.count <= path.count { break }
                if run.problem != nil || run.isOver {
                    if run.problem == nil { report.ends.insert(run.end) }
                    if let problem = run.problem ?? run.problemAtEnd() {
                        note(problem, path, prepared, cache, in: &report)
                        if stopsAtFirst { return report }
                    }
                    break
                }
                let hash = run.hash
                var choices = run.choices
                if let known = explored[hash] {
                    // What was asleep at every earlier visit, and is awake now.
                    choices = choices.filter { $0.isStep && known.has($0.operation) && !asleep.has($0.operation) }
                    explored[hash] = known & asleep
                } else {
                    explored[hash] = asleep
                    report.states += 1
                    choices = choices.filter { !$0.isStep || !asleep.has($0.operation) }
                    if hasFaults { choices += run.faults }
                }
                var crashes: [Choice: Int] = [:]
                for case .crash(let index) in choices { crashes[.crash(index)] = run.hash(crashing: index) }
                choices = choices.filter { crashes[$0].map { explored[$0] != 0 } ?? true }
                guard !choices.isEmpty else { break }
                path.append(Node(choices: choices, crashes: crashes, asleep: asleep, hash: hash))
                asleep = perform(on: run, &path[path.count - 1])
            }
            while let last = path.last {
                let rest = last.choices.indices.dropFirst(last.next + 1)
                // A state that was explored with nothing asleep need not be entered again.
                if let next = rest.first(where: { last.crashes[last.choices[$0]].map { explored[$0] != 0 } ?? true }) {
                    path[path.count - 1].next = next
                    break
                }
                path.removeLast()
            }
        } while !path.isEmpty
        return report
    }

    /// Carries out a node's choice.
    ///
    /// - Returns: the operations that are asleep afterwards.
    private func perform(on run: ModelRun, _ node: inout Node) -> UInt64 {
        let choice = node.choice
        let bit = UInt64(1) << choice.operation
        let commuting = (node.asleep | node.harmless) & ~bit
        let isHarmless = run.perform(choice)
        if isHarmless, choice.isStep { node.harmless |= bit }
        if case .timeOut = choice { return 0 }
        return isHarmless ? commuting : 0
    }

    private func note(
        _ problem: String, _ path: [Node], _ prepared: MemoryStore, _ cache: StateCache, in report: inout Report
    ) {
        if let known = report.violation, known.schedule.count <= path.count { return }
        let run = ModelRun(scenario, from: prepared, dropping: dropped, cache)
        defer { run.abandon() }
        var schedule: [String] = []
        for node in path {
            schedule.append(run.phrase(node.choice))
            _ = run.perform(node.choice)
        }
        report.violation = Violation(scenario: scenario.name, problem: problem, schedule: schedule)
    }

    /// A run went another way than one with the same schedule before.
    struct NotRepeatable: Error {
        let scenario: String
    }
}

extension Choice {
    fileprivate var isStep: Bool { if case .step = self { true } else { false } }
}

extension UInt64 {
    fileprivate func has(_ index: Int) -> Bool { self & (1 << index) != 0 }
}
