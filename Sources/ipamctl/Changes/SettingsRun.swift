import IPAMKit

/// A change of a network's settings: planned, asked for, made.
struct SettingsRun: Sendable {
    let change: ChangeOptions
    let wanted: SettingsChange

    func result(_ connection: Connection) async throws -> NetworkChange {
        let network = try await connection.network(for: [])
        let pool = connection.pool(network.name)
        let plan = try await pool.plan(wanted, rangeSets: network.rangeSets)
        guard plan.isNeeded, !change.dryRun else {
            return NetworkChange(network.name, plan, isMade: plan.isNeeded, isDryRun: change.dryRun)
        }
        let made = await change.carryOut(asking: question(plan, network.name)) { _ in [try await pool.carryOut(plan)] }
        switch made.error {
        case nil where made.steps == [true]:
            return NetworkChange(network.name, plan, isMade: true, isDryRun: false)
        case nil:
            // Somebody else was faster with the same change.
            let now = try await pool.plan(wanted, rangeSets: network.rangeSets)
            return NetworkChange(network.name, now, isMade: false, isDryRun: false)
        case IPAMError.outdated? where !change.asks:
            // Nobody has seen the plan.
            let now = try await pool.plan(wanted, rangeSets: network.rangeSets)
            let isMade = try await pool.carryOut(now)
            return NetworkChange(network.name, now, isMade: isMade, isDryRun: false)
        case let error?: throw error
        }
    }

    private func question(_ plan: SettingsPlan, _ network: NetworkName) -> String {
        switch wanted {
        case .hold: "Hold network \(network), so that no pod gets an address of it?"
        case .unhold: "Lift the hold of network \(network)\(plan.hold?.phrase ?? "")?"
        case .endGoNodes: "Record that network \(network) has no Go nodes?"
        }
    }
}

extension NetworkSettings.Hold {
    /// What follows the network that is held: ` by root@admin1 since 2026-11-23T02:00:00Z: moving`.
    fileprivate var phrase: String {
        (by.map { " by \($0)" } ?? "") + (since.map { " since \($0)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}

extension NetworkChange {
    fileprivate init(_ network: NetworkName, _ plan: SettingsPlan, isMade: Bool, isDryRun: Bool) {
        var hold = plan.hold
        let (action, text): (String, String)
        switch plan.change {
        case .hold(let wanted) where isMade:
            hold = wanted
            (action, text) = ("held", "on hold: \(wanted.reason ?? "")")
        case .unhold where isMade:
            (action, text) = ("lifted", "no longer on hold (was\(hold?.phrase ?? ""))")
        case .hold, .unhold, .endGoNodes:
            (action, text) = ("unchanged", hold.map { "is on hold already\($0.phrase)" } ?? "is not on hold")
        }
        self.init(network: network, action: action, text: text, hold: hold, isDryRun: isDryRun)
    }
}
