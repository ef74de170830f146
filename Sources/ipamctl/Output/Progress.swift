import HTTPTransport
import Synchronization

/// The line about work that takes longer than a second. It is shown only on a terminal, on standard error.
enum Progress {
    private struct State {
        var text = "waiting for etcd ..."
        /// Whether the line is shown now.
        var isShown = false
        /// Whether the command has asked something, or shows its progress itself.
        var hasSpoken = false
    }

    private static let state = Mutex(State())

    /// What the command does from now on, such as `reading network k8s from etcd ...`.
    static func describe(_ text: String) {
        let isShown = state.withLock { state in
            state.text = text
            return state.isShown && !state.hasSpoken
        }
        if isShown { Terminal.draw(text) }
    }

    /// The command asks something, or shows its progress itself: the line is not shown any more.
    static func commandHasSpoken() { state.withLock { $0.hasSpoken = true } }

    /// Runs `body`, and shows the line if it takes longer than a second. The line is erased at the end.
    static func whileWaiting<Value: Sendable>(_ body: @Sendable () async throws -> Value) async rethrows -> Value {
        guard Terminal.isWatched else { return try await body() }
        state.withLock { $0 = State() }
        defer { Terminal.draw("") }
        async let _: Void = show()
        return try await body()
    }

    private static func show() async {
        await TransferLoop.current.sleep(until: .now + .seconds(1))
        let text = state.withLock { state -> String? in
            if state.hasSpoken || Task.isCancelled { return nil }
            state.isShown = true
            return state.text
        }
        if let text { Terminal.draw(text) }
    }
}
