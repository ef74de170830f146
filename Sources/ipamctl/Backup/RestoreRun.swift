import IPAMKit

/// Restores one network from a backup: compares, shows, asks, and carries out.
struct RestoreRun: Sendable {
    /// What is done with what is newer in the store.
    enum Newer: Sendable {
        case refuse, keep, overwrite
    }

    let path: BackupPath
    let newer: Newer
    let change: ChangeOptions

    func result(_ connection: Connection) async throws -> RestoreResult {
        let file = try OpenBackup(path)
        let network = try network(of: file.header, connection.requested)
        Progress.describe("comparing the backup with network \(network) in etcd ...")
        let pool = connection.pool(network)
        var plan = try await pool.planRestore(of: file.header) { try file.next() }
        if newer == .keep { plan = plan.keepingNewer }
        var result = RestoreResult(plan, isDryRun: change.dryRun)
        if newer == .refuse, !plan.newer.isEmpty {
            let refusal = refusal(plan)
            guard change.dryRun else { throw refusal }
            result.failure = refusal
        }
        guard !change.dryRun, !plan.isEmpty else { return result }
        var tried = 0
        let total = plan.units.count
        let made = await change.carryOut(
            asking: "Restore network \(network) and put it on hold?", showing: result.preview,
            { _ in
                try await pool.carryOut(plan, hold: hold(plan)) { count in
                    tried = count
                    Terminal.progress("\(count) of \(total) groups of keys")
                }
            })
        if let error = made.error {
            let failure = Failure(any: error)
            if failure.isDeclined { throw failure }
            if case IPAMError.outdated = error { throw failure }
            throw Failure(
                stoppedBy: error, done: "\(tried) of \(total) groups of keys",
                rest: ["the others; network \(network) may be on hold"])
        }
        result.isMade(except: made.steps)
        return result
    }

    /// The network to restore.
    private func network(of header: BackupHeader, _ requested: NetworkName?) throws(Failure) -> NetworkName {
        let list = header.networks.map(\.text).joined(separator: ", ")
        if let requested {
            guard header.networks.contains(requested) else {
                throw Failure(
                    .notFound, "\(path.name) does not have network \(requested); it has \(list)",
                    hint: "choose one of them with --network, or name another file")
            }
            return requested
        }
        guard header.networks.count == 1 else {
            throw Failure(.usage, "\(path.name) has several networks: \(list)", hint: "choose one with --network")
        }
        return header.networks[0]
    }

    private func hold(_ plan: RestorePlan) -> NetworkSettings.Hold {
        NetworkSettings.Hold(
            by: Operator.name,
            reason:
                "restored from the backup of \(plan.header.time) (revision \(plan.header.revision)); audit it first",
            since: Operator.now().description)
    }

    private func refusal(_ plan: RestorePlan) -> Failure {
        let newer = plan.newer
        let some = newer.prefix(3).map { RestoreResult.name($0) }.joined(separator: ", ")
        let reason =
            switch plan.lineage {
            case .same: "changed after the backup"
            case .rolledBack, .other: "may be newer than the backup"
            }
        return Failure(
            .conflict,
            "\(newer.count.counted("key")) of network \(plan.network) \(reason): \(some)"
                + (newer.count > 3 ? " and \(newer.count - 3) more" : ""),
            hint: "--dry-run shows them; --keep-newer restores only what is missing, --force overwrites them")
    }
}
