import Store

/// A requested address that somebody else holds.
extension AddOperation {
    /// Judges the holder of `address`. Returns a takeover if the holder is gone, else the reason why the address is not
    /// available. A holder that appears to be gone is recorded as a suspect.
    ///
    /// - Throws: ``IPAMError`` if the store cannot be read.
    func contest(_ address: IPAddress, held used: Record, _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> Result<Takeover, IPAMError>
    {
        try await readHolders(of: [(address, used)], &context.state)
        guard let held = context.state.holders.first(where: { $0.address == address }), held.used == used else {
            memory.isOutOfDate = true
            return .failure(.contention(network: keys.network))
        }
        let tenancy = held.tenancy
        let phrase = tenancy.phrase
        guard used.value != request.attachment.containerID.text else {
            return .failure(.heldByThisContainer(address, phrase))
        }
        guard tenancy.record != nil else {
            let reason: UnverifiableReason = held.isDamaged ? .damagedAttachment : .goRecord
            return .failure(.unverifiable(address, by: phrase, because: reason.description))
        }
        let verdict: HolderVerdict
        do throws(PodSourceError) {
            verdict = try await judge(tenancy, for: context.claimant.holder, &memory)
        } catch {
            return .failure(.lookupFailed(error))
        }
        let evidence: HolderVerdict.Evidence
        switch verdict {
        case .live(let reason):
            try await clear(held.suspect)
            return .failure(.held(address, by: phrase, because: reason))
        case .passing(let reason, let remedy, let isWaitedFor):
            try await clear(held.suspect)
            if isWaitedFor { memory.wait(for: used.key, at: held.revision, until: nil) }
            return .failure(
                .heldForNow(
                    address, by: phrase, because: reason, until: nil,
                    remedy: remedy?.message(container: used.value)))
        case .unverifiable(let reason): return .failure(.unverifiable(address, by: phrase, because: reason.description))
        case .gone(let found): evidence = found
        case .seenGone(let reason):
            let node = context.claimant.holder.node
            let now = observer.now()
            let suspect = try await suspect(address, used, held.suspect, by: node, now)
            let confirmed = suspect.confirmed(on: node)
            guard now >= confirmed else {
                memory.wait(for: used.key, at: held.revision, until: confirmed)
                return .failure(.heldForNow(address, by: phrase, because: reason, until: confirmed))
            }
            evidence = .confirmed(reason, since: suspect.since)
        }
        try await readHistories([address] + tenancy.addresses, &context.state)
        return .success(Takeover(used: used, tenancy: tenancy, suspect: held.suspect, evidence: evidence))
    }

    private func judge(_ tenancy: Tenancy, for claimant: Holder, _ memory: inout AddMemory)
        async throws(PodSourceError) -> HolderVerdict
    {
        if let known = memory.verdicts.first(where: { $0.attachment == tenancy.record }) { return known.verdict }
        let verdict = try await observer.verdict(
            on: tenancy.holder, since: tenancy.since, for: claimant, deadline: judgingDeadline)
        memory.verdicts.append((tenancy.record, verdict))
        return verdict
    }

    /// If Kubernetes does not answer, there must be time left for the rest of the ADD.
    private var judgingDeadline: ContinuousClock.Instant {
        let now = pool.clock()
        return now + (pool.deadline - now) / 2
    }

    /// Judges several holders at once, because each may need a request to Kubernetes. A holder whose lookup fails is
    /// judged again by ``contest(_:held:_:_:)``, which reports the error.
    func judgeTogether(
        _ held: [(address: IPAddress, used: Record)], _ context: inout AddContext, _ memory: inout AddMemory
    ) async throws(IPAMError) {
        try await readHolders(of: held, &context.state)
        let tenancies = context.state.holders.filter { holder in held.contains { $0.address == holder.address } }
            .map(\.tenancy)
            .filter { tenancy in
                tenancy.record != nil && !memory.verdicts.contains { $0.attachment == tenancy.record }
            }
        let claimant = context.claimant.holder
        let deadline = judgingDeadline
        let verdicts = await withTaskGroup(of: (Record?, HolderVerdict)?.self) { group in
            for tenancy in tenancies {
                group.addTask {
                    let verdict = try? await observer.verdict(
                        on: tenancy.holder, since: tenancy.since, for: claimant, deadline: deadline)
                    return verdict.map { (tenancy.record, $0) }
                }
            }
            return await group.reduce(into: [(Record?, HolderVerdict)]()) { if let found = $1 { $0.append(found) } }
        }
        memory.verdicts += verdicts.map { (attachment: $0.0, verdict: $0.1) }
    }

    /// The time since which the holder with this used key appears to be gone: now, if nobody has recorded it yet.
    private func suspect(
        _ address: IPAddress, _ used: Record, _ record: Record?, by node: String?, _ now: Timestamp
    ) async throws(IPAMError) -> Suspect {
        if let known = record.flatMap({ try? Suspect(stored: $0.value) }), known.counts(for: used.modified, at: now) {
            return known
        }
        let suspect = Suspect(revision: used.modified, since: now, by: node)
        let key = keys.suspect(address)
        let noted = Transaction(
            if: [
                .unchanged(used), .unchanged(key, record),
            ], then: [.put(key, suspect.json.serialized())])
        // If another node was quicker, the next ADD finds its record.
        try await pool.attempt(noted)
        return suspect
    }

    /// Deletes the record of a suspect that is still there.
    private func clear(_ suspect: Record?) async throws(IPAMError) {
        guard let suspect else { return }
        let cleared = Transaction(
            if: [.unchanged(suspect)], then: [.delete(KeyRange(suspect.key))])
        try await pool.attempt(cleared)
    }

    // MARK: Go nodes

    /// Checks that no pod on a node with the Go plugin has the address: that plugin does not record fixed addresses.
    func requireUnreported(_ address: IPAddress, _ context: AddContext, _ memory: inout AddMemory)
        async throws(IPAMError)
    {
        try await reported(address, context, &memory).get()
    }

    /// Fails if a live pod other than this one has the address according to Kubernetes or Multus, or if Kubernetes
    /// cannot be asked.
    func reported(_ address: IPAddress, _ context: AddContext, _ memory: inout AddMemory)
        async -> Result<Void, IPAMError>
    {
        guard context.mayHaveGoNodes else { return .success(()) }
        let holder = context.claimant.holder
        guard let pods = observer.pods else {
            // A container that is no pod runs on a machine without Kubernetes.
            return holder.pod == nil ? .success(()) : .failure(.goNodesUnknown(address, network: keys.network))
        }
        do throws(PodSourceError) {
            let live: [(pod: Pod, addresses: [IPAddress])]
            if let known = memory.livePods {
                live = known
            } else {
                live = try await pods.livePods(deadline: pool.deadline).compactMap { pod in
                    let addresses = pod.isLive ? pod.addresses + pod.networkStatusAddresses : []
                    return addresses.isEmpty && pod.unreadableAddresses.isEmpty ? nil : (pod, addresses)
                }
                memory.livePods = live
            }
            for (pod, addresses) in live where addresses.contains(address) || pod.mayHide(address) {
                if holder.uid.map(pod.isMeant) ?? (pod.reference == holder.pod) { continue }
                guard addresses.contains(address) else {
                    return .failure(
                        .held(
                            address, by: pod.phrase,
                            because:
                                "it asks for it by annotation, and the address that Kubernetes reports for it cannot "
                                + "be read"))
                }
                let reporter = pod.addresses.contains(address) ? "Kubernetes" : "its \(Pod.networkStatus)"
                return .failure(
                    pod.isTerminating
                        ? .heldForNow(address, by: pod.phrase, because: "the pod is being deleted", until: nil)
                        : .held(
                            address, by: pod.phrase,
                            because: "\(reporter) reports it, and a Go node did not record it"))
            }
            return .success(())
        } catch {
            return .failure(.goNodesLookupFailed(address, network: keys.network, error))
        }
    }
}
