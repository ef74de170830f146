import IPAMKit
import Store

/// Answers one request from the store.
///
/// Every read is a request of its own for one range. A read of several ranges is a transaction to etcd, and giving one up
/// while a member stalls, as the short deadline does, can make early etcd 3.5 panic (etcd issue 14110).
struct LiveReader: Sendable {
    let connection: Connection
    let request: LiveRequest
    let deadline: ContinuousClock.Instant

    /// Attachments and reservations are read whole if there are not more of them: about 1 MB.
    static let mostRecords = 2048

    /// - Throws: `StoreError` or `IPAMError` if nothing could be read in time.
    func candidates() async throws -> [Completion.Candidate] {
        switch request.kind {
        case .networks: try await networks()
        case .addresses: try await addresses()
        case .freeAddresses: try await freeAddresses()
        case .containers: try await containers()
        case .pods: try await pods()
        case .namespaces: try await namespaces()
        case .nodes: try await nodes()
        case .holders: try await holders()
        case .workloads: try await workloads()
        case .plans: try await plans()
        case .contexts: []
        }
    }

    /// The keys of the networks that are meant.
    func keyspaces() async throws -> [Keyspace] {
        if let network = request.network ?? connection.requested { return [Keyspace(network)] }
        return try await allNetworks().map { Keyspace($0) }
    }

    func allNetworks() async throws -> [NetworkName] {
        let stored = try await NetworkDirectory.networks(in: connection.store, deadline: deadline)
        return Set(stored).union(connection.configured.keys).sorted { $0.text < $1.text }
    }

    func read(_ range: KeyRange, _ content: Read.Content = .records, limit: Int? = nil) async throws(StoreError)
        -> ReadResult
    {
        let snapshot = try await connection.store.read([Read(range, content, limit: limit)], deadline: deadline)
        return snapshot.results.first ?? ReadResult(records: [], count: 0)
    }

    /// The value of one key; nil without the key.
    func value(_ key: Key) async throws(StoreError) -> String? {
        try await read(KeyRange(key)).records.first?.value
    }

    /// The range sets of a network, from the CNI file, else from the store; empty if neither has them.
    func rangeSets(of keys: Keyspace) async throws -> [RangeSet] {
        if let configuration = connection.configured[keys.network] { return configuration.rangeSets }
        guard let document = try await value(keys.document) else { return [] }
        let settings = try await value(keys.settings).map { try NetworkSettings(stored: $0) }
        return try NetworkDocument.parse(document, settings)
    }

    // MARK: Attachments and reservations

    /// The attachments of some of a network's containers.
    struct Attachments {
        var all: [(reference: AttachmentReference, attachment: Attachment)] = []
        /// Whether these are all of the network's.
        var areComplete = true
    }

    /// The first ``mostRecords`` attachments.
    func attachments(of keys: Keyspace) async throws -> Attachments {
        let result = try await read(KeyRange(prefix: keys.attachmentsPrefix), limit: Self.mostRecords)
        return Attachments(all: parsed(result.records, keys), areComplete: result.count <= result.records.count)
    }

    /// The attachments that can be read before the deadline.
    func parsed(_ records: [Record], _ keys: Keyspace) -> [(reference: AttachmentReference, attachment: Attachment)] {
        var parsed: [(reference: AttachmentReference, attachment: Attachment)] = []
        for record in records {
            guard .now < deadline else { break }
            if let reference = keys.attachmentReference(of: record.key),
                let attachment = try? Attachment(stored: record.value)
            {
                parsed.append((reference, attachment))
            }
        }
        return parsed
    }

    /// The holders of the first ``mostRecords`` reservations, by address.
    func reservations(of keys: Keyspace) async throws -> [(address: IPAddress, holder: ReservationHolder)] {
        try await storedReservations(of: keys).map { ($0.address, $0.reservation.holder) }
    }

    /// The first ``mostRecords`` reservations that can be read.
    func storedReservations(of keys: Keyspace) async throws -> [(address: IPAddress, reservation: Reservation)] {
        let prefix = keys.reservationsPrefix
        return try await read(KeyRange(prefix: prefix), limit: Self.mostRecords).records.compactMap { record in
            guard let address = Keyspace.address(of: record.key, in: prefix),
                let reservation = try? Reservation(stored: record.value)
            else { return nil }
            return (address, reservation)
        }
    }
}
