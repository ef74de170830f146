import Store

/// An address that is asked for and held by another.
extension AddOperation {
    /// Judges the holder of `address`: a takeover where it is gone, else why the address is not to be had. A holder that
    /// only looks gone is remembered as a suspect.
    ///
    /// - Throws: ``IPAMError`` where the store could not be read.
    func contest(_ address: IPAddress, held used: Record, _ context: inout AddContext, _ memory: inout AddMemory)
        async throws(IPAMError) -> Result<Takeover, IPAMError>
    {
        let holder = try await readHolder(of: address, used)
        guard holder.used == used else {
            memory.isOutOfDate = true
            return .failure(.contention(network: keys.network))
        }
        let phrase = holder.usage.phrase
        guard used.value != request.attachment.containerID.text else {
            return .failure(.heldByThisContainer(address, phrase))
        }
        guard let attachment = holder.usage.attachment, let record = holder.record,
            let container = try? ContainerID(used.value)
        else {
            let reason =
                holder.isDamaged
                ? "its attachment cannot be read" : "the Go plugin recorded a container ID and nothing else"
            return .failure(.unverifiable(address, by: phrase, because: reason))
        }
        let verdict: HolderVerdict
        do throws(PodSourceError) {
            verdict = try await judge(attachment, recordedBy: record, for: context.claimant.holder, &memory)
        } catch {
            return .failure(.lookupFailed(error))
        }
        let evidence: HolderVerdict.Evidence
        switch verdict {
        case .live(let reason):
            try await clear(holder.suspect)
            return .failure(.held(address, by: phrase, because: reason))
        case .passing(let reason, let remedy, let isWaitedFor):
            try await clear(holder.suspect)
            if isWaitedFor { memory.wait(for: used.key, at: holder.revision, until: nil) }
            return .failure(
                .heldForNow(
                    address, by: phrase, because: reason, until: nil,
                    remedy: remedy?.sentence(container: used.value)))
        case .unverifiable(let reason): return .failure(.unverifiable(address, by: phrase, because: reason))
        case .gone(let found): evidence = found
        case .seenGone(let reason):
            let node = context.claimant.holder.node
            let now = observer.now()
            let suspect = try await suspect(address, used, holder.suspect, by: node, now)
            let confirmed = suspect.confirmed(on: node)
            guard now >= confirmed else {
                memory.wait(for: used.key, at: holder.revision, until: confirmed)
                return .failure(.heldForNow(address, by: phrase, because: reason, until: confirmed))
            }
            evidence = .confirmed(reason, since: suspect.since)
        }
        try await readHistories([address] + attachment.addresses, &context.state)
        return .success(
            Takeover(
                address: address, used: used, container: container, record: record, usage: holder.usage,
                attachment: attachment, suspect: holder.suspect, evidence: evidence))
    }

    private func judge(
        _ attachment: Attachment, recordedBy record: Record, for claimant: Holder, _ memory: inout AddMemory
    ) async throws(PodSourceError) -> HolderVerdict {
        if let known = memory.verdicts.first(where: { $0.attachment == record }) { return known.verdict }
        let verdict = try await observer.verdict(
            on: attachment.holder, since: attachment.since, for: claimant, deadline: judgingDeadline)
        memory.verdicts.append((record, verdict))
        return verdict
    }

    /// A Kubernetes that does not answer must leave time for the rest of the ADD.
    private var judgingDeadline: ContinuousClock.Instant {
        let now = pool.clock()
        return now + (pool.deadline - now) / 2
    }

    /// Judges several holders at once: each may be a question to Kubernetes. One that cannot be answered is asked again when
    /// its turn comes, and is an error then.
    func judgeTogether(_ held: [(address: IPAddress, used: Record)], _ context: AddContext, _ memory: inout AddMemory)
        async throws(IPAMError)
    {
        var holders: [(record: Record, attachment: Attachment)] = []
        for (address, used) in held {
            let found = try await readHolder(of: address, used)
            guard let record = found.record, let attachment = found.usage.attachment,
                !memory.verdicts.contains(where: { $0.attachment == record })
            else { continue }
            holders.append((record, attachment))
        }
        let claimant = context.claimant.holder
        let deadline = judgingDeadline
        let verdicts = await withTaskGroup(of: (Record, HolderVerdict)?.self) { group in
            for (record, attachment) in holders {
                group.addTask {
                    let verdict = try? await observer.verdict(
                        on: attachment.holder, since: attachment.since, for: claimant, deadline: deadline)
                    return verdict.map { (record, $0) }
                }
            }
            return await group.reduce(into: [(Record, HolderVerdict)]()) { if let found = $1 { $0.append(found) } }
        }
        memory.verdicts += verdicts.map { (attachment: $0.0, verdict: $0.1) }
    }

    private struct HeldAddress {
        /// The used key, as of the same revision as the rest.
        let used: Record?
        let usage: Usage
        /// The attachment; nil where there is none that can be read.
        let record: Record?
        let suspect: Record?
        /// An attachment of the container cannot be read.
        var isDamaged = false
        /// As of when.
        var revision: Revision = 0
    }

    private func readHolder(of address: IPAddress, _ used: Record) async throws(IPAMError) -> HeldAddress {
        var usage = Usage(containerID: used.value, attachment: nil, ifname: nil)
        guard let container = try? ContainerID(used.value) else {
            return HeldAddress(used: used, usage: usage, record: nil, suspect: nil)
        }
        var isDamaged = false
        let prefix = keys.attachmentsPrefix(of: container)
        let snapshot = try await pool.read([
            Read(KeyRange(prefix: prefix)), Read(keys.suspect(address)), Read(keys.used(address)),
        ])
        let now = snapshot.results[2].records.first
        for record in snapshot.results[0].records {
            guard let reference = keys.attachmentReference(of: record.key),
                let attachment = try? Attachment(stored: record.value)
            else {
                isDamaged = true
                continue
            }
            guard attachment.addresses.contains(address) else { continue }
            usage = Usage(
                containerID: used.value, attachment: attachment, ifname: reference.ifname)
            return HeldAddress(
                used: now, usage: usage, record: record, suspect: snapshot.results[1].records.first,
                revision: snapshot.revision)
        }
        return HeldAddress(used: now, usage: usage, record: nil, suspect: nil, isDamaged: isDamaged)
    }

    /// Since when the holder with this used key is seen gone: from now on, where nobody has noticed yet.
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
                .unchanged(used.key, used.modified), record.map { .unchanged(key, $0.modified) } ?? .absent(key),
            ], then: [.put(key, suspect.json.serialized())])
        // Where another was quicker the next ADD finds it.
        _ = try await pool.commit(noted)
        return suspect
    }

    /// A holder that is there is no suspect any more.
    private func clear(_ suspect: Record?) async throws(IPAMError) {
        guard let suspect else { return }
        let cleared = Transaction(
            if: [.unchanged(suspect.key, suspect.modified)], then: [.delete(KeyRange(suspect.key))])
        _ = try await pool.commit(cleared)
    }

    // MARK: Go nodes

    /// Checks that no pod of a Go node has the address: they record no fixed one.
    func requireUnreported(_ address: IPAddress, _ context: AddContext, _ memory: inout AddMemory)
        async throws(IPAMError)
    {
        try await reported(address, context, &memory).get()
    }

    /// A failure where a live pod other than this one reports the address, or Multus for it, or that could not be asked.
    func reported(_ address: IPAddress, _ context: AddContext, _ memory: inout AddMemory)
        async -> Result<Void, IPAMError>
    {
        guard context.mayHaveGoNodes else { return .success(()) }
        let holder = context.claimant.holder
        guard let pods = observer.pods else {
            // What is no pod is on a machine without Kubernetes.
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
