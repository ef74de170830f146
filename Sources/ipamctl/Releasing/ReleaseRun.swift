import IPAMKit

/// A release: planned, asked for, carried out.
struct ReleaseRun: Sendable {
    let change: ChangeOptions
    let force: Bool
    let selection: ReleaseSelection

    func result(_ connection: Connection) async throws -> ChangeList {
        let network = try await connection.network(for: selection.ranges.map(\.start)).name
        let pool = connection.pool(network)
        let plan = try await selection.plan(in: pool, force: force)
        let planned = ChangeList(
            network: network, changes: plan.changes.map(ChangeList.Change.init), isDryRun: change.dryRun)
        if change.dryRun { return planned }
        let tried = await change.carryOut(
            asking: question(plan, network), showing: planned.changes.map { "\($0.address) to be \($0.text)" },
            progress: { "\($0) of \(plan.addresses.count) released " }
        ) { report in
            let changes = try await pool.carryOut(
                plan, ending: Ending(.freed, at: Operator.now(), by: Operator.name),
                progress: { report([Step(address: $0, isDone: $1)]) })
            return changes.map { Step(address: $0.address, isDone: !$0.changedMeanwhile) }
        }
        return try result(of: plan, tried, network)
    }

    private struct Step {
        let address: IPAddress
        /// False if the address had changed, and was left alone.
        let isDone: Bool
    }

    private func result(of plan: ReleasePlan, _ tried: CarriedOut<Step>, _ network: NetworkName) throws -> ChangeList {
        let done = Set(tried.steps.filter(\.isDone).map(\.address))
        let through = tried.error == nil ? plan.addresses.count : tried.steps.count
        let changes = plan.changes(through: through, done.contains)
        let skipped = changes.count(where: \.changedMeanwhile)
        let failure = try tried.failure(
            done: done.isEmpty ? nil : done.count.counted("address"),
            rest: [(plan.addresses.count - through).counted("address")])
        let conflict = Failure(
            .conflict, "\(skipped) of \(changes.count.counted("address")) had changed and were left alone",
            hint: "see 'ipamctl list', and run the command again if these addresses are still to be released")
        return ChangeList(
            network: network, changes: changes.map(ChangeList.Change.init), isDryRun: false,
            failure: failure ?? (skipped > 0 ? conflict : nil))
    }

    private func question(_ plan: ReleasePlan, _ network: NetworkName) -> String {
        let what = plan.addresses.count == 1 ? plan.addresses[0].description : "\(plan.addresses.count) addresses"
        let used = plan.tenancies
        let use =
            used.isEmpty ? "" : used.count == 1 ? ", in use by \(used[0].phrase)" : ", \(used.count) of them in use"
        return "Release \(what) of network \(network)\(use)?"
    }
}

extension ChangeList.Change {
    fileprivate init(_ change: ReleaseChange) {
        let dropped = change.dropped.map { "no longer reserved for \($0.holder.phrase)" }
        let freed = change.freed.map { "freed (was used by \($0.phrase))" }
        let still = change.stillUsed.map { "still used by \($0.phrase)" }
        self.init(
            address: change.address,
            action: change.changedMeanwhile ? "skipped" : change.freed == nil ? "released" : "freed",
            text: change.changedMeanwhile
                ? "has changed and was left alone" : [dropped, freed, still].compactMap(\.self).joined(separator: ", "))
    }
}
