import Testing

@testable import IPAMKit

/// What is told of a pod's interfaces by its status, by Multus, and by what is recorded.
@Suite struct PodInterfaceTests {
    private static let status = "k8s.v1.cni.cncf.io/network-status"
    private static let old = "k8s.v1.cni.cncf.io/networks-status"
    private static let networks = "k8s.v1.cni.cncf.io/networks"

    private func pod(_ annotations: [String: String], _ addresses: String...) -> Pod {
        var pod = Pod.member("default/db-0", uid: "u1", annotations)
        pod.addresses = addresses.map(address)
        return pod
    }

    private static let first = #"{"name":"cbr0","interface":"eth0","ips":["192.0.2.7"],"default":true}"#

    @Test(arguments: [
        (#"[{"ips":["10.80.0.5","fd80::5"]},{"ips":["10.80.0.6/16"]}]"#, ["10.80.0.5", "fd80::5", "10.80.0.6"]),
        (#"[{"ips":"10.80.0.5"},{"ips":[null,"x",{}]},7,{"ips":["10.80.0.7"]}]"#, ["10.80.0.7"]),
        ("{", []), (#"{"ips":["10.80.0.5"]}"#, []), ("", []),
    ])
    func addressesAreReadInBothSpellings(text: String, expected: [String]) {
        for key in [Self.status, Self.old] {
            #expect(pod([key: text]).networkStatusAddresses.map(\.description) == expected, "\(key)")
        }
    }

    @Test(
        arguments: [
            ([:], false), ([networks: ""], false), ([networks: "storage"], true),
            ([networks: "storage", status: "[\(first)]"], true),
            ([networks: "storage", status: #"[\#(first),{"interface":"net1","ips":["10.80.0.5"]}]"#], false),
            ([networks: "storage", old: #"[\#(first),{"interface":"net1","ips":["10.80.0.5"]}]"#], false),
            (
                [networks: "storage, backup@net7", status: #"[\#(first),{"interface":"net1","ips":["10.80.0.5"]}]"#],
                true
            ),
            (
                [networks: #" [{"name":"a"},{"name":"b"}]"#, status: #"[{"interface":"net1","ips":["10.80.0.5"]}]"#],
                true
            ),
            ([networks: "storage", status: #"[\#(first),{"interface":"net1","ips":[]}]"#], true),
            ([networks: "storage", status: #"[\#(first),{"interface":"net1"}]"#], true),
            ([networks: "storage", status: "}{"], true), ([status: "}{"], false),
            ([status: #"[{"name":"cbr0","default":true}]"#], false),
        ] as [([String: String], Bool)])
    func interfaceIsSilentWhereNothingTellsItsAddress(annotations: [String: String], isSilent: Bool) {
        let pod = pod(annotations, "192.0.2.7")
        #expect(pod.hasSilentInterface(beside: []) == isSilent)
        // What is recorded here needs not be told.
        #expect(!pod.hasSilentInterface(beside: ["eth0", "net1", "net2", "net7"]))
        var ended = pod
        ended.isTerminal = true
        #expect(!ended.hasSilentInterface(beside: []))
    }

    /// It is starting, or its kubelet cannot report.
    @Test func podOnANodeThatReportsNoAddressAtAllIsSilent() {
        var pod = pod([:])
        #expect(pod.hasSilentInterface(beside: []))
        #expect(!pod.hasSilentInterface(beside: ["eth0"]))
        pod.node = nil
        #expect(!pod.hasSilentInterface(beside: []), "it is on no node yet")
        pod.node = "n1"
        pod.usesHostNetwork = true
        #expect(!pod.hasSilentInterface(beside: []))
    }
}
