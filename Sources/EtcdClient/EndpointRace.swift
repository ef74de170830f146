import HTTPTransport

extension EtcdClient {
    /// What a race came to, with the index of the endpoint that decided it.
    enum RaceOutcome: Sendable {
        case answer([UInt8])
        case refused(EtcdError)
        case failures([AttemptFailure])
    }

    private enum RaceEvent: Sendable {
        case finished(Int, Outcome)
        case staggered
    }

    /// Asks one endpoint after the other, each `stagger` after the last or as soon as one has failed, until the first
    /// answers. The attempts still under way are then given up: for requests that may be repeated only.
    func race(_ method: String, _ message: [UInt8], until deadline: ContinuousClock.Instant) async -> (
        RaceOutcome, endpoint: Int
    ) {
        var waiting = endpointOrder()
        guard waiting.count > 1 else {
            // With one endpoint there is nothing to race, and an attempt without a task group is quicker.
            let outcome = await attempt(0, method, message, until: deadline)
            return (settle(outcome, 0) ?? .failures(outcome.failure.map { [$0] } ?? []), 0)
        }
        return await withTaskGroup(of: RaceEvent.self) { group in
            var running = 0
            var failures: [AttemptFailure] = []
            func startNext() {
                let endpoint = waiting.removeFirst()
                running += 1
                group.addTask {
                    .finished(endpoint, await self.attempt(endpoint, method, message, until: deadline))
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
                    if let settled = settle(outcome, endpoint) { return (settled, endpoint) }
                    running -= 1
                    if let failure = outcome.failure { failures.append(failure) }
                    if !waiting.isEmpty { startNext() } else if running == 0 { return (.failures(failures), endpoint) }
                }
            }
            return (.failures(failures), 0)
        }
    }

    private func settle(_ outcome: Outcome, _ endpoint: Int) -> RaceOutcome? {
        switch outcome {
        case .answer(let answer):
            preferred = endpoint
            return .answer(answer)
        case .refused(let error): return .refused(error)
        case .failed: return nil
        }
    }
}

extension EtcdClient.Outcome {
    var failure: EtcdClient.AttemptFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}
