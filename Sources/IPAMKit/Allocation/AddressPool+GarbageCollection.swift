import Store

extension AddressPool {
    /// Frees this node's attachments that the runtime does not list and whose network namespace is gone (GC).
    ///
    /// The containers of another runtime on the node are not in the list; they keep their addresses because their
    /// namespaces exist. A process that sees none of the namespaces of this node's attachments frees only what was
    /// recorded before the last boot, and a machine that has a clone not even that.
    ///
    /// - Parameters:
    ///   - valid: the attachments that the runtime lists; nil frees nothing and is an error.
    ///   - node: this machine, and what it shows about its containers.
    ///   - ending: what the history records; nil writes no history.
    /// - Returns: the attachments that were freed, with their addresses.
    /// - Throws: ``IPAMError``.
    public func collectGarbage(
        keeping valid: [AttachmentReference]?, on node: NodeView, ending: Ending? = nil
    ) async throws(IPAMError) -> [(AttachmentReference, [IPAddress])] {
        guard let valid else { throw .missingAttachments }
        let listed = Set(valid)
        // An attachment that cannot be read may be of any node; it must not keep the others from being freed.
        let tenancies = try await readAll(keys.attachmentsPrefix).records.compactMap { try? tenancy($0) }
        let local = LocalEvidence(node, among: tenancies)
        let gone = tenancies.filter { tenancy in
            guard let reference = tenancy.reference, !listed.contains(reference) else { return false }
            if case .gone = local.evidence(on: tenancy) { return true }
            return false
        }
        // One by one: etcd up to 3.5 checks only at the root of a transaction whether its user may write (CVE-2026-33343).
        // An attachment that has changed since it was read is in use again, and stays.
        var freed: [(AttachmentReference, [IPAddress])] = []
        for tenancy in gone where try await carryOut([Change(ending: tenancy, keys, ending)]) == [true] {
            if let reference = tenancy.reference { freed.append((reference, tenancy.addresses)) }
        }
        return freed
    }
}
