import Store

/// A difference between the ranges of a CNI file and those in the store.
public struct ConfigurationDrift: Hashable, Sendable, CustomStringConvertible {
    /// Both ranges, and which ADD last changed those in the store if that is recorded.
    public let description: String

    /// Compares the ranges of a CNI file with those in the store; nil if they are the same.
    init?(_ configured: [RangeSet], stored: [RangeSet], _ settings: NetworkSettings?) {
        let file = NetworkDocument.serialize(configured)
        let store = NetworkDocument.serialize(stored)
        guard file != store || !(settings?.match(configured) ?? configured.excludedRanges.isEmpty) else { return nil }
        description =
            "the CNI file says \(NetworkDocument.phrase(of: configured)), the store "
            + NetworkDocument.phrase(of: stored) + (settings?.rangesChange.map { "; \($0.messageWithRanges)" } ?? "")
    }
}

extension AddressPool {
    /// Compares the ranges of a CNI file with those in the store.
    ///
    /// - Returns: the difference; nil if there is none, or if the store has no ranges of the network.
    /// - Throws: ``IPAMError``, `damaged` if the document or the settings cannot be read.
    public func drift(from configured: [RangeSet]) async throws(IPAMError) -> ConfigurationDrift? {
        let snapshot = try await read([Read(keys.document), Read(keys.settings)])
        let settings = try settings(snapshot.results[1].records.first)
        return try rangeSets(snapshot.results[0].records.first, settings).flatMap {
            ConfigurationDrift(configured, stored: $0, settings)
        }
    }
}
