import Foundation
import IPAMKit
import TestSupport
import Testing

/// What no runtime should pass, and what people put into configurations: the right code, one clear sentence, and nothing
/// written.
struct BadInputTests {
    /// Standard input that is no configuration, and what is said of it.
    struct Input: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let failure: PluginFailure
    }

    @Test(arguments: [
        Input(
            testDescription: "a JSON array", text: "[]",
            failure: PluginFailure(6, "the network configuration must be a JSON object, not an array")),
        Input(
            testDescription: "more than 1 MiB", text: "{}" + String(repeating: " ", count: 3 << 20),
            failure: PluginFailure(
                6, "the network configuration is longer than 1048576 bytes, the most that is allowed")),
        Input(
            testDescription: "a NUL byte", text: "{\"name\":\"a\"\0}",
            failure: PluginFailure(
                6, "the network configuration is not valid JSON: line 1, column 12: a NUL byte is not allowed")),
        Input(
            testDescription: "nothing", text: "",
            failure: PluginFailure(6, "the network configuration is empty")),
        Input(
            testDescription: "white space", text: " \n",
            failure: PluginFailure(6, "the network configuration is empty")),
    ])
    func inputThatIsNoConfigurationIsCode6(input: Input) async throws {
        let environment = [
            "CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_NETNS": PluginNetwork.nowhere,
        ]
        #expect(try await PluginProcess(environment: environment, stdin: input.text).answer().failure == input.failure)
    }

    @Test func inputThatCannotBeReadIsCode5() async throws {
        // Standard input is a directory.
        let output = try await runProcess(
            "sh", ["-c", "exec \"$0\" </", BuildProducts.product("kube-ipam").path],
            environment: ["CNI_COMMAND": "ADD"])
        #expect(
            PluginAnswer(output).failure == PluginFailure(5, "standard input cannot be read: Is a directory"))
    }

    private static let identifierRule =
        "it must start with a letter or digit, then have letters, digits, \"_\", \".\" and \"-\" only"

    @Test(.needs(.etcd), arguments: ["a/b", "..", ".hidden", "-rf", "a b", "a\nb", "é"], ["ADD", "DEL", "CHECK"])
    func badContainerIDIsCode4(text: String, command: String) async throws {
        let network = try await PluginNetwork()
        #expect(
            try await network.call(command, text).failure
                == PluginFailure(
                    4,
                    "CNI_CONTAINERID: \(JSONValue.string(text).serialized()) is not a valid container ID: "
                        + Self.identifierRule))
        #expect(try await network.contents().isEmpty)
    }

    @Test(.needs(.etcd), arguments: ["sixteen-letters-", "a/b", ".", "..", "a b", "a:1"])
    func badInterfaceNameIsCode4(text: String) async throws {
        let network = try await PluginNetwork()
        #expect(
            try await network.add("c1", ifname: text).failure
                == PluginFailure(
                    4,
                    "CNI_IFNAME: \"\(text)\" is not a valid interface name: it must have 1 to 15 bytes, not be \".\" "
                        + "or \"..\", and have no \"/\", \":\" or white space"))
        #expect(try await network.contents().isEmpty)
    }

    @Test(.needs(.etcd), arguments: ["", nil])
    func missingVariablesAreNamed(value: String?) async throws {
        let network = try await PluginNetwork()
        func refusal(_ name: String) -> PluginFailure {
            PluginFailure(4, "\(name) is missing from the environment; ADD needs it")
        }
        #expect(try await network.call("ADD", value).failure == refusal("CNI_CONTAINERID"))
        #expect(try await network.call("ADD", "c1", ifname: value).failure == refusal("CNI_IFNAME"))
        #expect(try await network.call("ADD", "c1", netns: value).failure == refusal("CNI_NETNS"))
        #expect(try await network.contents().isEmpty)
    }

    @Test(.needs(.etcd), arguments: ["add", "Add", "REMOVE", " ADD", "ADD\n"])
    func unknownCommandIsCode4NamingThoseKnown(command: String) async throws {
        let network = try await PluginNetwork()
        #expect(
            try await network.call(command, "c1").failure
                == PluginFailure(
                    4,
                    "CNI_COMMAND is \(JSONValue.string(command).serialized()); it must be one of ADD, DEL, CHECK, GC, "
                        + "STATUS, VERSION"))
        #expect(try await network.contents().isEmpty)
    }

    @Test(
        .needs(.etcd),
        arguments: [
            ("K8S_POD_NAMESPACE=../../x;K8S_POD_NAME=a", "\"K8S_POD_NAMESPACE=../../x\" is not a valid namespace"),
            ("K8S_POD_NAMESPACE=a;K8S_POD_NAME=b/c", "\"K8S_POD_NAME=b/c\" is not a valid pod name"),
            ("IP=10.188.0.300", "\"IP=10.188.0.300\" "),
            ("nonsense", "\"nonsense\" is not a pair of the form KEY=value"),
        ])
    func badArgumentsAreCode4(arguments: String, problem: String) async throws {
        let network = try await PluginNetwork()
        let answer = try await network.add("c1", arguments: arguments)
        #expect(answer.failure?.code == 4, "\(answer)")
        #expect(answer.failure?.message.hasPrefix("CNI_ARGS: \(problem)") == true, "\(answer)")
        #expect(try await network.contents().isEmpty)
    }

    @Test(
        .needs(.etcd),
        arguments: [
            (
                ["subnet": "10.188.0.0/31"],
                "ipam.subnet: \"10.188.0.0/31\" is too small for a pool: it must have at least four addresses, /30 or shorter"
            ),
            (
                ["ranges": [[["subnet": "10.188.0.0/24"]], [["subnet": "10.188.0.128/25"]]]],
                "ipam.ranges[1]: \"10.188.0.130-10.188.0.254\" overlaps 10.188.0.2-10.188.0.254 of ipam.ranges[0]"
            ),
            (
                ["ranges": [[["subnet": "10.188.0.0/24"], ["subnet": "fd00::/64"]]]],
                "ipam.ranges[0][1].subnet: \"fd00::/64\" is IPv6, but the first range of its set is IPv4: give each family "
                    + "a range set of its own"
            ),
            (
                ["subnet": "10.188.0.0/24", "rangeStart": "10.188.0.010"],
                "ipam.rangeStart: \"10.188.0.010\" has leading zeros, which some programs read as octal: write the octets "
                    + "without them"
            ),
        ] as [(JSONObject, String)])
    func badRangesAreCode7(ipam: JSONObject, sentence: String) async throws {
        let network = try await PluginNetwork(ipam)
        #expect(try await network.add("c1").failure == PluginFailure(7, sentence))
        #expect(try await network.contents().isEmpty)
    }

    @Test(.needs(.etcd), arguments: ["a/b", "a b", "../x", ""])
    func badNetworkNameIsCode7(name: String) async throws {
        var network = try await PluginNetwork(in: EtcdServer.start())
        network.configuration["name"] = .string(name)
        let sentence =
            name.isEmpty
            ? "name is missing: the name of the network is required"
            : "name: \"\(name)\" is not a valid network name: \(Self.identifierRule)"
        #expect(try await network.add("c1").failure == PluginFailure(7, sentence))
        #expect(try await network.etcd.contents().isEmpty)
    }
}
