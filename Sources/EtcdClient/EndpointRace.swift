import HTTPTransport

extension EtcdClient {
    /// The result of asking several endpoints.
    enum RaceOutcome: Sendable {
        /// The response, with the index of the endpoint that sent it.
        case answer([UInt8], endpoint: Int)
        case refused(EtcdError)
        case failures([AttemptFailure])
    }

    private enum RaceEvent: Sendable {
        case finished(Int, Outcome)
        case staggered
    }

    /// Asks one endpoint after the other, each `stagger` after the last one or as soon as one has failed, until one answers,
    /// and then gives up the other attempts. Only for requests that may be repeated.
    func race(_ call: GRPCCall, until deadline: ContinuousClock.Instant) async -> RaceOutcome {
        var waiting = endpointOrder()
        guard waiting.count > 1 else {
            // With one endpoint there is no race, and an attempt without a task group is faster.
            let outcome = await attempt(0, call, until: deadline)
            return settle(outcome, 0) ?? .failures(outcome.failure.map { [$0] } ?? [])
        }
        return await withTaskGroup(of: RaceEvent.self) { group in
            var running = 0
            var failures: [AttemptFailure] = []
            func startNext() {
                let endpoint = waiting.removeFirst()
                running += 1
                group.addTask {
                    .finished(endpoint, await self.attempt(endpoint, call, until: deadline))
                }
                guard !waiting.isEmpty else { return }
                group.addTask {
                    await self.loop.sleep(until: .now + self.stagger)
                    return .staggered
                }
            }
            defer { group.cancelAll() }
            startNext()
            while let event = await group.next() {
                switch event {
                case .staggered:
                    if !waiting.isEmpty { startNext() }
                case .finished(let endpoint, let outcome):
                    if let settled = settle(outcome, endpoint) { return settled }
                    running -= 1
                    if let failure = outcome.failure { failures.append(failure) }
                    if !waiting.isEmpty { startNext() } else if running == 0 { return .failures(failures) }
                }
            }
            return .failures(failures)
        }
    }

    /// Asks one endpoint after the other, the next one only after the last one has failed or has not answered for `patience`.
    func inTurn(_ call: GRPCCall, until deadline: ContinuousClock.Instant) async -> RaceOutcome {
        var failures: [AttemptFailure] = []
        let order = endpointOrder()
        for endpoint in order {
            let isLast = endpoint == order.last
            let outcome = await attempt(endpoint, call, until: isLast ? deadline : min(deadline, .now + patience))
            if let settled = settle(outcome, endpoint) { return settled }
            if let failure = outcome.failure { failures.append(failure) }
            distrust(endpoint)
        }
        return .failures(failures)
    }

    /// The result of the race if `outcome` decides it; else nil.
    private func settle(_ outcome: Outcome, _ endpoint: Int) -> RaceOutcome? {
        switch outcome {
        case .answer(let answer):
            preferred = endpoint
            return .answer(answer, endpoint: endpoint)
        case .refused(let error):
            preferred = endpoint
            return .refused(error)
        case .failed: return nil
        }
    }
}
