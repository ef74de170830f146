import Store

/// A change of a network's settings.
public enum SettingsChange: Hashable, Sendable {
    /// Put the network on hold: ADDs fail with the hold's reason, DELs go on.
    case hold(NetworkSettings.Hold)
    /// Lift the hold.
    case unhold
    /// Record that no node runs the Go plugin any more: DELs no longer search for its records, and ADDs no longer for its pods.
    case endGoNodes
}

/// A planned change of a network's settings, for ``AddressPool/carryOut(_:)``.
public struct SettingsPlan: Sendable {
    /// The change that was requested.
    public let change: SettingsChange
    /// False if the settings are already as requested.
    public let isNeeded: Bool
    /// The hold that was found; nil if the network was not on hold.
    public let hold: NetworkSettings.Hold?
    /// The range sets of a CNI file, for a network without settings.
    let rangeSets: [RangeSet]
    /// The settings as they were read; nil if there were none.
    let record: Record?
    /// Whether the network has neither settings nor a document.
    let isNew: Bool
    /// The new settings.
    let settings: NetworkSettings
}

extension AddressPool {
    /// Plans a change of the network's settings. Members that this version does not know are kept.
    ///
    /// - Parameter rangeSets: those of a CNI file, whose fixed and excluded addresses are recorded for a network
    ///   without settings.
    /// - Throws: ``IPAMError``, `onHold` if the network is to be held and is on hold for another reason, `unknownNetwork` if
    ///   the store has nothing of the network.
    public func plan(_ change: SettingsChange, rangeSets: [RangeSet] = []) async throws(IPAMError) -> SettingsPlan {
        try await renewed.read(change, rangeSets)
    }

    private func read(_ change: SettingsChange, _ rangeSets: [RangeSet]) async throws(IPAMError) -> SettingsPlan {
        let snapshot = try await read([
            Read(keys.settings), Read(keys.document),
            Read(KeyRange(prefix: keys.document.text + "/"), .keys, limit: 1),
        ])
        guard snapshot.results.contains(where: { !$0.records.isEmpty }) else { throw .unknownNetwork(keys.network) }
        let record = snapshot.results[0].records.first
        // A network with a document and without settings was made by the Go plugin, which writes the document first.
        let isNew = record == nil && snapshot.results[1].records.isEmpty
        var settings =
            try settings(record)
            ?? NetworkSettings(
                hasGoNodes: !isNew, fixed: rangeSets.fixedRanges, excluded: rangeSets.excludedRanges)
        let found = settings.hold
        let isNeeded: Bool
        switch change {
        case .hold(let hold):
            if let found, found.reason != hold.reason { throw .onHold(network: keys.network, found) }
            isNeeded = found == nil
            if isNeeded { settings.setHold(hold) }
        case .unhold:
            isNeeded = found != nil
            settings.setHold(nil)
        case .endGoNodes:
            isNeeded = settings.hasGoNodes
            settings.hasGoNodes = false
        }
        return SettingsPlan(
            change: change, isNeeded: isNeeded, hold: found, rangeSets: rangeSets, record: record, isNew: isNew,
            settings: settings)
    }

    /// Changes the network's settings as planned.
    ///
    /// - Returns: false if the settings were already as requested, also if another client has made the same change since.
    /// - Throws: ``IPAMError``, `outdated` if the network's hold has changed since the plan was made.
    @discardableResult
    public func carryOut(_ shown: SettingsPlan) async throws(IPAMError) -> Bool {
        var current = shown
        // An operator may have thought about the plan for long.
        let pool = renewed
        return try await pool.carryOut(
            withoutHistoryWhenFull: false,
            plan: { (round) throws(IPAMError) -> Planned<Void, Bool> in
                if !round.isFirst { current = try await pool.read(shown.change, shown.rangeSets) }
                guard current.isNeeded else { return .done(round.isUnanswered) }
                guard shown.change == .endGoNodes || current.hold == shown.hold else {
                    throw .outdated(network: keys.network, [])
                }
                return .commit(
                    Transaction(
                        if: [.unchanged(keys.settings, current.record)]
                            + (current.isNew ? [.absent(keys.document)] : []),
                        then: [.put(keys.settings, current.settings.serialized())]), ())
            }, outcome: { _, commit in commit.succeeded ? true : nil })
    }
}
