import Foundation
import Synchronization

/// Runs tasks on one thread, and only while it is told to: what its tasks do next is the choice of whoever holds it.
final class StepExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Runs, on the calling thread, until each task has ended or waits for something that is not a task of this executor.
    func run() {
        let executor = asUnownedTaskExecutor()
        while true {
            let next = jobs.withLock { jobs in
                defer { jobs.removeAll(keepingCapacity: true) }
                return jobs
            }
            if next.isEmpty { return }
            for job in next { job.runSynchronously(on: executor) }
        }
    }

    /// Carries out `body` at once, on the calling thread. It may wait for nothing but tasks of its own.
    func result<Value: Sendable>(of body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let task = Task(executorPreference: self) {
            do {
                let value = try await body()
                result.withLock { $0 = .success(value) }
            } catch {
                result.withLock { $0 = .failure(error) }
            }
        }
        run()
        guard let ended = result.withLock({ $0 }) else {
            task.cancel()
            fatalError("a task waits for something that this executor does not run")
        }
        return try ended.get()
    }

    /// Carries out `body` on a thread of its own: what runs for long must not keep other tests from running.
    static func onOwnThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result(catching: body)) }
            thread.stackSize = 8 << 20
            thread.start()
        }
    }
}
