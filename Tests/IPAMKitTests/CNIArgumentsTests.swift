import IPAMKit
import Testing

@Suite struct CNIArgumentsTests {
    @Test func argumentsOfTheKubeletAreRead() throws {
        let arguments = try CNIArguments(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0;K8S_POD_INFRA_CONTAINER_ID=c1;"
                + "K8S_POD_UID=b5f1b3f4-0000-4000-8000-000000000000;SOMETHING=a=b")
        #expect(arguments.pod?.description == "default/db-0")
        #expect(arguments.podUID == "b5f1b3f4-0000-4000-8000-000000000000")
    }

    @Test func emptyPartsCountAsAbsent() throws {
        #expect(try CNIArguments("") == CNIArguments())
        #expect(try CNIArguments(";K8S_POD_NAME=;;IP=;") == CNIArguments())
        #expect(try CNIArguments("K8S_POD_NAMESPACE=a").pod == nil)
    }

    @Test func aNameWithoutANamespaceIsAContainers() throws {
        let arguments = try CNIArguments("IgnoreUnknown=1;K8S_POD_NAME=db-0;IP=10.0.0.1")
        #expect(arguments.pod == nil && arguments.container?.description == "db-0")
        #expect(arguments.container?.namespace == nil)
    }

    /// Whatever Kubernetes can have is a pod: one that was mistaken for none would get an address that its annotations do
    /// not ask for.
    @Test(arguments: [
        ("default", "web_1", false), ("default", "Web", false), ("Default", "web", false), ("a.b", "web", false),
        (String(repeating: "a", count: 64), "web", false), ("default", "web..1", false), ("default", "web.-1", false),
        ("default", "-web", false), ("default", "web-", false), ("default", "wéb", false), ("default", ".web", false),
        ("default", "web", true), ("0", "0", true), ("default", "a.b-c.d", true),
        (String(repeating: "a", count: 63), String(repeating: "b", count: 253), true),
    ])
    func namesThatKubernetesCannotHaveAreAContainers(namespace: String, name: String, isPod: Bool) throws {
        let arguments = try CNIArguments("K8S_POD_NAMESPACE=\(namespace);K8S_POD_NAME=\(name)")
        #expect(arguments.pod?.description == (isPod ? "\(namespace)/\(name)" : nil))
        #expect(arguments.container?.description == (isPod ? nil : "\(namespace)/\(name)"))
    }

    @Test func addressesMayBeAList() throws {
        #expect(try CNIArguments("IP=10.0.0.1").requestedAddresses == [IPAddress("10.0.0.1")])
        #expect(
            try CNIArguments("IP=10.0.0.1/24,fd00::1").requestedAddresses.map(\.description) == ["10.0.0.1", "fd00::1"])
    }

    @Test(arguments: [
        "IP", "=x", "K8S_POD_NAME", "IP=10.0.0.300", "IP=10.0.0.1,", "IP=10.0.0.1/33", "K8S_POD_NAMESPACE=a/b",
        "K8S_POD_NAME=a b", "K8S_POD_UID=../x",
    ])
    func malformedArgumentsAreOfCodeFour(text: String) {
        #expect {
            try CNIArguments(text)
        } throws: { error in
            (error as? ConfigurationError)?.cniCode == 4
        }
    }

    @Test func refusalNamesThePair() {
        #expect(
            throws: ConfigurationError.arguments(found: "\"FOO\"", problem: "is not a pair of the form KEY=value")
        ) { try CNIArguments("IP=10.0.0.1;FOO") }
    }
}
