import Store

/// The contents of a network that an audit judges, as of one revision.
public struct NetworkSnapshot: Sendable {
    /// The network that was read.
    public let network: NetworkName
    /// The revision of the store at which it was read.
    public let revision: Revision
    var rangeSets: [RangeSet]?
    var settings: NetworkSettings?
    var lock: Record?
    var used: [IPAddress: Record] = [:]
    /// The tenancies of the attachments that can be read, each with its record, whose value is left out to save memory.
    var tenancies: [Tenancy] = []
    var reservations: [IPAddress: (record: Record, reservation: Reservation)] = [:]
    var suspects: [IPAddress: Suspect] = [:]
    /// Values that cannot be read; nothing is judged by them.
    public var problems: [IPAMError] = []
    /// The containers with attachments that cannot be read.
    var damagedContainers: Set<String> = []
    /// The revisions of used keys that were read later (``AddressPool/noteUsed(_:in:)``).
    var usedNow: [IPAddress: Revision] = [:]
    /// The addresses among these that another network of the store has in use.
    var usedElsewhere: Set<IPAddress> = []

    init(network: NetworkName, revision: Revision) {
        self.network = network
        self.revision = revision
    }
}

extension AddressPool {
    /// Reads the network at one revision. An audit reads the pods after it, so that a pod that came in between is seen
    /// alive.
    ///
    /// - Throws: ``IPAMError``.
    public func snapshot() async throws(IPAMError) -> NetworkSnapshot {
        let single = try await read([Read(keys.document), Read(keys.settings), Read(keys.lock)])
        var snapshot = NetworkSnapshot(network: keys.network, revision: single.revision)
        var problems = ReadingProblems()
        snapshot.settings = problems.readable { () throws(IPAMError) in
            try self.settings(single.results[1].records.first)
        }
        snapshot.rangeSets = problems.readable { () throws(IPAMError) in
            try self.rangeSets(single.results[0].records.first, snapshot.settings)
        }
        snapshot.lock = single.results[2].records.first
        _ = try await forEachRecord(keys.usedPrefix, at: single.revision) { record in
            guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { return }
            snapshot.used[address] = record
        }
        _ = try await forEachRecord(keys.attachmentsPrefix, at: single.revision) { record in
            let kept = Record(
                key: record.key, value: "", created: record.created, modified: record.modified, lease: record.lease)
            if let tenancy = problems.readable({ () throws(IPAMError) in try self.tenancy(record, keeping: kept) }) {
                snapshot.tenancies.append(tenancy)
            } else {
                let name = record.key.text.dropFirst(keys.attachmentsPrefix.count).prefix { $0 != "/" }
                snapshot.damagedContainers.insert(String(name))
            }
        }
        for record in try await readAll(keys.reservationsPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { continue }
            let reservation = problems.readable { () throws(IPAMError) in try self.reservation(record) }
            snapshot.reservations[address] = (record, reservation ?? Reservation(for: .unreadable))
        }
        for record in try await readAll(keys.suspectsPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.suspectsPrefix) else { continue }
            snapshot.suspects[address] = try? Suspect(stored: record.value)
        }
        snapshot.problems = problems.errors
        return snapshot
    }

    /// Adds to `snapshot` which of `addresses` have a used key now.
    ///
    /// - Throws: ``IPAMError``.
    func noteUsed(_ addresses: [IPAddress], in snapshot: inout NetworkSnapshot) async throws(IPAMError) {
        let now = try await results(of: addresses.map { Read(KeyRange(keys.used($0)), .keys) })
        for (address, result) in zip(addresses, now) { snapshot.usedNow[address] = result.records.first?.modified }
    }

    /// Adds to `snapshot` which of `addresses` have a used key in one of `networks`. A network that may not be read
    /// counts as having none.
    ///
    /// - Throws: ``IPAMError``.
    func noteUsed(_ addresses: [IPAddress], in networks: [NetworkName], _ snapshot: inout NetworkSnapshot)
        async throws(IPAMError)
    {
        for other in networks.map(Keyspace.init) {
            do throws(IPAMError) {
                let now = try await results(of: addresses.map { Read(KeyRange(other.used($0)), .keys) })
                for (address, result) in zip(addresses, now) where !result.records.isEmpty {
                    snapshot.usedElsewhere.insert(address)
                }
            } catch .store(.denied) {
                continue
            }
        }
    }
}
