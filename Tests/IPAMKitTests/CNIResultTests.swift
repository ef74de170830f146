import Testing

@testable import IPAMKit

@Suite struct CNIResultTests {
    private func result() throws -> CNIResult {
        try CNIResult(
            addresses: [
                .init(address: IPAddress("10.188.0.216"), prefixLength: 16, gateway: IPAddress("10.188.0.1")),
                .init(address: IPAddress("fd00::5"), prefixLength: 64),
            ],
            routes: [
                Route(destination: CIDR("0.0.0.0/0"), mtu: 1400),
                Route(destination: CIDR("fd01::/16"), gateway: IPAddress("fd00::1")),
            ],
            dns: DNSConfiguration(nameservers: ["10.0.0.53"], search: ["example"]))
    }

    @Test(arguments: [
        (
            CNIVersion.v010,
            #"{"cniVersion":"0.1.0","ip4":{"ip":"10.188.0.216/16","gateway":"10.188.0.1","#
                + #""routes":[{"dst":"0.0.0.0/0"}]},"ip6":{"ip":"fd00::5/64","routes":[{"dst":"fd01::/16","gw":"fd00::1"}]},"#
                + #""dns":{"nameservers":["10.0.0.53"],"search":["example"]}}"#
        ),
        (
            .v040,
            #"{"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.188.0.216/16","gateway":"10.188.0.1"},"#
                + #"{"version":"6","address":"fd00::5/64"}],"routes":[{"dst":"0.0.0.0/0"},{"dst":"fd01::/16","gw":"fd00::1"}],"#
                + #""dns":{"nameservers":["10.0.0.53"],"search":["example"]}}"#
        ),
        (
            .v100,
            #"{"cniVersion":"1.0.0","ips":[{"address":"10.188.0.216/16","gateway":"10.188.0.1"},"#
                + #"{"address":"fd00::5/64"}],"routes":[{"dst":"0.0.0.0/0"},{"dst":"fd01::/16","gw":"fd00::1"}],"#
                + #""dns":{"nameservers":["10.0.0.53"],"search":["example"]}}"#
        ),
        (
            .v110,
            #"{"cniVersion":"1.1.0","ips":[{"address":"10.188.0.216/16","gateway":"10.188.0.1"},"#
                + #"{"address":"fd00::5/64"}],"routes":[{"dst":"0.0.0.0/0","mtu":1400},{"dst":"fd01::/16","gw":"fd00::1"}],"#
                + #""dns":{"nameservers":["10.0.0.53"],"search":["example"]}}"#
        ),
    ])
    func everyVersionHasItsShape(version: CNIVersion, text: String) throws {
        #expect(try result().json(for: version).serialized() == text)
    }

    @Test(arguments: CNIVersion.allCases)
    func addressesAreFoundInAResultOfAnyVersion(version: CNIVersion) throws {
        let result = try result()
        #expect(try CNIResult.addresses(inPrevResult: result.json(for: version)) == result.addresses.map(\.address))
    }

    @Test func oldVersionsHaveRoomForOneAddressOfAFamily() throws {
        var result = try result()
        result.addresses.append(.init(address: try IPAddress("10.189.0.1"), prefixLength: 16))
        #expect(throws: CNIResult.Problem.tooManyAddresses(.ipv4, count: 2, version: .v020)) {
            try result.json(for: .v020)
        }
        #expect(throws: Never.self) { try result.json(for: .v030) }
    }

    @Test func emptyPartsAreLeftOut() throws {
        let bare = try CNIResult(addresses: [.init(address: IPAddress("10.0.0.1"), prefixLength: 8)])
        #expect(try bare.json(for: .v100).serialized() == #"{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.1/8"}]}"#)
    }

    @Test(arguments: ["null", "[]", #"{"ips":5}"#, #"{"ips":[5,{"address":7},{"address":"x"}],"ip4":[]}"#])
    func unreadableEarlierResultsHaveNoAddresses(text: String) throws {
        #expect(try CNIResult.addresses(inPrevResult: JSONValue(parsing: text)) == [])
    }

    @Test func versionsAreOrderedAndAbsentMeansTheFirst() {
        #expect(CNIVersion.allCases == CNIVersion.allCases.sorted())
        #expect(CNIVersion(nil) == .v010)
        #expect(CNIVersion("") == .v010)
        #expect(CNIVersion("1.2.0") == nil)
        #expect(CNIVersion("1.0") == nil)
        #expect(CNICommand.check.minimumVersion == .v040)
        #expect(CNICommand.gc.minimumVersion == .v110)
        #expect(CNICommand(rawValue: "STATUS") == .status)
        let report = CNIVersion.v040.versionReport().serialized()
        #expect(report.hasPrefix(#"{"cniVersion":"0.4.0","supportedVersions":["0.1.0","0.2.0","0.3.0""#), "\(report)")
    }

    @Test func errorReportHasTheFieldsOfTheSpecification() {
        var report = CNIErrorReport(.poolExhausted, "full", details: "see list")
        report.cniVersion = .v100
        #expect(report.json.serialized() == #"{"cniVersion":"1.0.0","code":100,"msg":"full","details":"see list"}"#)
        #expect(CNIErrorReport(.tryAgainLater, "x").json["details"] == nil)
        let ofTheSpecification = CNIErrorCode.allCases.map(\.rawValue).filter { $0 < 100 }
        #expect(ofTheSpecification == [1, 2, 3, 4, 5, 6, 7, 11, 50, 51])
    }

    @Test func resolvConfIsReadAsTheResolverReadsIt() {
        let dns = DNSConfiguration(
            resolvConf: """
                # a comment
                ; another
                nameserver 10.0.0.53
                nameserver\tfd00::53
                nameserver fe80::1%eth0
                nameserver 010.0.0.1
                nameserver not-an-address
                nameserver
                 nameserver 10.0.0.99
                domain old.example
                domain new.example
                search a.example b.example
                search c.example d.example # trailing
                options ndots:5 timeout:2\r
                options rotate
                sortlist 10.0.0.0
                """)
        #expect(dns.nameservers == ["10.0.0.53", "fd00::53", "fe80::1%eth0"])
        #expect(dns.domain == nil)
        #expect(dns.search == ["c.example", "d.example"])
        #expect(dns.options == ["ndots:5", "timeout:2", "rotate"])
        #expect(DNSConfiguration(resolvConf: "").isEmpty)
    }

    /// resolv.conf(5): "The domain and search keywords are mutually exclusive. If more than one instance of these keywords is
    /// present, the last instance wins."
    @Test(arguments: [
        ("search a b\ndomain c\n", "c", []), ("domain c\nsearch a b\n", nil, ["a", "b"]),
        ("domain a\nsearch b\ndomain c", "c", []), ("search a\ndomain\n", nil, ["a"]), ("domain a;b\n", "a", []),
    ])
    func ofDomainAndSearchTheLastOneCounts(_ text: String, _ domain: String?, _ search: [String]) {
        let dns = DNSConfiguration(resolvConf: text)
        #expect(dns.domain == domain && dns.search == search)
    }

    @Test func aCommentMayFollowAValueAtOnce() {
        let dns = DNSConfiguration(
            resolvConf: "nameserver 1.1.1.1;comment\nnameserver 1.0.0.1#comment\nnameserver ;none\noptions rotate;x\n")
        #expect(dns.nameservers == ["1.1.1.1", "1.0.0.1"] && dns.options == ["rotate"])
        #expect(dns.domain == nil && dns.search.isEmpty)
    }

    /// The main plugin adds them so, and compares them at CHECK.
    @Test func routesWithoutAGatewayHaveThatOfTheFirstAddressOfTheirFamily() throws {
        func assignment(_ text: String, _ subnet: String, _ gateway: String) throws -> Assignment {
            try Assignment(IPAddress(text), in: PoolRange(subnet: CIDR(subnet), gateway: IPAddress(gateway)))
        }
        let routes = try [
            Route(destination: CIDR("0.0.0.0/0")), Route(destination: CIDR("::/0")),
            Route(destination: CIDR("10.96.0.0/12"), gateway: IPAddress("10.0.0.9")),
            Route(destination: CIDR("10.97.0.0/16"), scope: 253),
        ]
        let assignments = try [
            assignment("10.0.0.5", "10.0.0.0/24", "10.0.0.1"), assignment("10.1.0.5", "10.1.0.0/24", "10.1.0.1"),
            assignment("fd00::5", "fd00::/64", "fe80::1"),
        ]
        let result = CNIResult(assignments, routes: routes, dns: DNSConfiguration())
        #expect(result.routes.map { $0.gateway?.description } == ["10.0.0.1", "fe80::1", "10.0.0.9", nil])
        #expect(result.addresses.map(\.gateway) == assignments.map(\.gateway))
        let four = CNIResult([assignments[1]], routes: routes, dns: DNSConfiguration())
        #expect(four.routes.map { $0.gateway?.description } == ["10.1.0.1", nil, "10.0.0.9", nil])
    }

    @Test func anEmptyDNSConfigurationSaysNothing() {
        #expect(DNSConfiguration().json == [:])
    }
}
