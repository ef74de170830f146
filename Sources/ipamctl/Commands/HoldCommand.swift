import ArgumentParser
import IPAMKit

struct HoldCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold", abstract: "Stop a network from giving out addresses, until 'ipamctl unhold'.",
        discussion: """
            New pods are refused with error code 104 and the reason; their container runtime keeps trying. Running pods \
            keep their addresses, and pods that end still return theirs.

              ipamctl hold k8snetwork --reason "moving to 10.189/16"
              ipamctl unhold k8snetwork
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var subject: NetworkArgument

    @Option(
        help: "The reason for the hold, which the error message of refused pods contains.",
        transform: StoredText.reason(argument:))
    var reason: String

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
        commandName: "unhold", abstract: "Lift a network's hold, so that pods get addresses again.")

    @OptionGroup var global: GlobalOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var change: ChangeOptions
    @OptionGroup var subject: NetworkArgument

    func validate() throws {
        try subject.validate(global)
        try output.check(NetworkChange.self)
    }

    func run() throws {
        let run = SettingsRun(change: change, wanted: .unhold)
        try output.print(try connected(subject.applied(to: global)) { try await run.result($0) })
    }
}
