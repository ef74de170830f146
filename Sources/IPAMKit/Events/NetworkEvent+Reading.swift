import Store

extension NetworkEvent {
    /// The keys to watch for the events of one network, or of all. The range of one network contains keys of other networks
    /// (`k8s-net` is between `k8s` and `k8s/`), which ``events(in:of:)`` ignores.
    public static func range(of network: NetworkName?) -> KeyRange {
        guard let network else { return KeyRange(prefix: Keyspace.root) }
        let base = Keyspace(network).document
        return KeyRange(from: base, to: KeyRange(prefix: base.text + "/").end ?? base)
    }

    /// The keys to watch for the events of one network, in two ranges without keys of other networks, for a user who may read
    /// only this network. The second range has only the network's document.
    public static func ranges(within network: NetworkName) -> (children: KeyRange, document: KeyRange) {
        let document = Keyspace(network).document
        return (KeyRange(prefix: document.text + "/"), KeyRange(document))
    }

    /// Converts the changes of one revision to events.
    ///
    /// For an address, the end of a reservation and of a tenancy come before the start of new ones. Changes of locks, cursors
    /// and claims, and values that are written again unchanged, are no events.
    ///
    /// - Parameters:
    ///   - batch: all changes of the revision.
    ///   - network: the network whose events are returned; nil for all networks.
    public static func events(in batch: ChangeBatch, of network: NetworkName? = nil) -> [NetworkEvent] {
        var networks: [NetworkName: [KeyChange]] = [:]
        for change in batch.changes {
            guard let name = Keyspace.network(of: change.key), network == nil || network == name else { continue }
            networks[name, default: []].append(change)
        }
        return networks.sorted { $0.key.text < $1.key.text }.flatMap { name, changes in
            RevisionReading(Keyspace(name), batch.revision, changes).events
        }
    }
}

/// The changes of one network at one revision, grouped by address.
private struct RevisionReading {
    private struct AddressChanges {
        var used: KeyChange?
        var reservation: KeyChange?
        var suspect: KeyChange?
        /// The history entries that this revision added, newest first.
        var entries: [HistoryEntry] = []
    }

    private let keys: Keyspace
    private let revision: Revision
    private var addresses: [IPAddress: AddressChanges] = [:]
    /// The attachments that were put, and the former values; nil also if etcd does not have the former value any more.
    private var made: [(tenancy: Tenancy, previous: Tenancy?)] = []
    private var ended: [Tenancy] = []
    private var document: KeyChange?
    private var settings: KeyChange?

    init(_ keys: Keyspace, _ revision: Revision, _ changes: [KeyChange]) {
        self.keys = keys
        self.revision = revision
        for change in changes { sort(change) }
    }

    private mutating func sort(_ change: KeyChange) {
        let key = change.key
        if key == keys.document {
            document = change
        } else if key == keys.settings {
            settings = change
        } else if let address = Keyspace.address(of: key, in: keys.usedPrefix) {
            addresses[address, default: AddressChanges()].used = change
        } else if let address = Keyspace.address(of: key, in: keys.reservationsPrefix) {
            addresses[address, default: AddressChanges()].reservation = change
        } else if let address = Keyspace.address(of: key, in: keys.suspectsPrefix) {
            addresses[address, default: AddressChanges()].suspect = change
        } else if let address = Keyspace.address(of: key, in: keys.historyPrefix) {
            addresses[address, default: AddressChanges()].entries = Self.newEntries(change)
        } else if let reference = keys.attachmentReference(of: key) {
            sort(change, of: reference)
        }
    }

    private mutating func sort(_ change: KeyChange, of reference: AttachmentReference) {
        let previous = change.previous.flatMap { try? Attachment(stored: $0.value) }.map { Tenancy(reference, $0) }
        switch change {
        case .put(let record, _):
            guard let attachment = try? Attachment(stored: record.value) else { return }
            made.append((Tenancy(reference, attachment, record: record), previous))
            for address in attachment.addresses where addresses[address] == nil {
                addresses[address] = AddressChanges()
            }
        case .delete:
            if let previous { ended.append(previous) }
        }
    }

    /// A history is put with at least one new entry at its start, and old entries at its end are removed.
    private static func newEntries(_ change: KeyChange) -> [HistoryEntry] {
        guard case .put(let record, let previous) = change, let now = try? History(stored: record.value) else {
            return []
        }
        let entries = now.entries
        guard record.created != record.modified else { return entries }
        guard let previous else { return Array(entries.prefix(1)) }
        let before = (try? History(stored: previous.value))?.entries ?? []
        let count = (1...max(1, entries.count)).first {
            entries.dropFirst($0).elementsEqual(before.prefix(entries.count - $0))
        }
        return Array(entries.prefix(count ?? entries.count))
    }

    // MARK: Events

    var events: [NetworkEvent] {
        networkEvents
            + addresses.sorted { $0.key < $1.key }.flatMap { address, changes in
                reservationEnded(address, changes) + freed(address, changes) + reserved(address, changes)
                    + given(address, changes) + suspected(address, changes)
            }
    }

    private func event(
        _ kind: NetworkEvent.Kind, _ address: IPAddress? = nil, _ change: (inout NetworkEvent) -> Void
    ) -> NetworkEvent {
        var event = NetworkEvent(kind, address, network: keys.network, revision: revision)
        change(&event)
        return event
    }

    // MARK: Tenancies

    private func tenancy(_ container: String, of address: IPAddress) -> Tenancy {
        made.first { $0.tenancy.containerID == container && $0.tenancy.addresses.contains(address) }?.tenancy
            ?? Tenancy(containerID: container, addresses: [address])
    }

    /// The tenancy that ended: from the used key and its attachment, else from the history.
    private func formerTenancy(_ container: String?, of address: IPAddress, _ entry: HistoryEntry?) -> Tenancy? {
        guard let container else { return entry?.tenancy }
        if let own = ended.first(where: { $0.containerID == container && $0.addresses.contains(address) }) {
            return own
        }
        if let recorded = entry?.tenancy, recorded.containerID == container { return recorded }
        return Tenancy(containerID: container, addresses: [address])
    }

    private func freed(_ address: IPAddress, _ changes: AddressChanges) -> [NetworkEvent] {
        guard case .delete(_, let previous)? = changes.used else { return [] }
        let entry = changes.entries.first { $0.event.endsTenancy }
        return [
            event(.freed, address) { event in
                event.tenancy = formerTenancy(previous?.value, of: address, entry)
                event.ending = entry?.event
                event.by = entry?.by
                event.evidence = entry?.evidence
            }
        ]
    }

    private func given(_ address: IPAddress, _ changes: AddressChanges) -> [NetworkEvent] {
        let entry = changes.entries.first { $0.event == .takenOver }
        guard case .put(let record, let previous)? = changes.used, record.value != previous?.value else {
            // A delete is an event of its own. Without one, the attachment may have another holder and the same used keys.
            if case .delete? = changes.used { return [] }
            return succeeded(address)
        }
        let isNew = record.created == record.modified
        let tenancy = tenancy(record.value, of: address)
        let former = isNew ? nil : formerTenancy(previous?.value, of: address, entry)
        return [
            event(former == nil ? .given : .takenOver, address) { event in
                event.tenancy = tenancy
                event.former = former
                guard former != nil, let entry else { return }
                event.ending = entry.event
                event.by = entry.by
                event.evidence = entry.evidence
            }
        ]
    }

    /// The event of a new sandbox with the container ID of a former sandbox.
    private func succeeded(_ address: IPAddress) -> [NetworkEvent] {
        guard let own = made.first(where: { $0.tenancy.addresses.contains(address) }), let record = own.tenancy.record,
            record.created != record.modified, own.previous?.holder != own.tenancy.holder
        else { return [] }
        return [
            event(.given, address) { event in
                event.tenancy = own.tenancy
                event.former = own.previous
            }
        ]
    }

    // MARK: Reservations

    private static func reservation(_ record: Record?) -> Reservation? {
        record.map(Reservation.init(orUnreadable:))
    }

    private func reservationEnded(_ address: IPAddress, _ changes: AddressChanges) -> [NetworkEvent] {
        guard let change = changes.reservation else { return [] }
        let entry = changes.entries.first { $0.event == .released || $0.event == .expired }
        // A reservation that is put again has ended only if the history has an entry for it: it had expired.
        if case .put = change, entry == nil { return [] }
        return [
            event(entry?.event == .expired ? .expired : .released, address) { event in
                event.reservation = Self.reservation(change.previous) ?? entry?.reservation
                event.by = entry?.by
                event.evidence = entry?.evidence
            }
        ]
    }

    private func reserved(_ address: IPAddress, _ changes: AddressChanges) -> [NetworkEvent] {
        guard case .put(let record, let previous)? = changes.reservation, let now = Self.reservation(record) else {
            return []
        }
        let before = Self.reservation(previous)
        let entry = changes.entries.first { $0.event == .reserved || $0.event == .updated }
        let isNew = record.created == record.modified
        if !isNew, before == now, entry == nil { return [] }
        let isUpdate = entry.map { $0.event == .updated } ?? (!isNew && before?.holder == now.holder)
        return [
            event(isUpdate ? .updated : .reserved, address) { event in
                event.reservation = now
                event.by = entry?.by ?? now.by
                event.evidence = entry?.evidence
            }
        ]
    }

    private func suspected(_ address: IPAddress, _ changes: AddressChanges) -> [NetworkEvent] {
        guard case .put(let record, let previous)? = changes.suspect, record.value != previous?.value,
            let suspect = try? Suspect(stored: record.value)
        else { return [] }
        return [
            event(.suspected, address) { event in
                event.suspect = suspect
                event.by = suspect.by
            }
        ]
    }

    // MARK: The network

    private var networkEvents: [NetworkEvent] {
        let (hold, settingsProblem) = settingsEvents
        var problems = [settingsProblem, documentProblem].compactMap(\.self)
        guard !problems.isEmpty else { return hold }
        problems.removeAll(where: \.isEmpty)
        let configured = event(.configured) { event in
            event.rangeSets = rangeSets(document?.now)
            if settingsProblem != nil {
                event.settings = settings?.now.flatMap { try? NetworkSettings(stored: $0.value) }
            }
            event.by = rangesAuthor
            event.evidence = problems.isEmpty ? nil : problems.joined(separator: "; ")
        }
        return [configured] + hold
    }

    /// The events of the hold, and the error of the other settings: empty if they changed without an error, nil if they did not
    /// change.
    private var settingsEvents: ([NetworkEvent], problem: String?) {
        guard let settings else { return ([], nil) }
        let before = settings.previous.flatMap { try? NetworkSettings(stored: $0.value) }
        guard let record = settings.now else { return (unheld(before?.hold), "its settings were deleted") }
        let now: NetworkSettings
        do throws(DamagedValue) {
            now = try NetworkSettings(stored: record.value)
        } catch {
            return ([], "its settings cannot be read: \(error)")
        }
        var events: [NetworkEvent] = []
        if let hold = now.hold, hold != before?.hold {
            events.append(
                event(.held) { event in
                    event.hold = hold
                    event.by = hold.by
                })
        } else if now.hold == nil {
            events = unheld(before?.hold)
        }
        let isOther = before.map { settings in
            settings.hasGoNodes != now.hasGoNodes || settings.fixed != now.fixed || settings.excluded != now.excluded
        }
        return (events, isOther ?? (record.created == record.modified || events.isEmpty) ? "" : nil)
    }

    /// The pod whose ADD changed the ranges in this transaction; nil if it is not recorded.
    private var rangesAuthor: String? {
        guard let settings, let change = settings.now.flatMap({ try? NetworkSettings(stored: $0.value) })?.rangesChange
        else { return nil }
        let before = settings.previous.flatMap { try? NetworkSettings(stored: $0.value) }
        return change == before?.rangesChange ? nil : change.by
    }

    private func unheld(_ hold: NetworkSettings.Hold?) -> [NetworkEvent] {
        hold.map { hold in [event(.unheld) { $0.hold = hold }] } ?? []
    }

    /// The error of the document: empty if it changed without an error, nil if it did not change. Go nodes write it often
    /// without a change.
    private var documentProblem: String? {
        guard let document else { return nil }
        guard let record = document.now else { return "its document was deleted" }
        let isNew = record.created == record.modified
        // If etcd does not have the former value any more, the document most likely did not change.
        guard isNew || document.previous != nil, record.value != document.previous?.value else { return nil }
        do throws(DamagedValue) {
            let now = try NetworkDocument.parse(record.value)
            guard let before = document.previous.flatMap({ try? NetworkDocument.parse($0.value) }) else { return "" }
            return NetworkDocument.serialize(before) == NetworkDocument.serialize(now) ? nil : ""
        } catch {
            return "its document cannot be read: \(error)"
        }
    }

    private func rangeSets(_ record: Record?) -> [RangeSet]? {
        let settings = settings?.now.flatMap { try? NetworkSettings(stored: $0.value) }
        return record.flatMap { try? NetworkDocument.parse($0.value, settings) }
    }
}

extension KeyChange {
    /// The new record of the key; nil if it was deleted.
    fileprivate var now: Record? {
        if case .put(let record, _) = self { record } else { nil }
    }
}
