import FoundationEssentials
import IPAMKit
import TestSupport
import Testing

@Suite struct ConfigurationTests: ConfigurationReading {
    @Test func publishedSampleWithoutCommaIsRefusedWithItsPlace() throws {
        let error = try #require(refusal(PublishedSample.text))
        #expect(
            error.description
                == "the network configuration is not valid JSON: line 10, column 17: expected \",\" or \"}\" "
                + "before \"etcdConfig\": a comma is missing after the value of \"kubeConfig\" at the end of line 9")
        #expect(error.cniCode == 6)
    }

    @Test(arguments: [PublishedSample.corrected, PublishedSample.kubeConfigInside])
    func publishedSampleIsReadWithKubeConfigInEitherPlace(text: String) throws {
        let configuration = try read(text)
        #expect(configuration.name.text == "k8snetwork")
        #expect(configuration.cniVersion == .v031)
        #expect(configuration.kubeConfig == "/etc/kubernetes/pki/kubectl.kubeconfig")
        #expect(
            configuration.etcd
                == EtcdSettings(
                    endpoints: [
                        "https://192.168.1.50:2379", "https://192.168.1.58:2379", "https://192.168.1.63:2379",
                    ], certFile: "/etc/kubernetes/pki/etcd.pem", keyFile: "/etc/kubernetes/pki/etcd-key.pem",
                    caFile: "/etc/kubernetes/pki/ca.pem"))
        #expect(configuration.rangeSets.map(\.summary) == ["10.188.1.0-10.188.255.254"])
        #expect(configuration.rangeSets.first?.ranges.first?.fixed?.description == "10.188.0.10-10.188.0.255")
        #expect(configuration.rangeSets.first?.ranges.first?.gateway.description == "10.188.0.1")
        #expect(try configuration.routes == [Route(destination: CIDR("0.0.0.0/0"))])
        #expect(configuration.resolvConf == "/etc/resolv.conf")
    }

    /// What operators copy is the published configuration with its comma.
    @Test func sampleOfTheDocumentsIsThePublishedOne() throws {
        func file(_ path: String) throws -> String {
            try String(contentsOfFile: BuildProducts.packageRoot.path + "/" + path, encoding: .utf8)
        }
        let published = try JSONValue(parsing: PublishedSample.corrected)
        #expect(try JSONValue(parsing: file("deploy/10-kube-ipam.conf")) == published)
        let blocks = try file("README.md").split(separator: "```json\n").dropFirst()
        let block = try #require(blocks.first?.split(separator: "```").first)
        #expect(try JSONValue(parsing: String(block)) == published)
    }

    @Test func defaultsAreFilledIn() throws {
        let configuration = try read(ipam(subnet))
        #expect(configuration.logFile == "/var/log/kube-ipam.log")
        #expect(configuration.logLevel == .info)
        #expect(configuration.timeoutSeconds == 20)
        #expect(configuration.annotations == .required)
        #expect(configuration.statusMode == .configuration)
        #expect(configuration.validAttachments == nil)
        #expect(configuration.podAnnotations == nil)
        #expect(configuration.requestedAddresses == [])
    }

    @Test func optionsAreRead() throws {
        let configuration = try read(
            ipam(
                subnet
                    + #","logFile":"/tmp/l","logLevel":"debug","timeout":1.5,"nodeName":"n1","cluster":"c","annotations":"none","#
                    + #""status":"strict","unknown":{"x":1}"#))
        #expect(configuration.logFile == "/tmp/l")
        #expect(configuration.logLevel == .debug)
        #expect(configuration.timeoutSeconds == 1.5)
        #expect(configuration.nodeName == "n1")
        #expect(configuration.cluster == "c")
        #expect(configuration.annotations == .ignored)
        #expect(configuration.statusMode == .strict)
    }

    @Test func keysMatchWhateverTheirCaseButTheExactOneFirst() throws {
        let text = #"""
            {"name":"net","ipam":{"SUBNET":"10.0.0.0/24","subnet":"10.1.0.0/24","RangeStart":"10.1.0.9",
            "EtcdConfig":{"etcdurl":"a","etcdTrustedCAFile":"/ca","etcdUsername":"u","etcdPassword":"p"}}}
            """#
        let configuration = try read(text)
        #expect(configuration.rangeSets.map(\.summary) == ["10.1.0.9-10.1.0.254"])
        #expect(
            configuration.etcd
                == EtcdSettings(endpoints: ["https://a:2379"], caFile: "/ca", username: "u", password: "p"))
    }

    @Test func emptyStringsAndNullsCountAsAbsent() throws {
        let configuration = try read(
            ipam(subnet + #","rangeStart":"","gateway":null,"resolvConf":"","routes":null,"ranges":null"#))
        #expect(configuration.rangeSets.map(\.summary) == ["10.188.0.2-10.188.255.254"])
        #expect(configuration.resolvConf == nil)
    }

    /// An ADD takes an address of each set in one transaction, which etcd limits.
    @Test(arguments: [(16, true), (17, false)])
    func rangeSetsAreLimited(count: Int, isAccepted: Bool) throws {
        let sets = (0..<count).map { #"[{"subnet":"10.\#($0).0.0/24"}]"# }.joined(separator: ",")
        let text =
            #"{"cniVersion":"1.0.0","name":"n","ipam":{"ranges":[\#(sets)],"etcdConfig":{"etcdURL":"a:1"}}}"#
        #expect((refusal(text) == nil) == isAccepted)
        if !isAccepted { #expect(refusal(text)?.cniCode == 7) }
    }

    @Test func rangeSetsKeepTheirOrder() throws {
        let configuration = try read(
            ipam(
                subnet + #","ranges":[[{"subnet":"fd00::/64"}],[{"subnet":"10.1.0.0/24"},{"subnet":"10.2.0.0/24"}]]"#,
                top: #","runtimeConfig":{"ipRanges":[[{"subnet":"10.3.0.0/24"}]]}"#))
        #expect(
            configuration.rangeSets.map(\.summary) == [
                "10.188.0.2-10.188.255.254", "fd00::2-fd00::ffff:ffff:ffff:ffff",
                "10.1.0.2-10.1.0.254,10.2.0.2-10.2.0.254",
            ])
        #expect(configuration.runtimeRangeSets.map(\.summary) == ["10.3.0.2-10.3.0.254"])
        #expect(configuration.allRangeSets.first == configuration.runtimeRangeSets.first)
    }

    @Test func rangesOfTheRuntimeAloneAreEnoughAndErrorsNameThem() throws {
        let passed = #","runtimeConfig":{"ipRanges":[[{"subnet":"10.3.0.0/24"}]]}"#
        #expect(try read(ipam("", top: passed)).rangeSets == [])
        #expect(
            refusal(ipam(#","subnet":"10.3.0.0/16""#, top: passed))?.description
                == #"ipam: "10.3.0.2-10.3.255.254" overlaps 10.3.0.2-10.3.0.254 of runtimeConfig.ipRanges[0]"#)
        let bad = #","runtimeConfig":{"ipRanges":[[{"subnet":"10.3.0.0"}]]}"#
        #expect(refusal(ipam("", top: bad))?.description.hasPrefix("runtimeConfig.ipRanges[0][0].subnet: ") == true)
    }

    @Test func fixedRangeOfIpamGoesToTheRangeThatHasIt() throws {
        let ranges = #","ranges":[[{"subnet":"10.1.0.0/24"},{"subnet":"10.2.0.0/24"}]]"#
        let configuration = try read(ipam(ranges + #","fixedStart":"10.2.0.9","fixedEnd":"10.2.0.20""#))
        #expect(configuration.rangeSets[0].ranges.map { $0.fixed?.description } == [nil, "10.2.0.9-10.2.0.20"])
        #expect(configuration.rangeSets[0].fixedSpace.count == 12)
    }

    /// Ranges may share a subnet, so what one of them excludes is excluded from all.
    @Test func excludedAddressesAreThoseOfAllLists() throws {
        let ranges =
            #","ranges":[[{"subnet":"10.1.0.0/24","rangeEnd":"10.1.0.99","exclude":["10.1.0.16/28","10.1.0.120-10.1.0.129"]},"#
            + #"{"subnet":"10.1.0.0/24","rangeStart":"10.1.0.100"}],[{"subnet":"fd00::/64"}]],"#
            + #""Exclude":["10.1.0.32","fd00::/112"]"#
        let configuration = try read(
            ipam(
                ranges,
                top: #","runtimeConfig":{"ipRanges":[[{"subnet":"10.9.0.0/24","exclude":["10.9.0.2"]}]]}"#))
        let sets = configuration.rangeSets
        #expect(
            sets.excludedRanges.map(\.description) == [
                "10.1.0.16-10.1.0.32", "10.1.0.120-10.1.0.129", "fd00::-fd00::ffff",
            ])
        #expect(
            sets[0].dynamicSpace.intervals.map(\.description) == [
                "10.1.0.2-10.1.0.15", "10.1.0.33-10.1.0.99", "10.1.0.100-10.1.0.119", "10.1.0.130-10.1.0.254",
            ])
        #expect(sets[1].dynamicSpace[0].description == "fd00::1:0")
        #expect(configuration.runtimeRangeSets[0].dynamicSpace[0].description == "10.9.0.3")
    }

    @Test func theRuntimesRangesLeaveOutWhatTheConfigurationExcludes() throws {
        let configuration = try read(
            ipam(
                subnet + #","rangeEnd":"10.188.0.99","exclude":["10.188.1.2-10.188.1.9"]"#,
                top: #","runtimeConfig":{"ipRanges":[[{"subnet":"10.188.1.0/24"}]]}"#))
        #expect(configuration.runtimeRangeSets[0].dynamicSpace[0].description == "10.188.1.10")
    }

    @Test func excludeHasALimit() throws {
        func members(_ count: Int) -> String {
            subnet + #","exclude":["#
                + (0..<count).map { "\"10.188.\($0 / 100).\($0 % 100 * 2)\"" }.joined(separator: ",") + "]"
        }
        #expect(try read(ipam(members(1000))).rangeSets.excludedRanges.count == 1000)
        #expect(
            refusal(ipam(members(1001)))?.description
                == #"ipam.exclude[1000]: "10.188.10.0" is one too many: the lists exclude have at most 1000 elements"#)
    }

    @Test func oldVersionsRefuseTwoSetsOfAFamily() {
        let text = ipam(subnet + #","ranges":[[{"subnet":"10.1.0.0/24"}]]"#, version: "0.2.0")
        #expect(
            refusal(text)?.description.hasPrefix("cniVersion: \"0.2.0\" does not fit the 2 IPv4 range sets") == true)
        #expect(refusal(ipam(subnet + #","ranges":[[{"subnet":"fd00::/64"}]]"#, version: "0.2.0")) == nil)
    }

    @Test func requestedAddressesAreMergedInOrder() throws {
        let top =
            #","args":{"cni":{"ips":["10.188.0.3","fd00::3/64"]}},"runtimeConfig":{"ips":["10.188.0.2/16","10.188.0.3"]}"#
        let configuration = try read(ipam(subnet, top: top), "IP=10.188.0.1,10.188.0.2/16")
        #expect(
            configuration.requestedAddresses.map(\.description) == [
                "10.188.0.3", "fd00::3", "10.188.0.2", "10.188.0.1",
            ])
        let bad = #","runtimeConfig":{"ips":["10.188.0.2","10.188.0.300"]}"#
        #expect(
            refusal(ipam(subnet, top: bad))?.description.hasPrefix("runtimeConfig.ips[1]: \"10.188.0.300\" is not")
                == true)
    }

    @Test func routesHaveTheirExtras() throws {
        let routes =
            #","routes":[{"dst":"10.0.0.0/8","gw":"10.188.0.9","mtu":1400,"advmss":1360,"priority":5,"table":100,"scope":253}]"#
        let expected = try Route(
            destination: CIDR("10.0.0.0/8"), gateway: IPAddress("10.188.0.9"), mtu: 1400, advmss: 1360, priority: 5,
            table: 100, scope: 253)
        #expect(try read(ipam(subnet + routes)).routes == [expected])
        #expect(
            refusal(ipam(subnet + #","routes":[{"dst":"10.0.0.0/8","mtu":-1}]"#))?.description
                == "ipam.routes[0].mtu: -1 must be a whole number from 0 to 4294967295")
    }

    /// As Go's types read them, which other plugins use.
    @Test(arguments: [
        ("10.1.2.3/16", "10.1.0.0/16"), ("0.0.0.0/0", "0.0.0.0/0"), ("192.0.2.1/32", "192.0.2.1/32"),
        ("fd00::5/64", "fd00::/64"), ("192.0.2.7/0", "0.0.0.0/0"),
    ])
    func hostBitsOfARoutesDestinationDoNotCount(_ text: String, _ block: String) throws {
        let routes = #","routes":[{"dst":"\#(text)"}]"#
        #expect(try read(ipam(subnet + routes)).routes == [Route(destination: CIDR(block))])
    }

    @Test func endpointsMayHaveWhiteSpaceAroundThem() throws {
        let text = ipam(subnet).replacing("http://127.0.0.1:2379", with: #" https://a:2379 ,\n\tb:1 , ,https://a:2379"#)
        #expect(try read(text).etcd.endpoints == ["https://a:2379", "http://b:1"])
        #expect(EtcdSettings.list(" A , B\t,,\n") == ["A", "B"])
    }

    /// CNI 1.1: a list may name several versions. A runtime passes the one that it chose as `cniVersion`.
    @Test(arguments: [
        (#""cniVersions":["0.4.0","1.1.0","1.0.0"]"#, CNIVersion.v110), (#""cniVersions":["0.4.0","9.0.0"]"#, .v040),
        (#""cniVersion":"1.0.0","cniVersions":["1.1.0"]"#, .v100), (#""cniVersions":[]"#, .v010),
        (#""cniVersions":[7,"0.3.1"]"#, .v031), (##""cniVersion":"0.4.0","cniVersions":"x""##, .v040),
    ])
    func theNewestOfSeveralVersionsCountsWhereNoneIsChosen(_ members: String, _ version: CNIVersion) throws {
        let text = ipam(subnet).replacing(#""cniVersion":"1.0.0""#, with: members)
        #expect(try read(text).cniVersion == version)
        #expect(NetworkConfiguration.declaredVersion(in: Array(text.utf8)) == version)
    }

    @Test func versionsOfWhichNoneIsSpokenAreRefused() {
        let text = ipam(subnet).replacing(#""cniVersion":"1.0.0""#, with: #""cniVersions":["9.0.0","8.0.0"]"#)
        #expect(refusal(text) == .unknownVersion("9.0.0"))
    }

    @Test func podAnnotationsAreRead() throws {
        let top =
            #","runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"kube-ipam.ip":"10.188.0.216","IP":"x","ip":"y"}}"#
        #expect(
            try read(ipam(subnet, top: top)).podAnnotations == ["kube-ipam.ip": "10.188.0.216", "IP": "x", "ip": "y"])
        let bad = #","runtimeConfig":{"io.kubernetes.cri.pod-annotations":{"a":1}}"#
        #expect(
            refusal(ipam(subnet, top: bad))?.description
                == #"runtimeConfig["io.kubernetes.cri.pod-annotations"]["a"]: 1 must be a string"#)
    }

    @Test func attachmentsAreAbsentNullOrListed() throws {
        let one = #"[{"containerID":"c1","ifname":"eth0"}]"#
        #expect(try read(ipam(subnet, top: #","cni.dev/valid-attachments":null"#)).validAttachments == nil)
        #expect(try read(ipam(subnet, top: #","cni.dev/valid-attachments":[]"#)).validAttachments == [])
        let expected = try [AttachmentReference(containerID: ContainerID("c1"), ifname: InterfaceName("eth0"))]
        for top in [
            #","cni.dev/valid-attachments":\#(one),"cni.dev/attachments":[]"#, #","cni.dev/attachments":\#(one)"#,
            #","cni.dev/valid-attachments":null,"cni.dev/attachments":\#(one)"#,
        ] {
            #expect(try read(ipam(subnet, top: top)).validAttachments == expected, "\(top)")
        }
        let bad = #","cni.dev/valid-attachments":[{"containerID":"a/b","ifname":"eth0"}]"#
        #expect(
            refusal(ipam(subnet, top: bad))?.description.hasPrefix(
                #"cni.dev/valid-attachments[0].containerID: "a/b" is not a valid container ID"#) == true)
    }

    @Test func earlierResultIsKept() throws {
        let top = #","prevResult":{"ips":[{"address":"10.188.0.3/16"}]}"#
        let result = try #require(try read(ipam(subnet, top: top)).prevResult)
        #expect(CNIResult.addresses(inPrevResult: result).map(\.description) == ["10.188.0.3"])
        #expect(try read(ipam(subnet, top: #","prevResult":null"#)).prevResult == nil)
    }

    @Test func declaredVersionIsFoundInAConfigurationThatIsOtherwiseWrong() {
        #expect(NetworkConfiguration.declaredVersion(in: Array(#"{"cniVersion":"0.4.0"}"#.utf8)) == .v040)
        #expect(NetworkConfiguration.declaredVersion(in: Array("{}".utf8)) == .v010)
        #expect(NetworkConfiguration.declaredVersion(in: Array(#"{"cniVersion":"7"}"#.utf8)) == nil)
        #expect(NetworkConfiguration.declaredVersion(in: Array(#"{"cniVersion":4}"#.utf8)) == nil)
        #expect(NetworkConfiguration.declaredVersion(in: Array("{".utf8)) == nil)
    }
}
