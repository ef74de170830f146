import IPAMKit

/// Writes the backup of the requested network, or of all networks.
struct BackupRun: Sendable {
    let path: BackupPath

    func result(_ connection: Connection) async throws -> BackupResult {
        let plan = try await NetworkBackup.plan(
            connection.networks(), in: connection.store, timeout: connection.timeout, at: Operator.now())
        guard let plan else {
            throw Failure(
                .notFound, "the store has no \(connection.requested.map { "network \($0)" } ?? "network")",
                hint: "see 'ipamctl networks'")
        }
        let file = try path.created()
        let total = plan.header.count
        defer {
            file.discard()
            Terminal.progress("")
        }
        do {
            try await plan.write(
                progress: { Terminal.progress("\($0) of \(total) keys") }, to: { try file.write($0) })
            try file.finish()
        } catch {
            let failure = Failure(any: error)
            throw Failure(failure.status, failure.message, hint: failure.hint ?? BackupPath.writeHint)
        }
        return BackupResult(header: plan.header, networks: plan.networks, path: path.text)
    }
}
