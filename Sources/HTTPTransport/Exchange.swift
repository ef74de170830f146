/// One request and its response. Runs on the loop's thread.
actor Exchange {
    nonisolated let loop: TransferLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private let transfer: Transfer
    private var started = false
    private var ended: Result<Void, HTTPError>?
    private var waiters: [CheckedContinuation<Void, Never>] = []
    private var headTimer: TransferLoop.TimerID?

    /// - Throws: ``HTTPError`` of kind `invalidRequest`.
    init(
        _ request: HTTPRequest, collects: Bool, cleartext: Transfer.CleartextHTTP2?, loop: TransferLoop
    ) throws(HTTPError) {
        self.loop = loop
        let transfer = try Transfer(request, collects: collects)
        if let cleartext { transfer.setCleartextHTTP2(cleartext) }
        self.transfer = transfer
    }

    deinit {
        // Nobody reads the rest: a transfer still under way would never end, and would keep its connection.
        if ended == nil { loop.discard(transfer) }
    }

    /// True if the transfer was given up because it would have needed a new connection.
    var refusedNewConnection: Bool { transfer.refusedNewConnection }

    var trailers: HTTPFields { transfer.trailers }

    /// Starts the exchange and waits for the head of the response.
    func head() async throws(HTTPError) -> HTTPResponseHead {
        start()
        defer { stopHeadTimer() }
        while true {
            if let head = transfer.head { return head }
            try ended?.get()
            await wait()
        }
    }

    /// Starts the exchange and waits for the whole response.
    func collect() async throws(HTTPError) -> HTTPResponse {
        start()
        while true {
            if let ended {
                try ended.get()
                guard let head = transfer.head else { throw HTTPError(.interrupted, "the response had no head") }
                return HTTPResponse(
                    head: head, body: transfer.takeBuffer(), trailers: transfer.trailers,
                    certificates: transfer.certificates)
            }
            await wait()
        }
    }

    /// The next bytes of the body; nil at its end.
    func next() async throws(HTTPError) -> [UInt8]? {
        while true {
            if transfer.hasData { return transfer.takeBuffer() }
            if let ended {
                try ended.get()
                return nil
            }
            await wait()
        }
    }

    /// Ends the exchange; all who wait for it get an error of kind `cancelled`.
    func cancel() {
        guard ended == nil else { return }
        loop.abandon(transfer)
        let sent = transfer.requestStarted
        end(.failure(HTTPError(.cancelled, "the request was cancelled", mayHaveReachedServer: sent)))
    }

    private func start() {
        guard !started else { return }
        started = true
        guard !Task.isCancelled else { return cancel() }
        if let timeout = transfer.request.headTimeout {
            headTimer = loop.addTimer(.now + timeout) { [weak self] in
                self?.assumeIsolated { $0.headIsLate() }
            }
        }
        // libcurl calls back inside curl_multi_perform, on the loop's thread, which is this actor's executor.
        transfer.onEvent = { [weak self] event in
            self?.assumeIsolated { exchange in
                if case .finished(let result) = event { exchange.ended = result }
                exchange.wake()
            }
        }
        loop.start(transfer)
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled {
                    cancel()
                    continuation.resume()
                } else {
                    waiters.append(continuation)
                }
            }
        } onCancel: {
            Task(executorPreference: loop) { await self.cancel() }
        }
    }

    private func end(_ result: Result<Void, HTTPError>) {
        ended = result
        wake()
    }

    private func headIsLate() {
        headTimer = nil
        guard ended == nil, transfer.head == nil else { return }
        loop.abandon(transfer)
        end(
            .failure(
                HTTPError(
                    transfer.requestStarted ? .timedOut : .cannotConnect, "no response within the time allowed",
                    mayHaveReachedServer: transfer.requestStarted)))
    }

    private func stopHeadTimer() {
        if let headTimer { loop.removeTimer(headTimer) }
        headTimer = nil
    }

    private func wake() {
        let waiting = waiters
        waiters = []
        for waiter in waiting { waiter.resume() }
    }
}
