import Machine
import Testing

@testable import IPAMKit

/// What DEL and GC read of a configuration, and of the node's own files.
@Suite struct FreeingConfigurationTests {
    private static let store = #""etcdConfig":{"etcdURL":"http://127.0.0.1:2379"}"#

    private func folder(_ files: [String: String] = [:]) -> ConfigurationFolder {
        ConfigurationFolder(path: "/folder", names: { _ in Array(files.keys) }) { path throws(FileError) in
            guard let text = files[String(path.dropFirst("/folder/".count))] else {
                throw FileError(.read, path, reason: "it is not a file")
            }
            return text
        }
    }

    private func read(
        _ text: String, by command: CNICommand = .del, _ folder: () -> ConfigurationFolder
    ) throws -> NetworkConfiguration {
        try NetworkConfiguration(freeing: Array(text.utf8), by: command, nodeFiles: folder)
    }

    @Test func whatCannotBeUsedIsAbsentAndTold() throws {
        let text = #"""
            {"name":"net","ipam":{\#(Self.store),"logFile":5,"logLevel":"loud","timeout":"20","nodeName":["x"],
            "historyDepth":-1,"annotations":"None","subnet":7,"exclude":["x"]},"prevResult":[],"cni.dev/attachments":5}
            """#
        var asked = false
        let configuration = try read(text) {
            asked = true
            return folder()
        }
        #expect(!asked, "the node's files are not needed")
        #expect(configuration.logFile == NetworkConfiguration.defaultLogFile)
        #expect(configuration.logLevel == .info && configuration.timeoutSeconds == 20)
        #expect(configuration.nodeName == nil && configuration.prevResult == nil)
        #expect(configuration.historyDepth == History.defaultDepth)
        #expect(
            configuration.ignored.map(\.description) == [
                "ipam.logFile: 5 must be a string",
                #"ipam.logLevel: "loud" must be one of debug, info, warning, error"#,
                #"ipam.timeout: "20" must be a number of seconds greater than 0 and at most 220"#,
                #"ipam.nodeName: ["x"] must be a string"#,
                "ipam.historyDepth: -1 must be a whole number from 0 to 64", "prevResult: [] must be an object",
            ])
    }

    @Test func whatCanBeUsedCounts() throws {
        let text = #"""
            {"name":"net","cniVersion":"1.1.0","ipam":{\#(Self.store),"logFile":"/l","logLevel":"debug","timeout":3,
            "nodeName":"n1","historyDepth":0},"prevResult":{"ips":[{"address":"10.0.0.2/24"}]},
            "cni.dev/valid-attachments":[{"containerID":"c1","ifname":"eth0"}]}
            """#
        let configuration = try read(text) { folder() }
        #expect(configuration.logFile == "/l" && configuration.logLevel == .debug && configuration.timeoutSeconds == 3)
        #expect(configuration.nodeName == "n1" && configuration.historyDepth == 0 && configuration.ignored.isEmpty)
        #expect(configuration.prevResult.map(CNIResult.addresses(inPrevResult:)) == [address("10.0.0.2")])
        #expect(configuration.validAttachments == nil, "a DEL has no list")
        #expect(try read(text, by: .gc) { folder() }.validAttachments == [try reference("c1")])
    }

    @Test(arguments: ["", #","ipam":null"#, #","ipam":{}"#, #","ipam":"x""#, #","ipam":{"etcdConfig":{}}"#])
    func theFirstFileOfTheNetworkThatNamesAnEtcdServes(ipam: String) throws {
        func file(_ name: String, _ more: String) -> String {
            #"{"name":"\#(name)","ipam":{"type":"kube-ipam"\#(more)}}"#
        }
        let files = folder([
            "30.conf": file("net", #","etcdConfig":{"etcdURL":"http://b:1"},"nodeName":"n3""#),
            "05.conf": file("net", ""),
            "00.conf": file("other", #","etcdConfig":{"etcdURL":"http://a:1"}"#),
            "01.conf~": file("net", #","etcdConfig":{"etcdURL":"http://x:1"}"#),
            "10.json": file("net", #","etcdConfig":{"etcdURL":"http://b:1"},"nodeName":"n1","timeout":7"#),
        ])
        let configuration = try read(#"{"name":"net"\#(ipam)}"#) { files }
        #expect(configuration.etcd.endpoints == ["http://b:1"])
        #expect(configuration.nodeName == "n1" && configuration.timeoutSeconds == 7)
        #expect(
            configuration.ignored.map(\.description)
                == (ipam.hasSuffix("\"x\"") ? ["ipam: \"x\" must be an object"] : []))
    }

    /// A file that was left behind: freeing in the former etcd would leave the address used in the present one.
    @Test func filesOfOneNetworkThatNameDifferentEtcdsAreNotChosenFrom() {
        func file(_ url: String) -> String {
            #"{"name":"net","ipam":{"type":"kube-ipam","etcdConfig":{"etcdURL":"\#(url)"}}}"#
        }
        let files = folder(["05-old.conf": file("http://a:1"), "10-net.conf": file("http://b:1")])
        let error = #expect(throws: ConfigurationError.self) { try read(#"{"name":"net"}"#) { files } }
        #expect(error?.cniCode == 7)
        #expect(
            error?.description
                == "ipam.etcdConfig is missing: the CNI files /folder/05-old.conf and /folder/10-net.conf name different etcd "
                + "clusters for network net; remove the file that is out of date")
    }

    @Test func filesThatCannotBeReadAreTold() {
        let files = folder(["a.conf": "{", "b.conf": "[]", "c.txt": "{"])
        #expect(files.problems.map(\.description).count == 1 && files.configurations.isEmpty)
        let error = #expect(throws: ConfigurationError.self) { try read(#"{"name":"net"}"#) { files } }
        #expect(error?.description.contains("(/folder/a.conf is not valid JSON: ") == true, "\(error as Any)")
        #expect(error?.cniCode == 7)
    }
}
