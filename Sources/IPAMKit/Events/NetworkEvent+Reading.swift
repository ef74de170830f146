import Store

extension NetworkEvent {
    /// The keys to follow for the events of one network, or of all. The range of one has keys of others
    /// (`k8s-net` lies between `k8s` and `k8s/`), which ``events(in:of:)`` passes over.
    public static func range(of network: NetworkName?) -> KeyRange {
        guard let network else { return KeyRange(prefix: Keyspace.root) }
        let base = Keyspace(network).document
        return KeyRange(from: base, to: KeyRange(prefix: base.text + "/").end ?? base)
    }

    /// The same as ``range(of:)`` of a network, in parts that have no key of another one: for a user whose rights end there.
    /// Most events are in the first; those about the network's document are in the second.
    public static func ranges(within network: NetworkName) -> (children: KeyRange, document: KeyRange) {
        let document = Keyspace(network).document
        return (KeyRange(prefix: document.text + "/"), KeyRange(document))
    }

    /// What the changes of one revision mean.
    ///
    /// Of an address: first what ended (reservation, tenancy), then what began. What nobody asks about is left out: locks,
    /// cursors, claims, records that are written again as they were.
    ///
    /// - Parameters:
    ///   - batch: all that the revision changed.
    ///   - network: only of this one; nil for all.
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

/// One revision's changes of one network, by what they are about.
private struct RevisionReading {
    private struct AddressChanges {
        var used: KeyChange?
        var reservation: KeyChange?
        var suspect: KeyChange?
        /// What this revision added to the history, newest first.
        var entries: [HistoryEntry] = []
    }

    private let keys: Keyspace
    private let revision: Revision
    private var addresses: [IPAddress: AddressChanges] = [:]
    /// The attachments that were put, and what stood there before; nil also if etcd no longer has it.
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

    /// A history is put with at least one new entry in front, and loses old ones at its end.
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

    /// Who had the address: by the used key and the attachment that went with it, else by the history.
    private func formerTenancy(_ container: String?, of address: IPAddress, _ entry: HistoryEntry?) -> Tenancy? {
        guard let container else { return entry?.tenancy }
        if let own = ended.first(where: { $0.containerID == container && $0.addresses.contains(address) }) {
            return own
        }
        if let told = entry?.tenancy, told.containerID == container { return told }
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
            // A delete was told already; else an attachment may have got another holder, its used keys being as they were.
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

    /// A sandbox that has the ID of a former one.
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
        // One that is put again has ended only where the history says so: its time was over.
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

    /// What happened to the hold, and, where the other settings are not what they were, what is wrong with them: an empty
    /// text for nothing.
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
        let isOther = before.map { $0.hasGoNodes != now.hasGoNodes || $0.fixed != now.fixed }
        return (events, isOther ?? (record.created == record.modified || events.isEmpty) ? "" : nil)
    }

    /// Who changed the ranges in this very transaction; nil where the settings do not say.
    private var rangesAuthor: String? {
        guard let settings, let change = settings.now.flatMap({ try? NetworkSettings(stored: $0.value) })?.rangesChange
        else { return nil }
        let before = settings.previous.flatMap { try? NetworkSettings(stored: $0.value) }
        return change == before?.rangesChange ? nil : change.by
    }

    private func unheld(_ hold: NetworkSettings.Hold?) -> [NetworkEvent] {
        hold.map { hold in [event(.unheld) { $0.hold = hold }] } ?? []
    }

    /// What is wrong with the document, where it is not what it was; an empty text for nothing. Go nodes write it again
    /// and again.
    private var documentProblem: String? {
        guard let document else { return nil }
        guard let record = document.now else { return "its document was deleted" }
        let isNew = record.created == record.modified
        // Where the former one is not kept: most often it was the same.
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
        let fixed = settings?.now.flatMap { try? NetworkSettings(stored: $0.value) }?.fixed ?? []
        return record.flatMap { try? NetworkDocument.parse($0.value, fixed: fixed) }
    }
}

extension KeyChange {
    /// The record that the key has now.
    fileprivate var now: Record? {
        if case .put(let record, _) = self { record } else { nil }
    }
}
