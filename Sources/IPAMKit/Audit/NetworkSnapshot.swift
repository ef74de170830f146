import Store

/// Everything of a network that an audit judges, as of one revision.
public struct NetworkSnapshot: Sendable {
    public let network: NetworkName
    public let revision: Revision
    var rangeSets: [RangeSet]?
    var settings: NetworkSettings?
    var lock: Record?
    var used: [IPAddress: Record] = [:]
    /// What the attachments that can be read record, each with its record.
    var tenancies: [Tenancy] = []
    var reservations: [IPAddress: (record: Record, reservation: Reservation)] = [:]
    var suspects: [IPAddress: Suspect] = [:]
    /// Values that could not be understood: nothing is judged by them.
    public var problems: [IPAMError] = []
    /// The containers whose attachments could not be understood.
    var damagedContainers: Set<String> = []
    /// The revisions of the used keys later on, of those that were asked about and are there.
    var usedNow: [IPAddress: Revision] = [:]
    /// Of the same addresses, those that another network of the store has in use.
    var usedElsewhere: Set<IPAddress> = []

    init(network: NetworkName, revision: Revision) {
        self.network = network
        self.revision = revision
    }
}

extension AddressPool {
    /// Reads all of the network at one revision. An audit reads this first, and pods after it: a pod that came in between
    /// is then seen alive, and none that is alive can be missed.
    ///
    /// - Throws: ``IPAMError``.
    public func snapshot() async throws(IPAMError) -> NetworkSnapshot {
        let single = try await read([Read(keys.document), Read(keys.settings), Read(keys.lock)])
        var snapshot = NetworkSnapshot(network: keys.network, revision: single.revision)
        func readable<Value>(_ read: () throws(IPAMError) -> Value) -> Value? {
            do throws(IPAMError) {
                return try read()
            } catch {
                snapshot.problems.append(error)
                return nil
            }
        }
        let settings =
            readable { () throws(IPAMError) -> NetworkSettings? in
                try self.settings(single.results[1].records.first)
            } ?? nil
        snapshot.settings = settings
        snapshot.rangeSets =
            readable { () throws(IPAMError) -> [RangeSet]? in
                try rangeSets(single.results[0].records.first, settings)
            } ?? nil
        snapshot.lock = single.results[2].records.first
        for record in try await readAll(keys.usedPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { continue }
            snapshot.used[address] = record
        }
        for record in try await readAll(keys.attachmentsPrefix, at: single.revision).records {
            let name = record.key.text.dropFirst(keys.attachmentsPrefix.count).prefix { $0 != "/" }
            guard let reference = keys.attachmentReference(of: record.key),
                let attachment = readable({ () throws(IPAMError) -> Attachment in try self.attachment(record) })
            else {
                snapshot.damagedContainers.insert(String(name))
                continue
            }
            snapshot.tenancies.append(Tenancy(reference, attachment, record: record))
        }
        for record in try await readAll(keys.reservationsPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { continue }
            let reservation =
                readable { () throws(IPAMError) -> Reservation? in try self.reservation(record) } ?? nil
            snapshot.reservations[address] = (record, reservation ?? Reservation(for: .unreadable))
        }
        for record in try await readAll(keys.suspectsPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.suspectsPrefix) else { continue }
            snapshot.suspects[address] = try? Suspect(stored: record.value)
        }
        return snapshot
    }

    /// Notes in `snapshot` which of `addresses` have a used key by now.
    ///
    /// - Throws: ``IPAMError``.
    func noteUsed(_ addresses: [IPAddress], in snapshot: inout NetworkSnapshot) async throws(IPAMError) {
        var rest = addresses[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth)
            rest = rest.dropFirst(some.count)
            let now = try await read(some.map { Read(KeyRange(keys.used($0)), .keys) })
            for (address, result) in zip(some, now.results) {
                snapshot.usedNow[address] = result.records.first?.modified
            }
        }
    }

    /// Notes in `snapshot` which of `addresses` have a used key in one of `networks`. One that may not be read says nothing.
    ///
    /// - Throws: ``IPAMError``.
    func noteUsed(_ addresses: [IPAddress], in networks: [NetworkName], _ snapshot: inout NetworkSnapshot)
        async throws(IPAMError)
    {
        for network in networks {
            let other = Keyspace(network)
            var rest = addresses[...]
            while !rest.isEmpty {
                let some = rest.prefix(Transaction.maximumWidth)
                rest = rest.dropFirst(some.count)
                do throws(IPAMError) {
                    let now = try await read(some.map { Read(KeyRange(other.used($0)), .keys) })
                    for (address, result) in zip(some, now.results) where !result.records.isEmpty {
                        snapshot.usedElsewhere.insert(address)
                    }
                } catch .store(.denied) {
                    break
                }
            }
        }
    }
}
