import Synchronization

@testable import IPAMKit

/// A clock that stands still until something waits by it: then it goes on at once, to what the test has planned for that
/// time, or to the end of the wait.
final class TestClock: Sendable {
    private struct State {
        var now: ContinuousClock.Instant
        var plans: [(time: ContinuousClock.Instant, action: @Sendable () async -> Void)] = []
    }

    private let begin = ContinuousClock.now
    private let state: Mutex<State>

    init() {
        state = Mutex(State(now: begin))
    }

    var now: ContinuousClock.Instant { state.withLock { $0.now } }

    /// What has passed since the clock was made.
    var elapsed: Duration { now - begin }

    /// The same for a clock that the clock's beginning is `time` by.
    func timestamp(from time: Timestamp) -> Timestamp { time.advanced(bySeconds: elapsed.components.seconds) }

    /// Plans what happens so long after the clock was made, while something waits.
    func plan(after duration: Duration, _ action: @escaping @Sendable () async -> Void) {
        state.withLock { $0.plans.append((begin + duration, action)) }
    }

    /// Goes on to the next plan and carries it out, or to the deadline if that comes first.
    ///
    /// - Returns: whether a plan was carried out.
    func goOn(until deadline: ContinuousClock.Instant) async -> Bool {
        let action = state.withLock { state -> (@Sendable () async -> Void)? in
            let next = state.plans.indices.min { state.plans[$0].time < state.plans[$1].time }
            guard let next, state.plans[next].time < deadline else {
                state.now = max(state.now, deadline)
                return nil
            }
            let plan = state.plans.remove(at: next)
            state.now = max(state.now, plan.time)
            return plan.action
        }
        await action?()
        return action != nil
    }
}
