import Store

extension AddressPool {
    /// Compares the runtime's `prevResult` with the store (CHECK).
    ///
    /// - Parameters:
    ///   - attachment: the container's interface.
    ///   - previous: the addresses of the runtime's `prevResult`.
    ///   - rangeSets: the configured range sets; addresses outside them belong to another plugin.
    /// - Throws: ``IPAMError``, `notRecorded` or `inUse` if they differ.
    public func check(
        _ attachment: AttachmentReference, previous: [IPAddress], rangeSets: [RangeSet]
    ) async throws(IPAMError) {
        let ours = previous.filter { address in rangeSets.contains { $0.range(containing: address) != nil } }
        let snapshot = try await read([Read(keys.attachment(attachment))] + ours.map { Read(keys.used($0)) })
        let container = attachment.containerID
        for (address, result) in zip(ours, snapshot.results.dropFirst()) {
            guard let used = result.records.first else {
                throw .notRecorded("\(address) of container \(container) is not recorded as in use")
            }
            guard used.value == container.text else { throw .inUse(address, by: "container \(used.value)") }
        }
        guard let record = snapshot.results.first?.records.first else {
            // The Go plugin records a used key and nothing else.
            if ours.isEmpty {
                throw .notRecorded("container \(container) has no address on \(attachment.ifname) in the store")
            }
            return
        }
        let recorded = try tenancy(record)?.addresses ?? []
        guard Set(recorded) == Set(ours) else {
            throw .notRecorded(
                "container \(container) has \(Self.list(ours)) on \(attachment.ifname) by prevResult, and "
                    + "\(Self.list(recorded)) in the store")
        }
    }

    private static func list(_ addresses: [IPAddress]) -> String {
        addresses.isEmpty ? "no address" : addresses.map(\.description).joined(separator: ", ")
    }
}
