import EtcdClient
import EtcdStore
import HTTPTransport
import IPAMKit
import Store

/// Looks at etcd as the commands use it: with its user, at whichever endpoint answers.
struct StoreProbe: Sendable {
    let client: EtcdClient
    let user: String?
    /// How long a request may take.
    let limit: Duration
    let configured: [NetworkName: NetworkConfiguration]
    let requested: NetworkName?

    init(
        _ configuration: EtcdConfiguration, _ limit: Duration, configured: [NetworkName: NetworkConfiguration],
        requested: NetworkName?
    ) {
        client = EtcdClient(configuration, loop: .current)
        user = configuration.credentials?.user
        self.limit = limit
        self.configured = configured
        self.requested = requested
    }

    private var deadline: ContinuousClock.Instant { .now + limit }
    private var store: EtcdStore { EtcdStore(client: client) }

    func checks() async -> [Check] {
        let names = requested.map { [$0] } ?? configured.keys.sorted { $0.text < $1.text }
        let key = names.first.map { Keyspace($0).document } ?? Key(Keyspace.root)
        let began = ContinuousClock.now
        do throws(EtcdError) {
            let answer = try await client.range(EtcdRangeRequest(key: key.bytes), deadline: deadline)
            let read = Check.read(answered: ContinuousClock.now - began, user: user)
            return [read, await compaction(answer.header.revision, key)] + (await networks(among: names))
        } catch .permissionDenied {
            return [Check.read(answered: ContinuousClock.now - began, user: user)] + (await networks(among: names))
        } catch {
            return [Check.read(failed: error, user: user)]
                + [CheckCode.etcdCompaction, .etcdRights, .configDrift, .networkOverlap].map {
                    .skipped($0, "etcd", "etcd cannot be read")
                }
        }
    }

    // MARK: Compaction

    private func compaction(_ revision: Int64, _ key: Key) async -> Check {
        let old = revision - Check.mostRevisions
        guard old > 0 else { return .compaction(revision: revision, keepsOldRevisions: false) }
        do throws(EtcdError) {
            var request = EtcdRangeRequest(key: key.bytes)
            request.revision = old
            request.keysOnly = true
            _ = try await client.range(request, deadline: deadline)
            return .compaction(revision: revision, keepsOldRevisions: true)
        } catch .compacted {
            return .compaction(revision: revision, keepsOldRevisions: false)
        } catch {
            return .skipped(.etcdCompaction, "etcd", error.description)
        }
    }

    // MARK: Networks

    private func networks(among configuredNames: [NetworkName]) async -> [Check] {
        var names = configuredNames
        var checks: [Check] = []
        if requested == nil {
            do throws(IPAMError) {
                let stored = try await NetworkDirectory.networks(in: store, deadline: deadline)
                names = Set(stored).union(names).sorted { $0.text < $1.text }
            } catch {
                checks.append(.directory(error))
            }
        }
        if names.isEmpty, checks.isEmpty {
            let reason = "etcd has no network, and no CNI file names one"
            return [.skipped(.etcdRights, "etcd", reason, next: "name a CNI file with --config")]
        }
        var places: [NetworkPlace] = []
        for name in names {
            checks.append(await rights(on: name))
            let (drift, place) = await ranges(of: name)
            if let drift { checks.append(drift) }
            if let place { places.append(place) }
        }
        return checks + [await overlaps(of: places)]
    }

    /// - Parameter checked: the networks whose ranges have been read. If one was requested, the others are read here.
    private func overlaps(of checked: [NetworkPlace]) async -> Check {
        guard let requested else { return .overlaps(among: checked) }
        var places = checked
        do throws(IPAMError) {
            let stored = try await NetworkDirectory.networks(in: store, deadline: deadline)
            let names = Set(stored).union(configured.keys).sorted { $0.text < $1.text }
            for name in names where name != requested {
                if let ranges = try await ranges(ofOther: name) { places.append(NetworkPlace(name, ranges)) }
            }
        } catch {
            return .skipped(.networkOverlap, requested.text, "the other networks cannot be read: \(error)")
        }
        return .overlaps(among: places, with: requested)
    }

    /// nil if nothing has the ranges, or if they cannot be used.
    private func ranges(ofOther name: NetworkName) async throws(IPAMError) -> [RangeSet]? {
        if let file = configured[name]?.rangeSets { return file }
        do throws(IPAMError) {
            return try await AddressPool(store: store, network: name, timeout: limit).storedRangeSets()
        } catch .damaged {
            return nil
        }
    }

    private func rights(on name: NetworkName) async -> Check {
        var report = RightsReport(network: name)
        let keys = Keyspace(name)
        do throws(EtcdError) {
            let places = RightsReport.places(of: keys)
            for place in places where try await !mayRead(place) { report.unreadable.append(place.name) }
            // Usually all of them may be written, which one transaction shows.
            if try await !mayWrite(places) {
                for place in places where try await !mayWrite([place]) { report.unwritable.append(place.name) }
            }
        } catch .noSpace {
            // A full database refuses every write, so that only reading can be checked.
            report.isFull = true
        } catch {
            return .skipped(.etcdRights, name.text, error.description)
        }
        return .rights(report, user: user)
    }

    private func mayRead(_ place: RightsReport.Place) async throws(EtcdError) -> Bool {
        do throws(EtcdError) {
            _ = try await client.range(place.read, deadline: deadline)
            return true
        } catch .permissionDenied {
            return false
        }
    }

    private func mayWrite(_ places: [RightsReport.Place]) async throws(EtcdError) -> Bool {
        do throws(EtcdError) {
            _ = try await client.txn(RightsReport.neverWrite(to: places), deadline: deadline)
            return true
        } catch .permissionDenied {
            return false
        }
    }

    /// The check of the CNI file against the store, if there is a file; and the network's ranges, if they are known.
    private func ranges(of name: NetworkName) async -> (Check?, NetworkPlace?) {
        let file = configured[name]?.rangeSets
        let pool = AddressPool(store: store, network: name, timeout: limit)
        do throws(IPAMError) {
            let stored = try await pool.storedRangeSets()
            let place = (file ?? stored).map { NetworkPlace(name, $0) }
            guard let file else { return (nil, place) }
            guard stored != nil else { return (.notStored(name), place) }
            let again = AddressPool(store: store, network: name, timeout: limit)
            return (.drift(try await again.drift(from: file), of: name), place)
        } catch {
            let check = Check.unreadable(name, error)
            return (check, file.map { NetworkPlace(name, $0) })
        }
    }
}
