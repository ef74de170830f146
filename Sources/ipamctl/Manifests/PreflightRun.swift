import IPAMKit
import KubernetesManifests
import Store

/// Judges the pods of manifests on their networks.
struct PreflightRun: Sendable {
    let manifest: Manifest
    let objects: [PlannedObject]
    private let replaced: [PreflightLine]
    let now: Timestamp

    /// - Throws: ``Failure`` if the manifests have more pods than are judged.
    init(_ files: ManifestFiles, now: Timestamp) throws(Failure) {
        manifest = files.manifest
        (objects, replaced) = Preflight.effective(manifest.objects)
        self.now = now
        let pods = objects.reduce(0) { $0 + ($1.replicas ?? 1) }
        guard pods <= Preflight.mostPods else {
            throw Failure(
                .usage, "the manifests have \(pods) pods; at most \(Preflight.mostPods) are judged at once",
                hint: "check the replicas, or judge the manifests one after the other")
        }
    }

    /// - Throws: ``Failure`` if the networks of the pods cannot be told, and the errors of the store.
    func result(_ connection: Connection) async throws -> PreflightResult {
        let stored = try await storedNetworks(connection)
        let known = stored.union(connection.configured.keys)
        let targets = try await targets(connection, known)
        var lines: [PreflightLine] = replaced + Preflight.manifestLines(objects, networks: known)
        var networks: [PreflightResult.Network] = []
        for (name, objects) in targets {
            Progress.describe("reading network \(name) from etcd ...")
            let network = try await connection.network(named: name)
            try network.requireRangeSets()
            let inventory = try await connection.pool(name).inventory()
            Terminal.warn(inventory.overview.problems.map(\.description))
            let report = Preflight(
                objects: objects, inventory: inventory, rangeSets: network.rangeSets, networks: stored.union([name]),
                autoLimit: connection.configured[name]?.autoLimit, now: now
            ).report()
            if report.mayHaveGoNodes {
                Terminal.note(
                    "warning: network \(name) may have Go nodes, which do not record fixed addresses: whether their pods "
                        + "have one was not checked\nhint: if no Go node is left, run 'ipamctl adopt --no-go-nodes'")
            }
            networks.append(.init(name: name, revision: report.revision))
            lines += report.lines
        }
        return PreflightResult(
            lines: ordered(lines), networks: networks, objects: objects, skippedKinds: manifest.skippedKinds,
            skippedObjects: manifest.skippedObjects)
    }

    /// The lines in the order of the objects: its pods, then the findings about it.
    private func ordered(_ lines: [PreflightLine]) -> [PreflightLine] {
        var order: [PlannedObject: Int] = [:]
        for (index, object) in manifest.objects.enumerated() where order[object] == nil { order[object] = index }
        return lines.enumerated().sorted { left, right in
            let (one, other) = (left.element, right.element)
            return (order[one.object] ?? 0, one.isOfPods ? 0 : 1, left.offset)
                < (order[other.object] ?? 0, other.isOfPods ? 0 : 1, right.offset)
        }.map(\.element)
    }

    /// The networks of the store. An etcd user who may not list them is taken not to know of a network that does not exist.
    private func storedNetworks(_ connection: Connection) async throws -> Set<NetworkName> {
        do throws(IPAMError) {
            return Set(try await NetworkDirectory.networks(in: connection.store, deadline: connection.deadline))
        } catch {
            guard case .store(.denied) = error else { throw error }
            let named = objects.flatMap(\.qualifiedNetworks).compactMap { try? NetworkName($0) }
            return Set(named + (connection.requested.map { [$0] } ?? []))
        }
    }

    // MARK: Which pods on which network

    /// Each network with the objects that are judged on it. The requested network has all; otherwise each object is judged on
    /// the network that a command without `-n` works on, and on those that its annotations name.
    private func targets(_ connection: Connection, _ known: Set<NetworkName>) async throws
        -> [(network: NetworkName, objects: [PlannedObject])]
    {
        guard !objects.isEmpty else { return [] }
        if let requested = connection.requested { return [(requested, objects)] }
        var targets: [(network: NetworkName, objects: [PlannedObject])] = []
        let qualified = objects.map { object in
            object.qualifiedNetworks.compactMap { try? NetworkName($0) }.filter(known.contains)
        }
        let standard = try await standardNetwork(connection, isRequired: qualified.allSatisfy(\.isEmpty))
        for (object, names) in zip(objects, qualified) {
            for name in (standard.map { [$0] } ?? []) + names.filter({ $0 != standard }) {
                if let index = targets.firstIndex(where: { $0.network == name }) {
                    targets[index].objects.append(object)
                } else {
                    targets.append((name, [object]))
                }
            }
        }
        return targets
    }

    /// The network of pods whose annotations name none; nil if it cannot be told.
    ///
    /// - Parameter isRequired: whether there is nothing else to judge.
    private func standardNetwork(_ connection: Connection, isRequired: Bool) async throws -> NetworkName? {
        let addresses = objects.flatMap(\.unqualifiedAddresses)
        do {
            return try await connection.network(for: addresses).name
        } catch let failure as Failure where !isRequired && (failure.status == .usage || failure.status == .notFound) {
            Terminal.note(
                "only the networks that annotations name were judged: \(failure.message)"
                    + (failure.hint.map { "\nhint: \($0)" } ?? ""))
            return nil
        }
    }
}
