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

    /// Half a pod would be given an address that its annotations do not ask for.
    @Test func aPodWithoutItsNamespaceIsAnError() throws {
        let error = #expect(throws: ConfigurationError.self) { try CNIArguments("K8S_POD_NAME=a") }
        #expect(
            error?.description == "CNI_ARGS: \"K8S_POD_NAME=a\" needs K8S_POD_NAMESPACE beside it"
                && error?.code == .invalidEnvironmentVariables)
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
