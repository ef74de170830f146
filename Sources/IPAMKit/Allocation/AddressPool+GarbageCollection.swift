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
        let records = try await readAll(keys.attachmentsPrefix).records
        let attachments = records.compactMap { record in (try? attachment(record)).map { (record, $0) } }
        let visible = node.visibleNodes(among: attachments.lazy.map(\.1))
        let hasClone = node.hasClone(among: attachments.lazy.map(\.1))
        var freed: [(AttachmentReference, [IPAddress])] = []
        for (record, attachment) in attachments {
            guard let reference = keys.attachmentReference(of: record.key), !listed.contains(reference) else {
                continue
            }
            let place = node.identity.certainPlace(of: attachment.holder, since: attachment.since)
            guard place == .here || (place == .formerBoot && !hasClone),
                case .gone = node.evidence(
                    on: attachment.holder, at: place,
                    seesNamespaces: attachment.holder.node.map(visible.contains) ?? false)
            else { continue }
            // What changed since it was read is in use again, and stays.
            let tenancy = Tenancy(reference, record, attachment)
            let isDone = try await orWithoutHistory { (pool) throws(IPAMError) in try await pool.end(tenancy, ending) }
            if isDone { freed.append((reference, attachment.addresses)) }
        }
        return freed
    }
}
