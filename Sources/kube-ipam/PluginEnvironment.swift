import IPAMKit

/// The parameters that a runtime passes in the environment (CNI spec section 2, "Parameters").
struct PluginEnvironment: Sendable {
    /// The value of a variable; nil if it is not set.
    private let variable: @Sendable (String) -> String?
    /// CNI_ARGS; without any argument if it is malformed.
    private let wellFormed: CNIArguments
    /// Why CNI_ARGS cannot be used; nil if it can be.
    ///
    /// Two properties and not one `Result`: to build that generic type at run time is one in a hundred of an ADD's instructions.
    let argumentsProblem: ConfigurationError?

    init(variable: @escaping @Sendable (String) -> String?) {
        self.variable = variable
        do throws(ConfigurationError) {
            wellFormed = try CNIArguments(variable("CNI_ARGS") ?? "")
            argumentsProblem = nil
        } catch {
            wellFormed = CNIArguments()
            argumentsProblem = error
        }
    }

    /// The pod; nil for a container that is not a pod, and if CNI_ARGS is malformed.
    var pod: PodReference? { wellFormed.pod }
    /// The name of a container that is not a pod.
    var container: ContainerName? { wellFormed.container }
    /// The name of the pod or container, for the log; empty if there is none.
    var podName: String { pod?.description ?? container?.description ?? "" }
    /// Nil for a container that is not a pod, also if the runtime passes a UID.
    var podUID: String? { container == nil ? wellFormed.podUID : nil }

    /// CNI_ARGS.
    ///
    /// - Throws: ``argumentsProblem``.
    func arguments() throws(ConfigurationError) -> CNIArguments {
        if let argumentsProblem { throw argumentsProblem }
        return wellFormed
    }

    /// CNI_COMMAND, unchecked; empty if it is not set.
    var commandName: String { variable("CNI_COMMAND") ?? "" }
    /// CNI_CONTAINERID, unchecked, for the log; empty if it is not set.
    var containerID: String { variable("CNI_CONTAINERID") ?? "" }
    /// CNI_IFNAME, unchecked, for the log; empty if it is not set.
    var interface: String { variable("CNI_IFNAME") ?? "" }

    /// - Throws: a report with code 4 if CNI_COMMAND is not a command.
    func command() throws(CNIErrorReport) -> CNICommand {
        guard let command = CNICommand(rawValue: commandName) else {
            let known = CNICommand.allCases.map(\.rawValue).joined(separator: ", ")
            throw Self.invalid(
                "CNI_COMMAND is \(JSONValue.string(commandName).serialized()); it must be one of \(known)")
        }
        return command
    }

    /// The container and its interface, from CNI_CONTAINERID and CNI_IFNAME.
    ///
    /// - Throws: a report with code 4 if one of them is missing or not valid.
    func attachment() throws(CNIErrorReport) -> AttachmentReference {
        let container = try required("CNI_CONTAINERID")
        let ifname = try required("CNI_IFNAME")
        do throws(NameError) {
            return AttachmentReference(containerID: try ContainerID(container), ifname: try InterfaceName(ifname))
        } catch {
            throw Self.invalid("\(error.kind == .interface ? "CNI_IFNAME" : "CNI_CONTAINERID"): \(error)")
        }
    }

    /// CNI_NETNS, the path of the container's network namespace.
    ///
    /// - Throws: a report with code 4 if it is missing.
    func namespacePath() throws(CNIErrorReport) -> String {
        try required("CNI_NETNS")
    }

    private func required(_ name: String) throws(CNIErrorReport) -> String {
        guard let value = variable(name), !value.isEmpty else {
            throw Self.invalid("\(name) is missing from the environment; \(commandName) needs it")
        }
        guard !value.unicodeScalars.contains("\u{FFFD}") else { throw Self.invalid("\(name) is not UTF-8") }
        return value
    }

    private static func invalid(_ message: String) -> CNIErrorReport {
        CNIErrorReport(.invalidEnvironmentVariables, message)
    }
}
