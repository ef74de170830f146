import Store

/// What holding a network, or lifting its hold, comes to.
public struct HoldChange: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// No pod gets an address of the network from now on.
        case held
        /// Pods get addresses again.
        case lifted
        /// It was so already.
        case unchanged
    }

    public let kind: Kind
    /// The hold that is there now, or that was lifted; nil where there was none to lift.
    public let hold: NetworkSettings.Hold?
}

extension AddressPool {
    /// Holds the network: ADDs are refused with the reason, DELs go on. Holding again for the same reason is success.
    ///
    /// - Parameters:
    ///   - fixed: the network's fixed ranges, where a CNI file says them: for settings that have to be made.
    ///   - dryRun: true tells what would be done.
    /// - Throws: ``IPAMError``, `onHold` where it is held for another reason, `unknownNetwork` where the store has nothing
    ///   of the network.
    public func hold(_ hold: NetworkSettings.Hold, fixed: [AddressRange] = [], dryRun: Bool = false)
        async throws(IPAMError) -> HoldChange
    {
        var found: NetworkSettings.Hold?
        let isChanged = try await changeSettings(fixed: fixed, dryRun: dryRun) { settings throws(IPAMError) in
            found = settings.hold
            if let present = settings.hold, present.reason != hold.reason {
                throw .onHold(network: keys.network, present)
            }
            guard settings.hold == nil else { return false }
            settings.setHold(hold)
            return true
        }
        return HoldChange(kind: isChanged ? .held : .unchanged, hold: isChanged ? hold : found)
    }

    /// Lifts the hold. A network that is not held is success.
    ///
    /// - Parameter dryRun: true tells what would be done.
    /// - Throws: ``IPAMError``, `unknownNetwork` where the store has nothing of the network.
    public func unhold(dryRun: Bool = false) async throws(IPAMError) -> HoldChange {
        var found: NetworkSettings.Hold?
        let isChanged = try await changeSettings(fixed: [], dryRun: dryRun) { settings throws(IPAMError) in
            guard let present = settings.hold else { return false }
            found = present
            settings.setHold(nil)
            return true
        }
        return HoldChange(kind: isChanged ? .lifted : .unchanged, hold: found)
    }

    /// Changes the network's settings, guarded by their revision; what this version does not know in them is kept.
    ///
    /// - Parameters:
    ///   - fixed: the network's fixed ranges, where a CNI file says them: for settings that have to be made.
    ///   - change: changes the settings; false where they are as wanted.
    /// - Returns: whether they were changed, or would be.
    /// - Throws: ``IPAMError``, `unknownNetwork` where the store has nothing of the network; and what `change` throws.
    func changeSettings(
        fixed: [AddressRange], dryRun: Bool, _ change: (inout NetworkSettings) throws(IPAMError) -> Bool
    ) async throws(IPAMError) -> Bool {
        // A transaction's answer was lost: when the settings are as wanted now, that was its doing.
        var isUnanswered = false
        for _ in 0..<Self.attempts {
            let snapshot = try await read([
                Read(keys.settings), Read(keys.document),
                Read(KeyRange(prefix: keys.document.text + "/"), .keys, limit: 1),
            ])
            guard snapshot.results.contains(where: { !$0.records.isEmpty }) else {
                throw .unknownNetwork(keys.network)
            }
            let record = snapshot.results[0].records.first
            // A network without settings is one that the Go plugin made, unless nothing has made it yet: the Go plugin
            // writes the document before anything else.
            let isNew = record == nil && snapshot.results[1].records.isEmpty
            var settings = try settings(record) ?? NetworkSettings(hasGoNodes: !isNew, fixed: fixed)
            guard try change(&settings) else { return isUnanswered }
            if dryRun { return true }
            let transaction = Transaction(
                if: [record.map { .unchanged($0.key, $0.modified) } ?? .absent(keys.settings)]
                    + (isNew ? [.absent(keys.document)] : []),
                then: [.put(keys.settings, settings.serialized())])
            guard let commit = try await commit(transaction) else {
                isUnanswered = true
                continue
            }
            if commit.succeeded { return true }
        }
        throw .contention(network: keys.network)
    }
}
