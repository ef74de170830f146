import Store

/// An ADD for an attachment that is there already.
extension AddOperation {
    /// Returns the addresses that the attachment already has. A used key that is missing is put again, and so is the
    /// attachment if its holder is another: some runtimes give a new sandbox the ID of a former one, after a crash or a
    /// reboot, and who judges it must see the namespace that is there now.
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
        // Freed by force since the first read, its addresses may be another's by now.
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
        // The very sandbox, of which only the cluster was not known, or was recorded in another way.
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
            // Its addresses must still be its own.
            change.guards += attachment.addresses.filter { !missing.contains($0) }
                .map { .value(keys.used($0), equals: container) }
            change.operations.append(.put(record.key, attachment.json.serialized()))
            // What was seen of the former sandbox says nothing of this one.
            change.operations += attachment.addresses.map { .delete(KeyRange(keys.suspect($0))) }
        }
        let histories = try await pool.histories(of: change.addressesWithHistory)
        return .commit(change.transaction(keys, histories), .repeat(added))
    }

    /// What the histories keep of the sandbox that another one of the same ID replaces.
    private func replacedEntry(_ attachment: Attachment, by holder: Holder) -> HistoryEntry {
        let who = holder.phrase ?? "container \(request.attachment.containerID)"
        return HistoryEntry(
            .takenOver, at: request.now, by: who + (holder.node.map { " on \($0)" } ?? ""),
            evidence: "another ADD came with its container ID", tenancy: Tenancy(request.attachment, attachment))
    }

    /// Checks that the holder of an attachment may be replaced by a sandbox of the same ID: it was on this node, or it is
    /// gone.
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
