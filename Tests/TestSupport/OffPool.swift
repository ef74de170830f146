import Foundation

/// Runs something that blocks on a thread of its own.
///
/// The concurrency runtime has as many threads as the machine has cores. On two cores, two tests that wait for a server
/// would hold up every other one, and those that look at the clock would see it.
func offPool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread {
            continuation.resume(with: Swift.Result { try body() })
        }
    }
}
