import CCurl
import Glibc
import Synchronization

/// The event loop that carries all transfers: libcurl's multi interface, timers and Swift jobs on one thread.
///
/// The loop is an executor. A program lends it the main thread with ``run(_:)``, and so needs no second thread; a test or
/// another library calls ``onOwnThread()``. If there is no job to run, the thread sleeps in `curl_multi_poll` until a socket is
/// ready, a timer is due, or another thread enqueues a job.
///
/// Creating the first loop initialises libcurl, and makes the process ignore `SIGPIPE`, because OpenSSL may write to a
/// connection that its peer has closed.
public final class TransferLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    // Why @unchecked is sound: `shared` is the only state that other threads reach, and it is behind a mutex.
    // `multi` is a constant, and the one call made on it from other threads is `curl_multi_wakeup`, which libcurl
    // documents as thread-safe. `transfers` and `timers` are touched only by the thread inside `turn(until:)` and by
    // the jobs that it runs.
    private struct Shared {
        var jobs: [UnownedJob] = []
        var discarded: [Transfer] = []
        var thread: pthread_t?
    }

    typealias TimerID = UInt64

    private struct Timer {
        let id: UInt64
        let deadline: ContinuousClock.Instant
        let action: () -> Void
    }

    private let shared = Mutex(Shared())
    private let multi: UnsafeMutableRawPointer
    // Arrays rather than dictionaries: they are short, and each kind of dictionary costs a process 0.1 ms for looking up its
    // conformances.
    private var transfers: [Transfer] = []
    private var timers: [Timer] = []
    private var nextTimer: TimerID = 0
    /// How many times the loop has gone round; it does not go round while it is idle.
    private(set) var turns = 0

    /// Whether OpenSSL can be used: it was not told to skip what TLS needs before libcurl was initialised.
    static let hasTLS = Atomic(true)
    private static let isStarted = Atomic(false)

    private static let libcurl: Void = {
        isStarted.store(true, ordering: .relaxed)
        signal(SIGPIPE, SIG_IGN)
        curl_global_init(Int(CURL_GLOBAL_DEFAULT))
    }()

    /// A loop that runs when ``run(_:)`` lends it a thread.
    ///
    /// - Parameter usesTLS: if false, and this is the first loop of the process, the process cannot use TLS: OpenSSL loads
    ///   neither its tables nor its configuration file, which are a quarter of the instructions of an ADD.
    public init(usesTLS: Bool = true) {
        if !usesTLS, !Self.isStarted.exchange(true, ordering: .relaxed) {
            Self.hasTLS.store(false, ordering: .relaxed)
            ccurl_skip_tls()
        }
        Self.libcurl
        guard let multi = curl_multi_init() else { fatalError("libcurl could not allocate its multi handle") }
        self.multi = multi
        // One transfer at a time on a connection. With several on one HTTP/2 connection, libcurl 7.88 loses the end of a
        // response if another stream is not read, and does not tell the server that a stream was given up as long as there is
        // another (curl issue 17611).
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    deinit {
        for transfer in transfers { curl_multi_remove_handle(multi, transfer.easy) }
        curl_multi_cleanup(multi)
    }

    /// A loop with a thread of its own, which never ends.
    public static func onOwnThread() -> TransferLoop {
        let loop = TransferLoop()
        let context = Unmanaged.passRetained(loop).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let loop = Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue()
                loop.turn(until: { false })
                return nil
            }, context)
        precondition(code == 0, "pthread_create failed with \(code)")
        pthread_detach(thread)
        return loop
    }

    /// Runs `body` and everything that it starts on the calling thread, and returns when `body` has finished. Tasks that it
    /// has started and not waited for are suspended until the next run. Only one thread at a time may call this.
    ///
    /// - Throws: what `body` throws.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        let outcome = Outcome<Value>()
        Task(executorPreference: self) {
            do {
                outcome.set(.success(try await body()))
            } catch {
                outcome.set(.failure(error))
            }
        }
        turn(until: { outcome.isSet })
        return try outcome.get()
    }

    /// Suspends the caller until `deadline`; returns early, without an error, if the task is cancelled.
    public func sleep(until deadline: ContinuousClock.Instant) async {
        await LoopTimers(loop: self).sleep(until: deadline)
    }

    // MARK: Executor

    /// Runs a job on the loop's thread; may be called from any thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let wake = shared.withLock { state in
            state.jobs.append(unowned)
            guard let thread = state.thread else { return true }
            return pthread_equal(thread, pthread_self()) == 0
        }
        if wake { curl_multi_wakeup(multi) }
    }

    /// The loop, for actors that run on it.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Stops the process if the calling thread is not the loop's.
    public func checkIsolated() {
        let here = shared.withLock { state in
            state.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false
        }
        precondition(here, "called from a thread that is not the transfer loop's")
    }

    // MARK: The loop itself; everything below runs on the loop's thread

    private func turn(until done: () -> Bool) {
        shared.withLock { state in
            precondition(state.thread == nil, "the transfer loop already runs")
            state.thread = pthread_self()
        }
        defer { shared.withLock { $0.thread = nil } }
        while true {
            turns += 1
            runJobs()
            if done() { return }
            perform()
            finishTransfers()
            let wait = fireTimers(longest: isConnecting ? Self.connectingTurn : Self.idleTurn)
            if shared.withLock({ $0.jobs.isEmpty && $0.discarded.isEmpty }) {
                curl_multi_poll(multi, nil, 0, wait, nil)
            }
        }
    }

    /// The longest wait, in milliseconds.
    private static let idleTurn: Int32 = 60_000
    /// The longest wait, in milliseconds, while a connection is made. libcurl 7.88 gives up one address of a host in one call
    /// and tries the next address in another call, and sets no timer for it.
    private static let connectingTurn: Int32 = 200

    private var isConnecting: Bool { transfers.contains { $0.isConnecting } }

    /// Lets libcurl work until it makes no more progress.
    ///
    /// One call is not enough: libcurl 7.88 may keep the end of a large HTTP/2 response in its own buffer without a socket
    /// event or a timer. So another call follows each call that brought data. While a connection is made, one more call
    /// follows, which tries the next address of a host as soon as the last one has failed.
    private func perform() {
        var running: Int32 = 0
        var mayConnectOn = true
        repeat {
            for transfer in transfers { transfer.receivedData = false }
            curl_multi_perform(multi, &running)
            if transfers.contains(where: { $0.receivedData }) { continue }
            guard mayConnectOn, isConnecting else { return }
            mayConnectOn = false
        } while running > 0
    }

    private func runJobs() {
        while true {
            let (jobs, discarded) = shared.withLock { state in
                defer {
                    state.jobs = []
                    state.discarded = []
                }
                return (state.jobs, state.discarded)
            }
            for transfer in discarded { abandon(transfer) }
            if jobs.isEmpty { return }
            for job in jobs {
                job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            }
        }
    }

    private func finishTransfers() {
        var result = CURLE_OK
        while let easy = ccurl_next_finished(multi, &result) {
            curl_multi_remove_handle(multi, easy)
            guard let index = transfers.firstIndex(where: { $0.easy == easy }) else { continue }
            transfers.remove(at: index).finish(result)
        }
    }

    /// Runs the timers that are due, and returns the milliseconds until the next one, at most `longest`.
    private func fireTimers(longest: Int32) -> Int32 {
        if timers.isEmpty { return longest }
        let now = ContinuousClock.now
        var wait = Duration.milliseconds(Int(longest))
        // An action may remove other timers.
        for timer in timers where timer.deadline <= now {
            if removeTimer(timer.id) { timer.action() }
        }
        for timer in timers { wait = min(wait, timer.deadline - now) }
        return Int32(clamping: wait.roundedUpMilliseconds)
    }

    /// Starts `transfer`; its `finish` is called on this thread when it has ended.
    func start(_ transfer: Transfer) {
        transfers.append(transfer)
        curl_multi_add_handle(multi, transfer.easy)
    }

    /// Ends `transfer` early.
    func abandon(_ transfer: Transfer) {
        guard let index = transfers.firstIndex(where: { $0 === transfer }) else { return }
        transfers.remove(at: index)
        // Closing the connection is what tells the server at once, in HTTP/2 too.
        ccurl_set_long(transfer.easy, CURLOPT_FORBID_REUSE, 1)
        curl_multi_remove_handle(multi, transfer.easy)
    }

    /// Calls `action` on this thread once `deadline` has come.
    func addTimer(_ deadline: ContinuousClock.Instant, _ action: @escaping () -> Void) -> TimerID {
        nextTimer += 1
        timers.append(Timer(id: nextTimer, deadline: deadline, action: action))
        return nextTimer
    }

    /// Returns false if the timer has fired already.
    @discardableResult
    func removeTimer(_ id: TimerID) -> Bool {
        guard let index = timers.firstIndex(where: { $0.id == id }) else { return false }
        timers.remove(at: index)
        return true
    }

    // MARK: From any thread

    /// Ends a transfer that nothing waits for any more.
    func discard(_ transfer: Transfer) {
        shared.withLock { $0.discarded.append(transfer) }
        curl_multi_wakeup(multi)
    }
}

/// Waits for one of the loop's timers. It is an actor so that the timer is added and removed on the loop's thread.
private actor LoopTimers {
    nonisolated let loop: TransferLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private var id: TransferLoop.TimerID?
    private var continuation: CheckedContinuation<Void, Never>?

    init(loop: TransferLoop) {
        self.loop = loop
    }

    func sleep(until deadline: ContinuousClock.Instant) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    continuation.resume()
                } else {
                    self.continuation = continuation
                    id = loop.addTimer(deadline) { [weak self] in self?.assumeIsolated { $0.wake() } }
                }
            }
        } onCancel: {
            Task(executorPreference: loop) { await self.cancel() }
        }
    }

    private func cancel() {
        if let id, loop.removeTimer(id) { wake() }
    }

    private func wake() {
        continuation?.resume()
        continuation = nil
    }
}

private final class Outcome<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, any Error>?>(nil)

    var isSet: Bool { result.withLock { $0 != nil } }

    func set(_ value: Result<Value, any Error>) {
        result.withLock { $0 = value }
    }

    func get() throws -> Value {
        guard let value = result.withLock({ $0 }) else { throw CancellationError() }
        return try value.get()
    }
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a wait never ends too early.
    var roundedUpMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
