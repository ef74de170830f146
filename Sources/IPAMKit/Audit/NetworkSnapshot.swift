import Store

/// Everything in the store that an audit of a network judges, as of one revision.
public struct NetworkSnapshot: Sendable {
    /// The network.
    public let network: NetworkName
    /// The store's revision.
    public let revision: Revision
    var rangeSets: [RangeSet]?
    var settings: NetworkSettings?
    var lock: Record?
    var used: [IPAddress: Record] = [:]
    /// The attachments that can be read, each with its record.
    var tenancies: [Tenancy] = []
    var reservations: [IPAddress: (record: Record, reservation: Reservation)] = [:]
    var suspects: [IPAddress: Suspect] = [:]
    /// Values that could not be parsed: nothing is judged by them.
    public var problems: [IPAMError] = []
    /// The containers whose attachments could not be parsed.
    var damagedContainers: Set<String> = []
    /// The revisions of used keys that were read again later, and existed then.
    var usedNow: [IPAddress: Revision] = [:]
    /// Of the addresses that were read again, those that another network of the store has in use.
    var usedElsewhere: Set<IPAddress> = []

    init(network: NetworkName, revision: Revision) {
        self.network = network
        self.revision = revision
    }
}

extension AddressPool {
    /// Reads the whole network at one revision. An audit reads this first, and pods after it: a pod that came in between
    /// is then seen alive, and no live pod can be missed.
    ///
    /// - Throws: ``IPAMError``.
    public func snapshot() async throws(IPAMError) -> NetworkSnapshot {
        let single = try await read([Read(keys.document), Read(keys.settings), Read(keys.lock)])
        var snapshot = NetworkSnapshot(network: keys.network, revision: single.revision)
        func readable<Value>(_ read: () throws(IPAMError) -> Value?) -> Value? {
            do throws(IPAMError) {
                return try read()
            } catch {
                snapshot.problems.append(error)
                return nil
            }
        }
        let settings = readable { () throws(IPAMError) in try self.settings(single.results[1].records.first) }
        snapshot.settings = settings
        snapshot.rangeSets = readable { () throws(IPAMError) in
            try rangeSets(single.results[0].records.first, settings)
        }
        snapshot.lock = single.results[2].records.first
        for record in try await readAll(keys.usedPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { continue }
            snapshot.used[address] = record
        }
        for record in try await readAll(keys.attachmentsPrefix, at: single.revision).records {
            let name = record.key.text.dropFirst(keys.attachmentsPrefix.count).prefix { $0 != "/" }
            guard let reference = keys.attachmentReference(of: record.key),
                let attachment = readable({ () throws(IPAMError) in try self.attachment(record) })
            else {
                snapshot.damagedContainers.insert(String(name))
                continue
            }
            snapshot.tenancies.append(Tenancy(reference, attachment, record: record))
        }
        for record in try await readAll(keys.reservationsPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { continue }
            let reservation = readable { () throws(IPAMError) in try self.reservation(record) }
            snapshot.reservations[address] = (record, reservation ?? Reservation(for: .unreadable))
        }
        for record in try await readAll(keys.suspectsPrefix, at: single.revision).records {
            guard let address = Keyspace.address(of: record.key, in: keys.suspectsPrefix) else { continue }
            snapshot.suspects[address] = try? Suspect(stored: record.value)
        }
        return snapshot
    }

    /// Notes in `snapshot` which of `addresses` have a used key now.
    ///
    /// - Throws: ``IPAMError``.
    func noteUsed(_ addresses: [IPAddress], in snapshot: inout NetworkSnapshot) async throws(IPAMError) {
        for (address, revision) in try await used(addresses, in: keys) { snapshot.usedNow[address] = revision }
    }

    /// Notes in `snapshot` which of `addresses` have a used key in one of `networks`. A network that may not be read is
    /// left out.
    ///
    /// - Throws: ``IPAMError``.
    func noteUsed(_ addresses: [IPAddress], in networks: [NetworkName], _ snapshot: inout NetworkSnapshot)
        async throws(IPAMError)
    {
        for network in networks {
            do throws(IPAMError) {
                for (address, _) in try await used(addresses, in: Keyspace(network)) {
                    snapshot.usedElsewhere.insert(address)
                }
            } catch .store(.denied) {
                continue
            }
        }
    }

    /// Those of `addresses` that have a used key now, with its revision.
    private func used(_ addresses: [IPAddress], in keys: Keyspace) async throws(IPAMError) -> [(IPAddress, Revision)] {
        var found: [(IPAddress, Revision)] = []
        var rest = addresses[...]
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth)
            rest = rest.dropFirst(some.count)
            let now = try await read(some.map { Read(KeyRange(keys.used($0)), .keys) })
            for (address, result) in zip(some, now.results) {
                if let record = result.records.first { found.append((address, record.modified)) }
            }
        }
        return found
    }
}
