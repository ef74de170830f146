import ArgumentParser
import IPAMKit

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Stop a network from giving out addresses, until 'ipamctl unhold'.",
        discussion: CommandHelp(
            """
            New pods are refused with error code 104 and the reason; their container runtime keeps trying. Running pods \
            keep their addresses, and pods that end still return theirs.
            """,
            examples: [
                .init(
                    "Stop giving out addresses", "ipamctl hold k8snetwork --reason \"moving to 10.189/16\""),
                .init("Lift the hold", "ipamctl unhold k8snetwork"),
            ]
        ).discussion)

    @Option(
        help: ArgumentHelp(
            "The reason for the hold, which the error message of refused pods contains.", valueName: "text"),
        transform: StoredText.reason(argument:))
    var reason: String

    @OptionGroup var subject: NetworkArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try subject.validate(global)
        try output.check(NetworkChange.self)
    }

    func run() throws {
        let hold = NetworkSettings.Hold(by: Operator.name, reason: reason, since: Operator.now().description)
        let run = SettingsRun(change: change, wanted: .hold(hold))
        try output.print(try connected(subject.applied(to: global)) { try await run.result($0) })
    }
}

struct UnholdCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unhold", abstract: "Lift a network's hold, so that pods get addresses again.",
        discussion: CommandHelp(
            """
            'ipamctl networks -o wide' shows which networks are on hold. Unhold prints who put the network on hold, when, \
            and why. If the network is not on hold, nothing is changed, and the exit status is 0.
            """,
            examples: [.init("Lift the hold of a network", "ipamctl unhold k8snetwork")]
        ).discussion)

    @OptionGroup var subject: NetworkArgument
    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try subject.validate(global)
        try output.check(NetworkChange.self)
    }

    func run() throws {
        let run = SettingsRun(change: change, wanted: .unhold)
        try output.print(try connected(subject.applied(to: global)) { try await run.result($0) })
    }
}
