import Store

/// This machine, as attachments name it.
public struct NodeIdentity: Hashable, Sendable {
    public let name: String
    /// `/proc/sys/kernel/random/boot_id`; nil where it cannot be read.
    public let boot: String?
    /// machine-id(5); nil where there is none.
    public let machine: String?

    public init(name: String, boot: String?, machine: String?) {
        self.name = name
        self.boot = boot
        self.machine = machine
    }

    /// Whether `holder` certainly was recorded by this machine: in this boot, or under this name by the same machine.
    func recorded(_ holder: Holder) -> Bool {
        if let boot, holder.boot == boot { return true }
        guard holder.node == name, let machine else { return false }
        return holder.machine == machine
    }
}

extension AddressPool {
    /// Frees this node's attachments that the runtime does not list and whose network namespace is gone (GC).
    ///
    /// Another runtime on the node is not in the list and keeps what it has: its namespaces are there.
    ///
    /// - Parameters:
    ///   - valid: what the runtime says is in use; nil frees nothing and is an error.
    ///   - node: this machine.
    ///   - namespaceExists: whether a path is a mounted network namespace now.
    /// - Returns: the attachments that were freed, with their addresses.
    /// - Throws: ``IPAMError``.
    public func collectGarbage(
        keeping valid: [AttachmentReference]?, on node: NodeIdentity, namespaceExists: (String) -> Bool
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
            guard node.recorded(attachment.holder), isGone(attachment.holder, on: node, namespaceExists) else {
                continue
            }
            // What changed since it was read is in use again, and stays.
            if try await delete(attachment.addresses, record, of: reference.containerID) {
                freed.append((reference, attachment.addresses))
            }
        }
        return freed
    }

    private func isGone(_ holder: Holder, on node: NodeIdentity, _ namespaceExists: (String) -> Bool) -> Bool {
        // A namespace does not outlive the boot that made it.
        if let boot = node.boot, let recorded = holder.boot, recorded != boot { return true }
        guard let netns = holder.netns else { return false }
        return !namespaceExists(netns)
    }
}
