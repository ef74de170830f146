import Store

extension AddressPool {
    /// Frees this node's attachments that the runtime does not list and whose network namespace is gone (GC).
    ///
    /// Another runtime on the node is not in the list and keeps what it has: its namespaces are there. A process that sees
    /// none of the namespaces of this node's attachments frees only what a former boot has left, and a machine that has a
    /// clone not even that.
    ///
    /// - Parameters:
    ///   - valid: what the runtime says is in use; nil frees nothing and is an error.
    ///   - node: this machine, and what it shows of its containers.
    ///   - ending: how the history is to call it; nil leaves no trace there.
    /// - Returns: the attachments that were freed, with their addresses.
    /// - Throws: ``IPAMError``.
    public func collectGarbage(
        keeping valid: [AttachmentReference]?, on node: NodeView, ending: Ending? = nil
    ) async throws(IPAMError) -> [(AttachmentReference, [IPAddress])] {
        guard let valid else { throw .missingAttachments }
        let listed = Set(valid)
        // What cannot be read cannot be told to be this node's; it must not keep the rest from being freed.
        let tenancies = try await readAll(keys.attachmentsPrefix).records.compactMap { record -> Tenancy? in
            guard let reference = keys.attachmentReference(of: record.key), let attachment = try? attachment(record)
            else { return nil }
            return Tenancy(reference, attachment, record: record)
        }
        let local = LocalEvidence(node, among: tenancies)
        let gone = tenancies.filter { tenancy in
            guard let reference = tenancy.reference, !listed.contains(reference) else { return false }
            if case .gone = local.evidence(on: tenancy) { return true }
            return false
        }
        // What changed since it was read is in use again, and stays.
        let freed = try await carryOut(gone.map { Change(ending: $0, keys, ending) })
        return zip(gone, freed).compactMap { tenancy, isFreed in
            tenancy.reference.flatMap { isFreed ? ($0, tenancy.addresses) : nil }
        }
    }
}
