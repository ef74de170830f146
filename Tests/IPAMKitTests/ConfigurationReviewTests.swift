import IPAMKit
import Testing

@Suite struct ConfigurationReviewTests: ConfigurationReading {
    private func review(_ text: String, _ situation: ConfigurationReview.Situation = .init()) -> ConfigurationReview {
        ConfigurationReview(of: Array(text.utf8), situation)
    }

    /// `line:column key`
    private func errors(_ review: ConfigurationReview) -> [String] { Self.lines(review) { $0.isError } }
    private func warnings(_ review: ConfigurationReview) -> [String] { Self.lines(review) { !$0.isError } }

    private static func lines(_ review: ConfigurationReview, _ isIncluded: (ConfigurationReview.Finding) -> Bool)
        -> [String]
    {
        review.findings.filter(isIncluded).map { finding in
            "\(finding.place?.line ?? 0):\(finding.place?.column ?? 0) \(finding.key ?? "")"
        }
    }

    private let good = #"""
        {
          "cniVersion": "1.0.0", "name": "k8s", "type": "macvlan", "master": "eth0",
          "capabilities": { "io.kubernetes.cri.pod-annotations": true },
          "ipam": {
            "type": "kube-ipam", "etcdConfig": { "etcdURL": "http://127.0.0.1:2379" },
            "subnet": "10.188.0.0/16"
          }
        }
        """#

    // MARK: Errors

    @Test func aGoodConfigurationHasNoFindings() throws {
        let review = review(good)
        #expect(review.findings.isEmpty)
        #expect(review.networks.map(\.plugin) == ["macvlan"])
        #expect(review.networks.first?.configuration?.name.text == "k8s")
    }

    @Test func allErrorsAreFoundAtOnceWithTheirPlaces() {
        let text = #"""
            {
              "cniVersion": "9.9",
              "name": "a/b",
              "type": "macvlan", "master": "eth0",
              "ipam": {
                "type": "kube-ipam",
                "etcdConfig": { "etcdURL": "ftp://a,b:99999", "etcdCertFile": "/x", "etcdPassword": 5 },
                "subnet": "10.188.0.0/16", "gateway": "10.189.0.1", "rangeStart": "10.188.300.1",
                "rangeEnd": "10.190.0.1", "fixedStart": "10.188.0.9",
                "routes": [{ "dst": "0.0.0.0/0", "gw": "fd00::1" }, {}, { "dst": "x", "mtu": -1 }],
                "timeout": "20", "logLevel": "loud", "status": "x", "annotations": 1, "historyDepth": 99
              }
            }
            """#
        let review = review(text)
        #expect(
            errors(review) == [
                "2:3 cniVersion", "3:3 name", "5:3 ipam.fixedEnd", "7:5 ipam.etcdConfig.etcdKeyFile",
                "7:21 ipam.etcdConfig.etcdURL", "7:21 ipam.etcdConfig.etcdURL", "7:73 ipam.etcdConfig.etcdPassword",
                "8:32 ipam.gateway", "8:57 ipam.rangeStart", "9:5 ipam.rangeEnd", "10:38 ipam.routes[0].gw",
                "10:57 ipam.routes[1].dst", "10:63 ipam.routes[2].dst", "11:5 ipam.timeout", "11:22 ipam.logLevel",
                "11:42 ipam.status", "11:57 ipam.annotations", "11:75 ipam.historyDepth",
            ])
        #expect(review.networks.allSatisfy { $0.configuration == nil })
        let start = review.findings.first { $0.key == "ipam.rangeStart" }
        #expect(start?.message.hasPrefix(#"ipam.rangeStart: "10.188.300.1" is not an IP address"#) == true)
        #expect(!review.findings.contains { $0.message.contains("5") && $0.key == "ipam.etcdConfig.etcdPassword" })
    }

    /// What the plugin reports first is among what the review reports, with the same words; and the review finds nothing in
    /// what the plugin accepts.
    @Test(arguments: [
        "", #","subnet":"10.188.0.1/16""#, #","subnet":5"#, #","subnet":"10.0.0.0/24","gateway":"10.0.1.1""#,
        #","subnet":"10.0.0.0/24","rangeStart":"10.0.0.9","rangeEnd":"10.0.0.8""#, #","gateway":"10.0.0.1""#,
        #","subnet":"10.0.0.0/24","rangeEnd":"10.0.0.1""#, #","subnet":"10.0.0.0/24","fixedStart":"10.0.0.9""#,
        #","subnet":"10.0.0.0/24","fixedStart":"10.0.0.9","fixedEnd":"10.0.0.8""#, #","ranges":[]"#,
        #","ranges":[[]]"#, #","ranges":[{"subnet":"10.0.0.0/24"}]"#, #","ranges":[[5]]"#,
        #","ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"fd00::/64"}]]"#,
        #","ranges":[[{"subnet":"10.0.0.0/24"},{"subnet":"10.0.0.0/25"}]]"#,
        #","subnet":"10.0.0.0/24","ranges":[[{"subnet":"10.0.0.0/25"}]]"#,
        #","ranges":[[{"subnet":"10.0.0.0/24"}]],"fixedStart":"10.9.0.1","fixedEnd":"10.9.0.2""#,
        #","subnet":"10.0.0.0/24","routes":[{"dst":"x"}]"#, #","subnet":"10.0.0.0/24","resolvConf":"a\u0001""#,
        #","subnet":"10.0.0.0/24","autoLimit":-1"#,
    ])
    func theFirstErrorOfThePluginIsAmongAllErrors(members: String) {
        let text = ipam(members).replacing(#""name":"net""#, with: #""name":"net","type":"ptp""#)
        guard let first = refusal(text) else {
            Issue.record("the plugin accepts it")
            return
        }
        if case .syntax = first { return }
        let review = review(text)
        #expect(review.findings.contains { $0.isError && $0.message == first.description }, "\(review.findings)")
    }

    @Test func anInvalidSubnetIsNotMissingToo() {
        let review = review(good.replacing("10.188.0.0/16\"", with: "10.188.0.1/16\", \"rangeStart\": \"10.188.1.0\""))
        #expect(errors(review) == ["6:5 ipam.subnet"])
    }

    @Test func aTextThatIsNoObjectHasOneErrorWithItsPlace() {
        #expect(errors(review("{\n  \"name\": }")) == ["2:11 "])
        #expect(review("{\n  \"name\": }").findings[0].message.hasPrefix("not valid JSON: "))
        #expect(errors(review("[]")) == ["1:1 "])
        #expect(errors(review(" ")) == ["1:1 "])
    }

    @Test func aPluginWithoutATypeIsAnError() {
        let review = review(good.replacing("\"type\": \"macvlan\", ", with: ""))
        #expect(errors(review) == ["1:1 type"])
        #expect(review.networks.first?.configuration == nil)
    }

    // MARK: Lists and delegates

    @Test func errorsInListsAndDelegatesHaveTheirPathInTheFile() {
        let plugin = #"{"type":"ptp","ipam":{"type":"kube-ipam","subnet":"10.0.0.0/99"}}"#
        let list = review(#"{"cniVersion":"1.0.0","name":"a b","plugins":[{"type":"x"},\#(plugin)]}"#)
        #expect(
            list.findings.filter(\.isError).compactMap(\.key)
                == ["name", "plugins[1].ipam.etcdConfig", "plugins[1].ipam.subnet"])
        let nested = review(#"{"name":"m","delegates":[{"name":"d","plugins":[\#(plugin)]}]}"#)
        #expect(nested.findings.contains { $0.key == "delegates[0].plugins[0].ipam.subnet" && $0.isError })
        #expect(nested.findings.first { $0.key == "delegates[0].plugins[0].ipam.subnet" }?.place?.column == 90)
    }

    // MARK: Warnings

    @Test func keysThatNobodyReadsAreWarnedOf_withTheNearestOne() throws {
        let text = good.replacing(
            #""subnet": "10.188.0.0/16""#,
            with: #""Subnet": "10.188.0.0/16", "fixdStart": "10.188.0.9", "frobnicate": 1, "rangestart": "10.188.1.0""#)
        let review = review(text)
        #expect(errors(review).isEmpty)
        let found = review.findings.map { "\($0.key ?? ""): \($0.next ?? "")" }
        #expect(found == ["ipam.fixdStart: did you mean fixedStart?", "ipam.frobnicate: "])
        // A key in another case is the same key, as in Go.
        #expect(
            review.networks.first?.configuration?.rangeSets.first?.ranges.first?.rangeStart.description == "10.188.1.0")
    }

    @Test func unknownKeysOfEveryObjectAreFound() {
        let text = #"""
            {"cniVersion":"1.0.0","name":"n","type":"ptp","ipam":{"type":"kube-ipam","kubeConfig":"/k",
            "etcdConfig":{"etcdURL":"a","etcdUrls":"b","caFile":"c"},
            "ranges":[[{"subnet":"10.0.0.0/24","getaway":"10.0.0.1"}],[{"subnet":"fd00::/64","x":1}]],
            "routes":[{"dst":"::/0","via":"fd00::1"}]}}
            """#
        #expect(
            warnings(review(text)) == [
                "2:29 ipam.etcdConfig.etcdUrls", "2:44 ipam.etcdConfig.caFile", "3:36 ipam.ranges[0][0].getaway",
                "3:82 ipam.ranges[1][0].x", "4:25 ipam.routes[0].via",
            ])
    }

    @Test func aKeyThatIsWrittenTwiceInTwoCasesIsWarnedOf() {
        let review = review(good.replacing(#""subnet""#, with: #""SUBNET": "10.9.0.0/16", "subnet""#))
        #expect(
            review.findings.map(\.message) == ["ipam.SUBNET is ignored: ipam.subnet has the same meaning, and counts"])
    }

    @Test(arguments: [
        (#""cniVersion": "1.0.0""#, #""cniVersion": "1.1.0""#, "cniVersion is 1.1.0"),
        (#", "master": "eth0""#, "", "master is missing"),
        (#""master""#, #""mastr""#, "mastr is not a known key"),
        (#""capabilities""#, #""capabilites""#, "capabilites is not a known key"),
        (#"pod-annotations": true"#, #"pod-annotations": false"#, "ipam.kubeConfig is missing"),
        (
            #""subnet": "10.188.0.0/16""#, #""ranges": [[{"subnet": "10.0.0.0/24"}]], "gateway": "10.0.0.1""#,
            "ipam.gateway is ignored"
        ),
    ])
    func whatMayBeAMistakeIsAWarning(what: String, instead: String, message: String) {
        let review = review(good.replacing(what, with: instead))
        #expect(errors(review).isEmpty)
        #expect(review.findings.contains { $0.message.contains(message) }, "\(review.findings)")
    }

    @Test func anotherSpellingOfTheTypeOfIPAMIsWarnedOf() {
        let review = review(good.replacing("kube-ipam", with: "kubeipam"))
        #expect(review.networks.isEmpty)
        #expect(review.findings.map(\.next) == ["write \"kube-ipam\""])
        #expect(self.review(good.replacing("kube-ipam", with: "host-local")).findings.isEmpty)
    }

    @Test func filesThatDoNotExistAreWarnedOf() {
        let text = good.replacing(
            #""subnet""#, with: #""kubeConfig": "/k", "resolvConf": "/etc/resolv.conf", "subnet""#)
        let review = review(text, .init(exists: { $0 == "/etc/resolv.conf" }))
        #expect(review.findings.map(\.message) == [#"ipam.kubeConfig is "/k", which does not exist on this machine"#])
    }

    @Test func multusPassesNoAnnotations_andGivesAName() throws {
        let text = good.replacing(#""name": "k8s", "#, with: "")
        let review = review(text, .init(name: "database", isMultus: true))
        #expect(review.networks.first?.configuration?.name.text == "database")
        #expect(review.findings.map(\.key) == ["ipam.kubeConfig"])
        #expect(self.review(text, .init(name: "x", isMultus: true, exists: { _ in true })).findings.isEmpty)
    }

    // MARK: What takes effect

    private func effective(_ text: String, hasDefault: Bool = false) throws -> EffectiveConfiguration {
        let value = try #require(ConfigurationLocator.networks(in: try JSONValue(parsing: text)).first)
        return EffectiveConfiguration(value, try NetworkConfiguration(value), hasDefaultKubeConfig: hasDefault)
    }

    /// The plugin reads the same from the complete configuration.
    @Test(arguments: [
        #","subnet":"10.188.0.0/16""#,
        #","Subnet":"10.188.0.0/16","fixedstart":"10.188.0.9","fixedEnd":"10.188.0.20","gateway":null"#,
        #","subnet":"10.1.0.0/24","ranges":[[{"subnet":"10.2.0.0/24","rangeEnd":"10.2.0.9"},{"subnet":"10.3.0.0/24"}],[{"subnet":"fd00::/64"}]]"#,
        #","ranges":[[{"subnet":"10.2.0.0/24"}]],"fixedStart":"10.2.0.9","fixedEnd":"10.2.0.20","routes":[{"dst":"0.0.0.0/0"}]"#,
        #","subnet":"10.1.0.0/24","timeout":210,"waitForRelease":30,"historyDepth":0,"annotations":"none","status":"strict","autoLimit":3,"nodeName":"n","cluster":"c","logFile":"/l","logLevel":"debug","kubeConfig":"/k","resolvConf":"/r","timeout2":1"#,
    ])
    func theCompleteConfigurationReadsTheSame(members: String) throws {
        let text = ipam(members)
        let before = try read(text)
        let effective = try effective(text)
        let after = try read(effective.json.serialized())
        #expect(after.rangeSets == before.rangeSets && after.etcd == before.etcd && after.name == before.name)
        #expect(after.timeoutSeconds == before.timeoutSeconds)
        #expect(after.waitForReleaseSeconds == before.waitForReleaseSeconds)
        #expect(after.historyDepth == before.historyDepth && after.annotations == before.annotations)
        #expect(after.routes == before.routes && after.resolvConf == before.resolvConf)
        #expect(after.kubeConfig == before.kubeConfig && after.logFile == before.logFile)
        #expect(after.logLevel == before.logLevel && after.statusMode == before.statusMode)
        #expect(after.autoLimit == before.autoLimit && after.nodeName == before.nodeName)
        #expect(after.cluster == before.cluster && after.cniVersion == before.cniVersion)
        #expect(
            ConfigurationReview(of: Array(effective.json.serialized().utf8)).findings.filter(\.isError).map(\.key) == [
                "type"
            ])
    }

    @Test func eachMemberSaysWhetherItIsInTheFile() throws {
        let effective = try effective(ipam(#","subnet":"10.188.0.0/24","rangeStart":"10.188.0.10","gateway":"""#))
        func member(_ key: String) -> String? {
            effective.members.first { $0.key == key }.map { "\($0.text) \($0.origin.rawValue)" }
        }
        #expect(member("ipam.subnet") == "10.188.0.0/24 file")
        #expect(member("ipam.rangeStart") == "10.188.0.10 file")
        #expect(member("ipam.rangeEnd") == "10.188.0.254 default")
        #expect(member("ipam.gateway") == "10.188.0.1 default")
        #expect(member("ipam.timeout") == "20 default")
        #expect(member("ipam.waitForRelease") == "15 default")
        #expect(member("ipam.kubeConfig") == "(/etc/kubernetes/pki/kubectl.kubeconfig if it exists) default")
        #expect(member("ipam.fixedStart") == "(no fixed range) default")
        #expect(effective.json["ipam"]?["kubeConfig"] == nil)
        let there = try self.effective(ipam(subnet), hasDefault: true)
        #expect(there.json["ipam"]?["kubeConfig"] == "/etc/kubernetes/pki/kubectl.kubeconfig")
    }

    @Test func aPasswordIsNeverShown() throws {
        let text = ipam(subnet).replacing(
            #""etcdURL""#, with: #""etcdUsername":"u","ETCDPassword":"geheim","etcdURL""#)
        let effective = try effective(text)
        #expect(!effective.json.serialized().contains("geheim"))
        #expect(!"\(effective.members)".contains("geheim"))
        let member = effective.members.first { $0.key.hasSuffix("ETCDPassword") }
        #expect(member?.text == "(set, not shown)" && member?.origin == .file && member?.value == nil)
        #expect(try read(effective.json.serialized()).etcd.password == nil)
    }

    // MARK: Templates

    @Test(arguments: ConfigurationTemplate.Kind.allCases, [false, true])
    func whatIsGeneratedIsAccepted(kind: ConfigurationTemplate.Kind, isMultus: Bool) throws {
        if isMultus, kind.isClusterNetwork { return }
        var first = ConfigurationTemplate.Subnet(try CIDR("10.20.0.0/16"))
        first.rangeStart = try IPAddress("10.20.1.0")
        (first.fixedStart, first.fixedEnd) = (try IPAddress("10.20.0.10"), try IPAddress("10.20.0.255"))
        var template = ConfigurationTemplate(
            kind, name: try NetworkName("net"),
            subnets: [first, .init(try CIDR("10.21.0.0/16")), .init(try CIDR("fd00::/64"))],
            etcd: EtcdSettings(
                endpoints: ["https://a:2379"], certFile: "/c", keyFile: "/k", caFile: "/ca", username: "u",
                password: "p"))
        template.isMultus = isMultus
        template.kubeConfig = "/kubeconfig"
        if kind.hasMaster { template.master = "eth0" }
        template.routes = [.init(try CIDR("10.96.0.0/12"), by: try IPAddress("10.20.0.1"))]
        let review = review(template.text, .init(isMultus: isMultus))
        #expect(review.findings.isEmpty, "\(review.findings)")
        let found = try #require(review.networks.first?.configuration)
        #expect(found.etcd == template.etcd && found.cniVersion == kind.version && found.kubeConfig == "/kubeconfig")
        #expect(
            found.rangeSets.map { $0.ranges.map(\.subnet.description) } == [
                ["10.20.0.0/16", "10.21.0.0/16"], ["fd00::/64"],
            ])
        #expect(found.rangeSets.first?.ranges.first?.fixed?.description == "10.20.0.10-10.20.0.255")
        #expect(found.routes.map(\.destination.description) == ["10.96.0.0/12"])
        #expect((template.json["plugins"] != nil) == template.isList)
    }
}
