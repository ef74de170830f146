import Glibc
import HTTPTransport
import Synchronization

/// Ctrl-C in the shell: it ends the line that is typed, or the command that runs, and not the program.
enum Interrupt {
    private static let isCaught = Atomic(false)

    /// Whether Ctrl-C was pressed since ``reset()``.
    static var isRequested: Bool { isCaught.load(ordering: .relaxed) }

    static func reset() { isCaught.store(false, ordering: .relaxed) }

    /// Catches Ctrl-C from now on, unless the program was started with SIGINT ignored. System calls that wait are
    /// interrupted.
    static func catchSignal() {
        SignalHandler.install(SIGINT) { _ in Interrupt.isCaught.store(true, ordering: .relaxed) }
    }

    private static let interval = Duration.milliseconds(50)

    /// Runs `body`, and cancels it if Ctrl-C is pressed, or if it takes longer than `limit`.
    ///
    /// - Throws: what `body` throws, also because it was cancelled.
    static func cancelling<Value: Sendable>(
        after limit: Duration? = nil, _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let end = limit.map { ContinuousClock.now + $0 }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while !isRequested, !Task.isCancelled, end.map({ .now < $0 }) ?? true {
                    await TransferLoop.current.sleep(until: .now + interval)
                }
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
                group.cancelAll()
            }
            throw CancellationError()
        }
    }
}
