import ArgumentParser
import IPAMKit

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Give out no address of a network for a while.",
        discussion: """
            Pods that start are refused with code 104 and the reason; their runtime tries again by itself. Pods that run \
            keep their addresses, and those that end give them back.

              ipamctl hold k8snetwork --reason "moving to 10.189/16"
              ipamctl unhold k8snetwork
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var subject: NetworkArgument

    @Option(help: "Why: pods that are refused say it.")
    var reason: String

    func validate() throws {
        try subject.validate(global)
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason is empty: say why") }
        let longest = NetworkSettings.Hold.longestReason
        if reason.utf8.count > longest {
            throw ValidationError("--reason has \(reason.utf8.count) bytes; at most \(longest) are allowed")
        }
        if reason.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            throw ValidationError("--reason has a line break or another control character: write one line")
        }
    }

    func run() throws {
        let command = self
        let wanted = NetworkSettings.Hold(
            by: Operator.name, reason: reason, since: Operator.now().description)
        let result = try connected(subject.applied(to: global)) { connection in
            let network = try await connection.network(for: [])
            let fixed = network.rangeSets.flatMap { $0.ranges.compactMap(\.fixed) }
            let planned = try await connection.pool(network.name).plan(.hold(wanted), fixed: fixed)
            return (
                network.name,
                try await command.change.carryOut(
                    planned, of: connection.pool(network.name),
                    asking: "Hold network \(network.name), so that no pod gets an address of it?")
            )
        }
        Terminal.print(output.output.render(NetworkChange(result.0, result.1, isDryRun: change.dryRun)))
    }
}

struct UnholdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unhold", abstract: "Lift a network's hold: pods get addresses again.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var subject: NetworkArgument

    func validate() throws { try subject.validate(global) }

    func run() throws {
        let command = self
        let result = try connected(subject.applied(to: global)) { connection in
            let network = try await connection.network(for: []).name
            let planned = try await connection.pool(network).plan(.unhold)
            return (
                network,
                try await command.change.carryOut(
                    planned, of: connection.pool(network),
                    asking: "Lift the hold of network \(network)\(planned.hold?.phrase ?? "")?")
            )
        }
        Terminal.print(output.output.render(NetworkChange(result.0, result.1, isDryRun: change.dryRun)))
    }
}

/// The network that a command is about, as its argument or by --network.
struct NetworkArgument: ParsableArguments {
    @Argument(help: "The network; by default the only one there is.")
    var network: String?

    /// - Throws: `ValidationError` where --network names another one.
    func validate(_ global: GlobalOptions) throws {
        if let network, let other = global.network, network != other {
            throw ValidationError("the argument names network \(network), and --network \(other)")
        }
    }

    func applied(to global: GlobalOptions) -> GlobalOptions {
        var global = global
        global.network = network ?? global.network
        return global
    }
}

extension NetworkSettings.Hold {
    /// Behind what is held: ` by root@admin1 since 2026-11-23T02:00:00Z: moving`.
    fileprivate var phrase: String {
        (by.map { " by \($0)" } ?? "") + (since.map { " since \($0)" } ?? "") + (reason.map { ": \($0)" } ?? "")
    }
}

extension ChangeOptions {
    /// Asks for a change of a network's settings that is needed, and makes it.
    ///
    /// - Returns: the plan if its change was made, or would be; else what the network is like already.
    fileprivate func carryOut(_ plan: SettingsPlan, of pool: AddressPool, asking question: String) async throws
        -> SettingsPlan
    {
        guard plan.isNeeded, !dryRun else { return plan }
        try Terminal.confirm(question, assumeYes: yes)
        return try await pool.carryOut(plan) ? plan : try await pool.plan(plan.change)
    }
}

extension NetworkChange {
    fileprivate init(_ network: NetworkName, _ plan: SettingsPlan, isDryRun: Bool) {
        var hold = plan.hold
        let (action, sentence): (String, String)
        switch plan.change {
        case .hold(let wanted) where plan.isNeeded:
            hold = wanted
            (action, sentence) = ("held", "on hold: \(wanted.reason ?? "")")
        case .unhold where plan.isNeeded:
            (action, sentence) = ("lifted", "no longer on hold (was\(hold?.phrase ?? ""))")
        case .hold, .unhold, .endGoNodes:
            (action, sentence) = ("unchanged", hold.map { "is on hold already\($0.phrase)" } ?? "is not on hold")
        }
        self.init(network: network, action: action, sentence: sentence, hold: hold, isDryRun: isDryRun)
    }
}
