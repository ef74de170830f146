import Store

extension AddressPool {
    /// Frees this node's attachments that the runtime does not list and whose network namespace is gone (GC).
    ///
    /// Another runtime on the node is not in the list and keeps what it has: its namespaces are there.
    ///
    /// - Parameters:
    ///   - valid: what the runtime says is in use; nil frees nothing and is an error.
    ///   - node: this machine.
    ///   - namespaceExists: whether a path is a mounted network namespace now.
    ///   - ending: how the history is to call it; nil leaves no trace there.
    /// - Returns: the attachments that were freed, with their addresses.
    /// - Throws: ``IPAMError``.
    public func collectGarbage(
        keeping valid: [AttachmentReference]?, on node: NodeIdentity, namespaceExists: (String) -> Bool,
        ending: Ending? = nil
    ) async throws(IPAMError) -> [(AttachmentReference, [IPAddress])] {
        guard let valid else { throw .missingAttachments }
        let listed = Set(valid)
        var freed: [(AttachmentReference, [IPAddress])] = []
        for record in try await readAll(keys.attachmentsPrefix).records {
            guard let reference = keys.attachmentReference(of: record.key), !listed.contains(reference) else {
                continue
            }
            // What cannot be read cannot be told to be this node's; it must not keep the rest from being freed.
            guard let attachment = try? attachment(record) else { continue }
            guard node.certainlyIsWhere(attachment.holder),
                case .gone? = HolderVerdict.onItsNode(
                    attachment.holder, node: node, namespaceExists: namespaceExists)
            else { continue }
            // What changed since it was read is in use again, and stays.
            let tenancy = Tenancy(reference, record, attachment)
            let isDone = try await orWithoutHistory { (pool) throws(IPAMError) in try await pool.end(tenancy, ending) }
            if isDone { freed.append((reference, attachment.addresses)) }
        }
        return freed
    }
}
