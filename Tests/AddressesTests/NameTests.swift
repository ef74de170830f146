import Addresses
import Testing

@Suite struct NameTests {
    @Test(arguments: ["k8snetwork", "k8s.v2", "k8s-net", "0", "A_b"])
    func networkNamesOfThePatternAreTaken(text: String) throws {
        #expect(try NetworkName(text).description == text)
        #expect(try ContainerID(text).text == text)
    }

    @Test(arguments: ["", "-a", ".a", "_a", "a/b", "a b", "a\n", "a\0", "é", "../x", "a/../b"])
    func networkNamesOutsideThePatternAreRefused(text: String) {
        #expect(throws: NameError(kind: .network, text: text)) { try NetworkName(text) }
        #expect(throws: NameError(kind: .containerID, text: text)) { try ContainerID(text) }
    }

    @Test(arguments: [
        "", ".", "..", "a/b", "a:b", "a b", "eth0\t", "0123456789abcdef", "\u{7F}", "a\u{A0}b", "\u{2003}",
    ])
    func interfaceNamesThatLinuxRefusesAreRefused(text: String) {
        #expect(throws: NameError(kind: .interface, text: text)) { try InterfaceName(text) }
    }

    @Test func interfaceNamesOfFifteenBytesAreTaken() throws {
        #expect(try InterfaceName("0123456789abcde").text == "0123456789abcde")
        #expect(try InterfaceName("net1").text == "net1")
    }

    @Test(arguments: ["", "a/b", "a\u{1}", "a b", String(repeating: "a", count: 254)])
    func podNamesThatWouldForgeAKeyAreRefused(text: String) {
        #expect(throws: NameError(kind: .pod, text: text)) { try PodName(text) }
        #expect(throws: NameError(kind: .namespace, text: text)) { try Namespace(text) }
    }

    /// apimachinery's NameIsDNSSubdomain: 253 bytes in all, and no limit for what is between the dots.
    @Test func podIsPrintedWithItsNamespace() throws {
        let pod = try PodReference(namespace: Namespace("default"), name: PodName("db-0"))
        #expect(pod.description == "default/db-0")
    }

    @Test func refusalNamesTheRule() {
        let error = NameError(kind: .interface, text: "a/b")
        #expect(error.description.hasPrefix("\"a/b\" is not a valid interface name: it must have 1 to 15 bytes"))
    }
}
