import Store

/// An ADD for an attachment that exists already.
extension AddOperation {
    /// Plans to return the addresses that the attachment has. A used key that is missing is written again, and so is
    /// the attachment if its holder has changed: after a crash or a reboot, some runtimes give a new sandbox the ID of
    /// a former one, and later checks must see the namespace of the new one.
    ///
    /// - Throws: ``IPAMError/held(_:by:because:)`` if the holder is a container of the same ID on another node.
    func planRepeat(of record: Record, _ state: AllocationState, _ claimant: Claimant) async throws(IPAMError)
        -> Planned<Plan, Added>
    {
        guard var attachment = try pool.tenancy(record)?.attachment else { return .outdated }
        let added = Added(
            assignments: try assignments(attachment.addresses, claimant), holder: claimant.holder,
            annotationProblem: annotationProblem(claimant))
        let snapshot = try await pool.read([Read(record.key)] + attachment.addresses.map { Read(keys.used($0)) })
        // The addresses may have been freed by force since the first read, and given to another container.
        guard snapshot.results.first?.records.first == record else { return .outdated }
        let container = request.attachment.containerID.text
        var missing: [IPAddress] = []
        for (address, result) in zip(attachment.addresses, snapshot.results.dropFirst()) {
            guard let used = result.records.first else {
                missing.append(address)
                continue
            }
            guard used.value == container else { throw .inUse(address, by: "container \(used.value)") }
        }
        let holder = claimant.holder(recordedAs: attachment.holder).succeeding(attachment.holder)
        let isAnother = attachment.holder != holder
        // The same sandbox; only the cluster was not known, or was recorded in another way.
        let isSame = isAnother && attachment.holder.differsOnlyInCluster(from: holder)
        if missing.isEmpty, !isAnother { return .done(added) }
        if isAnother, !isSame { try await requireSucceedable(attachment, holder) }
        var change = Change(guards: [.unchanged(record)])
        if !missing.isEmpty {
            if let lock = state.lock {
                try await wait(for: lock, since: state.revision)
                return .outdated
            }
            change.guards += [.absent(keys.lock)] + missing.map { .absent(keys.used($0)) }
            change.operations += missing.map { .put(keys.used($0), container) }
        }
        if isAnother {
            if !isSame {
                let entry = replacedEntry(attachment, by: holder)
                change.parts = attachment.addresses.map { Change.Part(address: $0, entries: [entry]) }
            }
            attachment.holder = holder
            if !isSame { attachment.since = request.now }
            // The addresses must still belong to this container.
            change.guards += attachment.addresses.filter { !missing.contains($0) }
                .map { .value(keys.used($0), equals: container) }
            change.operations.append(.put(record.key, attachment.json.serialized()))
            // A suspicion about the former sandbox does not apply to this one.
            change.operations += attachment.addresses.map { .delete(KeyRange(keys.suspect($0))) }
        }
        let histories = try await pool.histories(of: change.addressesWithHistory)
        return .commit(change.transaction(keys, histories), .repeat(added))
    }

    /// The history entry for the sandbox that is replaced by one of the same ID.
    private func replacedEntry(_ attachment: Attachment, by holder: Holder) -> HistoryEntry {
        let who = holder.phrase ?? "container \(request.attachment.containerID)"
        return HistoryEntry(
            .takenOver, at: request.now, by: who + (holder.node.map { " on \($0)" } ?? ""),
            evidence: "another ADD came with its container ID", tenancy: Tenancy(request.attachment, attachment))
    }

    /// Checks that a sandbox of the same ID may replace the holder of an attachment: the holder was on this node, or it
    /// is gone.
    private func requireSucceedable(_ attachment: Attachment, _ holder: Holder) async throws(IPAMError) {
        guard var node = observer.node?.identity else { return }
        if let name = holder.node { node.name = name }
        let former = attachment.holder
        if node.place(of: former, since: attachment.since) != .elsewhere || former.isOfSamePod(as: holder) { return }
        do throws(PodSourceError) {
            let verdict = try await observer.verdict(
                on: former, since: attachment.since, for: holder, deadline: pool.deadline)
            if case .gone = verdict { return }
        } catch {
            throw .lookupFailed(error)
        }
        guard let address = attachment.addresses.first else { return }
        throw .held(
            address, by: Tenancy(request.attachment, attachment).phrase,
            because: "a container of the same ID has it there")
    }
}
