import IPAMKit
import Testing

@Suite struct ConfigurationErrorTests: ConfigurationReading {
    // MARK: Input that is no configuration

    @Test func inputThatIsNoObjectIsRefused() {
        #expect(refusal("[]") == .notAnObject(found: "an array"))
        #expect(refusal("[]")?.cniCode == 6)
        #expect(refusal("null")?.description == "the network configuration must be a JSON object, not null")
        #expect(refusal("")?.cniCode == 6)
        #expect(refusal(" \n") == .empty)
        #expect(refusal(ipam(subnet) + "\0")?.description.hasSuffix("a NUL byte is not allowed") == true)
    }

    @Test func inputOverOneMebibyteIsRefused() {
        let limit = NetworkConfiguration.sizeLimit
        let exact = ipam(subnet) + String(repeating: " ", count: limit - ipam(subnet).utf8.count)
        #expect(refusal(exact) == nil)
        #expect(refusal(exact + " ") == .tooLarge(limit: limit))
        #expect(refusal(exact + " ")?.cniCode == 6)
    }

    @Test func unknownVersionNamesThoseThatAreKnown() {
        let refusal = self.refusal(ipam(subnet, version: "9.9.9"))
        #expect(refusal?.cniCode == 1)
        #expect(
            refusal?.description
                == "cniVersion \"9.9.9\" is not supported; supported versions: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"
        )
    }

    @Test func absentVersionMeansTheFirst() throws {
        let text = #"{"name":"net","ipam":{"etcdConfig":{"etcdURL":"a"},"subnet":"10.0.0.0/24"}}"#
        #expect(try read(text).cniVersion == .v010)
    }

    // MARK: Values

    @Test(arguments: [
        (
            #","subnet":"10.188.0.1/16""#,
            #"ipam.subnet: "10.188.0.1/16" is not the address of a network, because "#
                + "host bits are set: the network is 10.188.0.0/16"
        ),
        (
            #","subnet":"10.0.0.0/31""#,
            #"ipam.subnet: "10.0.0.0/31" is too small for a pool: it must have at least four "#
                + "addresses, /30 or shorter"
        ),
        (#","subnet":5"#, "ipam.subnet: 5 must be a string"),
        (
            #","subnet":"10.0.0.0/24","gateway":"10.0.1.1""#,
            #"ipam.gateway: "10.0.1.1" lies outside the subnet: it must "#
                + "be from 10.0.0.0 to 10.0.0.255 (10.0.0.0/24)"
        ),
        (
            #","subnet":"10.0.0.0/24","rangeStart":"10.0.0.010""#,
            #"ipam.rangeStart: "10.0.0.010" has leading zeros, which "#
                + "some programs read as octal: write the octets without them"
        ),
        (
            #","subnet":"10.0.0.0/24","rangeStart":"10.0.0.9","rangeEnd":"10.0.0.8""#,
            #"ipam.rangeEnd: "10.0.0.8" is before "#
                + "the start of the range, 10.0.0.9"
        ),
        (
            #","subnet":"10.0.0.0/24","rangeEnd":"10.0.0.1""#,
            #"ipam.rangeEnd: "10.0.0.1" is before the start of the "#
                + "range, 10.0.0.2"
        ),
        (
            #","subnet":"10.0.0.0/24","rangeStart":"10.0.0.255""#,
            #"ipam.rangeStart: "10.0.0.255" is after the end of the "#
                + "range, 10.0.0.254"
        ),
        (
            #","subnet":"10.0.0.0/24","fixedStart":"10.0.0.9""#,
            "ipam.fixedEnd is missing: it is required if ipam.fixedStart is set"
        ),
        (
            #","subnet":"10.0.0.0/24","fixedStart":"10.0.0.9","fixedEnd":"10.0.0.8""#,
            #"ipam.fixedEnd: "10.0.0.8" is before "#
                + "fixedStart, 10.0.0.9"
        ),
        ("", "ipam.subnet is missing: give a CIDR block such as 10.188.0.0/16, or ipam.ranges"),
        (#","gateway":"10.0.0.1""#, "ipam.subnet is missing: it is required if ipam.gateway is set"),
        (#","ranges":[]"#, "ipam.subnet is missing: give a CIDR block such as 10.188.0.0/16, or ipam.ranges"),
        (#","ranges":[[]]"#, "ipam.ranges[0]: [] is empty: it must have at least one range"),
        (
            #","ranges":[{"subnet":"10.0.0.0/24"}]"#,
            #"ipam.ranges[0]: {"subnet":"10.0.0.0/24"} must be an array: ranges is "#
                + "an array of range sets, each an array of range objects"
        ),
        (
            #","ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"10.1.0.0/24","rangeStart":"10.2.0.3"}]]"#,
            #"ipam.ranges[0][1].rangeStart: "10.2.0.3" lies outside the subnet: it must be from 10.1.0.0 to 10.1.0.255 "#
                + "(10.1.0.0/24)"
        ),
        (
            #","ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"fd00::/64"}]]"#,
            #"ipam.ranges[0][1].subnet: "fd00::/64" is "#
                + "IPv6, but the first range of its set is IPv4: give each family a range set of its own"
        ),
        (
            #","ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"10.0.0.0/25"}]]"#,
            #"ipam.ranges[0][1]: "10.0.0.2-10.0.0.126" "#
                + "overlaps 10.0.0.2-10.0.0.254 of ipam.ranges[0][0]"
        ),
        (
            #","subnet":"10.0.0.0/24","ranges":[[{"subnet":"10.0.0.0/25"}]]"#,
            #"ipam.ranges[0]: "10.0.0.2-10.0.0.126" "#
                + "overlaps 10.0.0.2-10.0.0.254 of ipam"
        ),
        (
            #","ranges":[[{"subnet":"10.0.0.0/24"}]],"fixedStart":"10.9.0.1","fixedEnd":"10.9.0.2""#,
            #"ipam.fixedStart: "10.9.0.1-10.9.0.2" must be in a subnet of ipam.ranges that has no fixed range of its own"#
        ),
        (#","exclude":["10.0.0.1"]"#, "ipam.subnet is missing: it is required if ipam.exclude is set"),
        (#","subnet":"10.0.0.0/24","exclude":"10.0.0.1""#, #"ipam.exclude: "10.0.0.1" must be an array"#),
        (#","subnet":"10.0.0.0/24","exclude":[7]"#, "ipam.exclude[0]: 7 must be a string"),
        (
            #","subnet":"10.0.0.0/24","exclude":["10.0.0.9","10.0.0.250-10.0.1.3"]"#,
            #"ipam.exclude[1]: "10.0.0.250-10.0.1.3" lies outside the subnet 10.0.0.0/24"#
        ),
        (
            #","ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"10.1.0.0/24","exclude":["10.0.0.9"]}]]"#,
            #"ipam.ranges[0][1].exclude[0]: "10.0.0.9" lies outside the subnet 10.1.0.0/24"#
        ),
        (
            #","ranges":[[{"subnet":"10.0.0.0/24"}],[{"subnet":"fd00::/64"}]],"exclude":["10.2.0.0/24"]"#,
            #"ipam.exclude[0]: "10.2.0.0/24" lies in none of the subnets 10.0.0.0/24, fd00::/64"#
        ),
        (
            #","subnet":"10.0.0.0/24","exclude":["10.0.0.5/28"]"#,
            #"ipam.exclude[0]: "10.0.0.5/28" is not the "#
                + "address of a network, because host bits are set: the network is 10.0.0.0/28"
        ),
        (
            #","subnet":"10.0.0.0/24","exclude":["10.0.0.9-10.0.0.5"]"#,
            #"ipam.exclude[0]: "10.0.0.9-10.0.0.5" starts after its end"#
        ),
        (
            #","subnet":"10.0.0.5/24""#,
            #"ipam.subnet: "10.0.0.5/24" is not the "#
                + "address of a network, because host bits are set: the network is 10.0.0.0/24"
        ),
        (
            #","subnet":"10.0.0.0/24","routes":[{"dst":"10.1.2.3"}]"#,
            #"ipam.routes[0].dst: "10.1.2.3" is not a CIDR block: write an address, "/" and a prefix "#
                + "length, such as 10.188.0.0/16"
        ),
        (
            #","subnet":"10.0.0.0/24","routes":[{"gw":"10.0.0.1"}]"#,
            "ipam.routes[0].dst is missing: a route must have a "
                + "destination such as 0.0.0.0/0"
        ),
        (
            #","subnet":"10.0.0.0/24","routes":[{"dst":"0.0.0.0/0","gw":"::1"}]"#,
            #"ipam.routes[0].gw: "::1" is IPv6, but "#
                + "the route goes to 0.0.0.0/0"
        ),
        (
            #","subnet":"10.0.0.0/24","timeout":0"#,
            "ipam.timeout: 0 must be a number of seconds greater than 0 and at most 220"
        ),
        (
            #","subnet":"10.0.0.0/24","timeout":"20s""#,
            #"ipam.timeout: "20s" must be a number of seconds greater than 0 and at "#
                + "most 220"
        ),
        (
            #","subnet":"10.0.0.0/24","timeout":1e400"#,
            "ipam.timeout: 1e400 must be a number of seconds greater than 0 and at "
                + "most 220"
        ),
        (
            #","subnet":"10.0.0.0/24","logLevel":"loud""#,
            #"ipam.logLevel: "loud" must be one of debug, info, warning, error"#
        ),
        (#","subnet":"10.0.0.0/24","status":"lax""#, #"ipam.status: "lax" must be "strict" or left out"#),
        (#","subnet":"10.0.0.0/24","annotations":true"#, #"ipam.annotations: true must be "none" or left out"#),
        (
            #","subnet":"10.0.0.0/24","logFile":"/var/log/a\u0000b""#,
            #"ipam.logFile: "/var/log/a\u0000b" has control "#
                + "characters"
        ),
    ])
    func badValuesAreNamedWithKeyPathValueAndRemedy(members: String, sentence: String) {
        let refusal = self.refusal(ipam(members))
        #expect(refusal?.description == sentence)
        #expect(refusal?.cniCode == 7)
    }

    @Test(arguments: [
        (#"{"etcdURL":"ftp://a:1"}"#, #"ipam.etcdConfig.etcdURL: "ftp://a:1" must start with http:// or https://"#),
        (
            #"{"etcdURL":"http://a:0"}"#,
            #"ipam.etcdConfig.etcdURL: "http://a:0" has no valid port: it must be a number from 1 to "#
                + "65535"
        ),
        (
            #"{"etcdURL":"http://u:secret@a:1"}"#,
            "ipam.etcdConfig.etcdURL: an endpoint has a user or password in its URL: "
                + "use etcdUsername and etcdPassword"
        ),
        (#"{"etcdURL":","}"#, #"ipam.etcdConfig.etcdURL: "," has no endpoint"#),
        ("{}", "ipam.etcdConfig.etcdURL is missing: give endpoints such as \"https://192.168.1.50:2379\""),
        ("null", "ipam.etcdConfig is missing: an object with etcdURL is required"),
        (
            #"{"etcdURL":"a","etcdCertFile":"/c"}"#,
            "ipam.etcdConfig.etcdKeyFile is missing: it is required if "
                + "ipam.etcdConfig.etcdCertFile is set"
        ),
        (#"{"etcdURL":"a","etcdPassword":["secret"]}"#, "ipam.etcdConfig.etcdPassword: the value must be a string"),
        (
            #"{"etcdURL":"sqlite:///x"}"#,
            #"ipam.etcdConfig.etcdURL: "sqlite:///x" must start with http:// or https://"#
        ),
    ])
    func badStoresAreNamed(etcdConfig: String, sentence: String) {
        let text = #"{"name":"net","ipam":{"subnet":"10.0.0.0/24","etcdConfig":\#(etcdConfig)}}"#
        #expect(refusal(text)?.description == sentence)
    }

    @Test(arguments: [
        ("192.168.1.50", false, "http://192.168.1.50:2379"), ("host:4001", false, "http://host:4001"),
        ("host:4001", true, "https://host:4001"),
        ("HTTPS://etcd-0.example:02379/", false, "https://etcd-0.example:2379"),
        ("[fd00::1]", true, "https://[fd00::1]:2379"), ("http://[fd00::1]:1", true, "http://[fd00::1]:1"),
    ])
    func endpointsAreCompleted(text: String, defaultsToTLS: Bool, url: String) throws {
        #expect(try EtcdSettings.endpoint(text, defaultsToTLS: defaultsToTLS) == url)
    }

    @Test(arguments: [
        "", "http://", "http://a/v3", "http://a:1/v3", "http://a b:1", "http://[::1", "http://[x]:1",
        "http://[10.0.0.1]",
        "http://a:", "http://a:65536", "http://a:1:2", "fd00::1", "unix:///x", "http://a?b", "http://a#b", "http://é",
        "://a",
    ])
    func malformedEndpointsAreRefused(text: String) {
        #expect(throws: EndpointError.self) { try EtcdSettings.endpoint(text, defaultsToTLS: false) }
    }

    @Test func networkNeedsAValidName() {
        #expect(refusal(#"{"ipam":{}}"#)?.description == "name is missing: the name of the network is required")
        #expect(
            refusal(#"{"name":"a/b","ipam":{}}"#)?.description.hasPrefix("name: \"a/b\" is not a valid network name")
                == true)
        #expect(
            refusal(#"{"name":"a"}"#)?.description
                == "ipam is missing: an object with \"type\": \"kube-ipam\" is required")
    }
}
