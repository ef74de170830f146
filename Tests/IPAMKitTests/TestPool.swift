import EtcdClient
import EtcdStore
import HTTPTransport
import Synchronization
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// One etcd of each version for all tests of this process; each test has networks of its own.
enum SharedEtcd {
    private static let debian34 = Task { try await EtcdServer.start(version: .debian34) }
    private static let pypi35 = Task { try await EtcdServer.start(version: .pypi35) }

    static func server(_ version: EtcdServer.Version) async throws -> EtcdServer {
        switch version {
        case .debian34: try await debian34.value
        case .pypi35: try await pypi35.value
        }
    }
}

/// A network of its own: in memory, or on a real etcd if the test is about etcd.
struct TestPool: Sendable {
    /// What keeps the network's keys.
    private enum Place {
        case memory(MemoryStore, TestClock)
        case etcd(EtcdServer)
    }

    let network: NetworkName
    let rangeSets: [RangeSet]
    var keys: Keyspace { Keyspace(network) }

    private let place: Place
    private static let counter = Atomic(0)
    private static let loops = (0..<4).map { _ in TransferLoop.onOwnThread() }

    /// In memory.
    init(_ rangeSets: [RangeSet]) throws {
        let clock = TestClock()
        try self.init(rangeSets, .memory(MemoryStore(clock: clock), clock))
    }

    /// On this etcd.
    init(_ rangeSets: [RangeSet], on server: EtcdServer) throws {
        try self.init(rangeSets, .etcd(server))
    }

    /// On the etcd of this version that all tests share.
    static func onEtcd(_ rangeSets: [RangeSet], version: EtcdServer.Version = .debian34) async throws -> TestPool {
        try TestPool(rangeSets, on: try await SharedEtcd.server(version))
    }

    /// A network in memory of the same name and ranges: where addresses are chosen, the name counts.
    func twinInMemory() throws -> TestPool {
        let clock = TestClock()
        return try TestPool(rangeSets, .memory(MemoryStore(clock: clock), clock), named: network)
    }

    private init(_ rangeSets: [RangeSet], _ place: Place, named name: NetworkName? = nil) throws {
        network = try name ?? NetworkName("net-\(Self.counter.add(1, ordering: .relaxed).newValue)")
        self.rangeSets = rangeSets
        self.place = place
    }

    /// `index` chooses one of a few event loops: each client of an etcd has connections of its own.
    func store(_ index: Int = 0) -> any Store {
        switch place {
        case .memory(let store, _): store
        case .etcd(let server):
            EtcdStore(
                client: EtcdClient(
                    EtcdConfiguration(endpoints: server.endpoints), loop: Self.loops[index % Self.loops.count]))
        }
    }

    /// The store in memory; nil on an etcd.
    var memory: MemoryStore? { if case .memory(let store, _) = place { store } else { nil } }

    /// The clock by which nothing really waits in memory; nil on an etcd.
    var clock: TestClock? { if case .memory(_, let clock) = place { clock } else { nil } }

    /// Operations on the network that give up after `limit`.
    func pool(_ store: (any Store)? = nil, limit: Duration = .seconds(60)) -> AddressPool {
        let store = store ?? self.store()
        guard let clock else { return AddressPool(store: store, network: network, deadline: .now + limit) }
        return AddressPool(store: store, network: network, deadline: clock.now + limit) { clock.now }
    }

    /// All of the network as it stands, or stood at a revision, less the histories: what holds now.
    func contents(at revision: Revision? = nil) async throws -> [String: String] {
        let base = keys.document.text
        let records = try await store().readAll(
            KeyRange(prefix: base + "/"), at: revision, deadline: .now + .seconds(60)
        ).records
        return Dictionary(
            uniqueKeysWithValues: records.filter { !$0.key.text.hasPrefix(keys.historyPrefix) }
                .map { (String($0.key.text.dropFirst(base.count + 1)), $0.value) })
    }

    /// Puts keys outside any operation under test.
    func put(_ pairs: [(Key, String)]) async throws {
        var rest = pairs[...]
        let store = store()
        while !rest.isEmpty {
            let some = rest.prefix(Transaction.maximumWidth)
            rest = rest.dropFirst(some.count)
            _ = try await store.commit(
                Transaction(if: [], then: some.map { .put($0.0, $0.1) }), deadline: .now + .seconds(60))
        }
    }
}

// MARK: Values

func address(_ text: String) -> IPAddress {
    guard let address = try? IPAddress(text) else { fatalError("\(text) is no address") }
    return address
}

func range(_ text: String) -> AddressRange {
    guard let range = try? AddressRange(parsing: text) else { fatalError("\(text) is no range") }
    return range
}

/// A range set of one range, such as `10.9.0.0/24`, `10.9.0.0/24 10.9.0.10-10.9.0.20`, with the fixed range third.
func set(_ texts: String...) throws -> RangeSet {
    try RangeSet(
        texts.map { text in
            let parts = text.split(separator: " ").map(String.init)
            let given = parts.count > 1 && parts[1] != "-" ? range(parts[1]) : nil
            return try PoolRange(
                subnet: CIDR(parts[0]), rangeStart: given?.start, rangeEnd: given?.end,
                fixed: parts.count > 2 && parts[2] != "-" ? range(parts[2]) : nil,
                excluded: parts.count > 3 ? parts[3].split(separator: ",").map { range(String($0)) } : [])
        })
}

func pod(_ text: String) -> PodReference {
    guard case .pod(let pod)? = try? ReservationHolder(text) else { fatalError("\(text) is no pod") }
    return pod
}

func reference(_ container: String, _ ifname: String = "eth0") throws -> AttachmentReference {
    AttachmentReference(containerID: try ContainerID(container), ifname: try InterfaceName(ifname))
}

let noon = Timestamp(seconds: 1_795_000_000)

extension TestPool {
    func request(_ container: String, _ name: String? = nil, _ ifname: String = "eth0", at now: Timestamp = noon) throws
        -> AddRequest
    {
        AddRequest(
            attachment: try reference(container, ifname), holder: Holder(pod: name.map(pod), node: "n1"),
            rangeSets: rangeSets, now: now)
    }

    func orders(_ addresses: [IPAddress], for holder: String, note: String? = nil, expires: Timestamp? = nil) throws
        -> [ReservationOrder]
    {
        let reservation = Reservation(
            for: try ReservationHolder(holder), by: "root@admin1", note: note, since: noon, expires: expires)
        return addresses.map { ReservationOrder(address: $0, reservation: reservation) }
    }
}

extension AddressPool {
    /// A release that is carried out as soon as it is planned.
    func release(_ addresses: [IPAddress], force: Bool, dryRun: Bool = false) async throws(IPAMError) -> [ReleaseChange]
    {
        let plan = try await planRelease(of: addresses, force: force)
        return dryRun ? plan.changes : try await release(plan)
    }
}

extension Added {
    var addresses: [IPAddress] { assignments.map(\.address) }
}
