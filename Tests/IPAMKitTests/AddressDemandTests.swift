import Testing

@testable import IPAMKit

@Suite struct AddressDemandTests {
    private func demand(_ annotations: [String: String], _ network: String = "k8s") throws -> AddressDemand {
        try AddressDemand(annotations: annotations, network: NetworkName(network))
    }

    private static let four = poolRange("10.188.0.0/16", from: "10.188.1.0")
    private static let six = poolRange("fd00::/48", from: "fd00::100")

    private static func poolRange(_ subnet: String, from start: String) -> PoolRange {
        guard let subnet = try? CIDR(subnet), let range = try? PoolRange(subnet: subnet, rangeStart: address(start))
        else {
            fatalError("no range")
        }
        return range
    }

    private func problem(_ annotations: [String: String]) throws -> String {
        do {
            let demand = try demand(annotations)
            return "none: \(demand.wish)"
        } catch let error as AnnotationError {
            return error.description
        }
    }

    @Test func aPodThatSaysNothingAsksForNothing() throws {
        #expect(try demand([:]).wish == .nothing)
        // A gateway or a netmask belongs to an address.
        #expect(try demand(["kube-ipam.gateway": "nonsense", "app": "web"]).wish == .nothing)
    }

    @Test func thePublishedExampleIsUnderstood() throws {
        let demand = try demand([
            "kube-ipam.ip": "10.188.0.216", "kube-ipam.netmask": "255.255.0.0", "kube-ipam.gateway": "10.188.0.1",
        ])
        #expect(demand.wish == .addresses([address("10.188.0.216")]))
        let range = try PoolRange(
            subnet: CIDR("10.188.0.0/16"), rangeStart: address("10.188.1.0"), gateway: address("10.188.0.254"))
        let assignment = try demand.assignment(of: address("10.188.0.216"), in: range)
        #expect(assignment.prefixLength == 16)
        #expect(assignment.gateway == address("10.188.0.1"))
    }

    @Test func listsTakeBothFamiliesAndWhiteSpace() throws {
        let demand = try demand([
            "kube-ipam.ip": "10.188.0.216, FD00:0::5", "kube-ipam.netmask": "24,64",
            "kube-ipam.gateway": "10.188.0.9 ,\tfd00::9",
        ])
        #expect(demand.wish == .addresses([address("10.188.0.216"), address("fd00::5")]))
        let four = try demand.assignment(of: address("10.188.0.216"), in: Self.four)
        #expect(four.prefixLength == 24 && four.gateway == address("10.188.0.9"))
        let six = try demand.assignment(of: address("fd00::5"), in: Self.six)
        #expect(six.prefixLength == 64 && six.gateway == address("fd00::9"))
    }

    /// One dotted netmask beside two addresses is the IPv4 one's.
    /// A YAML block (`|`) ends with a line break; an editor may leave anything.
    @Test(arguments: ["10.188.0.216\n", "\r\n 10.188.0.216\t\r\n", "\u{A0}10.188.0.216\u{3000}\n", "10.188.0.216"])
    func whiteSpaceOfAnyKindAroundAValueDoesNotCount(_ text: String) throws {
        let demand = try demand([
            "kube-ipam.ip": text, "kube-ipam.netmask": "24\n", "kube-ipam.gateway": "\n10.188.0.1\n",
        ])
        #expect(demand.wish == .addresses([address("10.188.0.216")]))
        #expect(try demand.assignment(of: address("10.188.0.216"), in: Self.four).prefixLength == 24)
        #expect(try self.demand(["kube-ipam.ip": "auto\n"]).wish == .automatic)
        #expect(try self.demand(["kube-ipam.ip": "\ndynamic \n"]).wish == .dynamic)
        #expect(
            try self.demand(["kube-ipam.ip": "10.188.0.216,\n fd00::5\n"]).wish
                == .addresses([address("10.188.0.216"), address("fd00::5")]))
        #expect(try problem(["kube-ipam.ip": "\n \n"]).contains("is empty"))
        #expect(try problem(["kube-ipam.ip": "10.188.0.216 10.188.0.217"]).contains("is not an IP address"))
    }

    @Test func aGatewayMayBeLinkLocal() throws {
        let demand = try demand(["kube-ipam.ip": "fd00::5", "kube-ipam.gateway": "fe80::1"])
        #expect(try demand.assignment(of: address("fd00::5"), in: Self.six).gateway == address("fe80::1"))
        let four = try self.demand(["kube-ipam.ip": "10.188.0.216", "kube-ipam.gateway": "169.254.0.1"])
        #expect(throws: AnnotationError.self) { try four.assignment(of: address("10.188.0.216"), in: Self.four) }
    }

    @Test func aNetmasksKeyIsNamedForItsNetwork() throws {
        #expect(
            try problem(["kube-ipam.ip/k8s": "10.188.0.216/16"])
                == #"annotation kube-ipam.ip/k8s: "10.188.0.216/16" has a prefix length, which belongs in kube-ipam.netmask/k8s"#
        )
        #expect(try problem(["kube-ipam.ip": "10.188.0.216/16"]).hasSuffix("belongs in kube-ipam.netmask"))
    }

    @Test(arguments: [
        (
            "kube-ipam.ip/K8S", "net1",
            "annotation kube-ipam.ip/K8S is ignored, because network names are case-sensitive: "
        ),
        (
            "kube-ipam.ip/a", "net1",
            "annotation kube-ipam.ip/a is ignored, because it names the NetworkAttachmentDefinition and "
        ),
        (
            "kube-ipam.ip/b", "net2",
            "annotation kube-ipam.ip/b is ignored, because it names the NetworkAttachmentDefinition and "
        ),
        (
            "kube-ipam.ip/c", "data",
            "annotation kube-ipam.ip/c is ignored, because it names the NetworkAttachmentDefinition and "
        ),
        // Of another interface, or of nothing known.
        ("kube-ipam.ip/b", "net1", nil), ("kube-ipam.ip/c", "net3", nil), ("kube-ipam.ip/a", "eth0", nil),
        ("kube-ipam.ip/k8", "net1", nil),
    ])
    func anAnnotationThatIsCertainlyMeantForTheNetworkIsTold(_ key: String, _ ifname: String, _ start: String?) throws {
        for selection in [
            "a, ns/b ,other/c@data", #"[{"name":"a"},{"name":"b","namespace":"ns"},{"name":"c","interface":"data"}]"#,
        ] {
            let demand = try demand([key: "auto", "k8s.v1.cni.cncf.io/networks": selection])
            let problem = demand.others.problem(on: try InterfaceName(ifname))
            #expect((problem == nil) == (start == nil), "\(selection): \(problem ?? "none")")
            if let start {
                #expect(
                    problem?.hasPrefix(start) == true
                        && problem?.hasSuffix("the key for this network is kube-ipam.ip/k8s") == true)
            }
            // What speaks for the network says enough.
            let own = try self.demand([
                key: "auto", "k8s.v1.cni.cncf.io/networks": selection, "kube-ipam.ip/k8s": "auto",
            ])
            #expect(own.others.problem(on: try InterfaceName(ifname)) == nil)
        }
    }

    @Test func aLoneNetmaskOrGatewayGoesByFamily() throws {
        let demand = try demand([
            "kube-ipam.ip": "10.188.0.216,fd00::5", "kube-ipam.netmask": "255.255.255.0",
            "kube-ipam.gateway": "fd00::9",
        ])
        let four = try demand.assignment(of: address("10.188.0.216"), in: Self.four)
        #expect(four.prefixLength == 24 && four.gateway == address("10.188.0.1"))
        let six = try demand.assignment(of: address("fd00::5"), in: Self.six)
        #expect(six.prefixLength == 48 && six.gateway == address("fd00::9"))
    }

    @Test func aQualifiedAnnotationSpeaksForItsNetworkAlone() throws {
        let annotations = [
            "kube-ipam.ip": "10.188.0.216", "kube-ipam.gateway": "10.188.0.1", "kube-ipam.ip/storage": "auto",
            "kube-ipam.ip/backup": "dynamic", "kube-ipam.ip/mgmt": "10.9.0.7", "kube-ipam.gateway/mgmt": "10.9.0.9",
        ]
        #expect(try demand(annotations).wish == .addresses([address("10.188.0.216")]))
        #expect(try demand(annotations, "storage").wish == .automatic)
        #expect(try demand(annotations, "storage").key == "kube-ipam.ip/storage")
        #expect(try demand(annotations, "backup").wish == .dynamic)
        let management = try demand(annotations, "mgmt")
        let range = try PoolRange(subnet: CIDR("10.9.0.0/24"), rangeStart: address("10.9.0.100"))
        #expect(try management.assignment(of: address("10.9.0.7"), in: range).gateway == address("10.9.0.9"))
    }

    @Test(arguments: [
        (
            "10.188.0",
            "annotation kube-ipam.ip: \"10.188.0\" is not an IP address, such as 10.188.0.216 or fd00::1, nor "
                + "\"auto\" or \"dynamic\""
        ),
        ("", "annotation kube-ipam.ip: \"\" is empty: give a value, or remove the annotation"),
        (" ", "annotation kube-ipam.ip: \" \" is empty: give a value, or remove the annotation"),
        ("10.188.0.5,", "annotation kube-ipam.ip: \"10.188.0.5,\" has an empty part"),
        (
            "10.188.0.5,auto",
            "annotation kube-ipam.ip: \"auto\" cannot be part of a list"
        ),
        (
            "10.188.0.5/16",
            "annotation kube-ipam.ip: \"10.188.0.5/16\" has a prefix length, which belongs in "
                + "kube-ipam.netmask"
        ),
        ("10.188.0.5,10.188.0.5", "annotation kube-ipam.ip: \"10.188.0.5,10.188.0.5\" names 10.188.0.5 twice"),
        (
            "Auto",
            "annotation kube-ipam.ip: \"Auto\" is not an IP address, such as 10.188.0.216 or fd00::1, nor "
                + "\"auto\" or \"dynamic\""
        ),
    ])
    func aMalformedAddressIsRefused(text: String, sentence: String) throws {
        #expect(try problem(["kube-ipam.ip": text]) == sentence)
    }

    @Test func moreThanThereCanBeRangeSetsIsRefusedUnread() throws {
        let many = (1...17).map { "10.188.0.\($0)" }.joined(separator: ",")
        #expect(try problem(["kube-ipam.ip": many]).hasSuffix("has more than 16 parts"))
        #expect(try problem(["kube-ipam.ip": String(repeating: ",", count: 100_000)]).utf8.count < 200)
    }

    @Test(arguments: ["255.0.255.0", "0.0.0.0", "0", "129", "-1", "ffff::", "/", "24 25", "255.255.0.0.0"])
    func aMalformedNetmaskIsRefused(text: String) throws {
        #expect(
            try problem(["kube-ipam.ip": "10.188.0.5", "kube-ipam.netmask": text])
                == "annotation kube-ipam.netmask: \"\(text)\" is not a netmask: write it dotted, such as 255.255.0.0, or as "
                + "a prefix length")
    }

    @Test(arguments: [
        (
            ["kube-ipam.ip": "10.188.0.5", "kube-ipam.netmask": "64"],
            "annotation kube-ipam.netmask: \"64\" does not fit 10.188.0.5, which is IPv4"
        ),
        (
            ["kube-ipam.ip": "10.188.0.5,fd00::5", "kube-ipam.netmask": "24"],
            "annotation kube-ipam.netmask: \"24\" does not fit the 2 addresses of kube-ipam.ip: give one for each, in the "
                + "same order"
        ),
        (
            ["kube-ipam.ip": "10.188.0.5", "kube-ipam.gateway": "10.188.0.1,10.188.0.2"],
            "annotation kube-ipam.gateway: \"10.188.0.1,10.188.0.2\" does not fit the 1 addresses of kube-ipam.ip: give one "
                + "for each, in the same order"
        ),
        (
            ["kube-ipam.ip": "10.188.0.5", "kube-ipam.gateway": "fd00::1"],
            "annotation kube-ipam.gateway: \"fd00::1\" does not fit 10.188.0.5, which is IPv4"
        ),
    ])
    func whatFitsNoAddressIsRefused(annotations: [String: String], sentence: String) throws {
        #expect(try problem(annotations) == sentence)
    }

    @Test(arguments: [
        (
            ["kube-ipam.gateway": "10.9.0.1"],
            "annotation kube-ipam.gateway does not fit 10.188.0.216: the gateway 10.9.0.1 is not in 10.188.0.0/16"
        ),
        (
            ["kube-ipam.gateway": "10.188.0.216"],
            "annotation kube-ipam.gateway does not fit 10.188.0.216: the gateway 10.188.0.216 is the pod's own address"
        ),
        (
            ["kube-ipam.gateway": "10.188.1.7"],
            "annotation kube-ipam.gateway does not fit 10.188.0.216: the gateway 10.188.1.7 may be another pod's address"
        ),
        (
            ["kube-ipam.gateway": "10.188.255.255"],
            "annotation kube-ipam.gateway does not fit 10.188.0.216: the gateway 10.188.255.255 is the broadcast address of "
                + "10.188.0.0/16"
        ),
        (
            ["kube-ipam.gateway": "10.188.0.0"],
            "annotation kube-ipam.gateway does not fit 10.188.0.216: the gateway 10.188.0.0 is the network address of "
                + "10.188.0.0/16"
        ),
        (
            ["kube-ipam.netmask": "255.0.0.0"],
            "annotation kube-ipam.netmask does not fit 10.188.0.216: /8 is larger than the subnet 10.188.0.0/16"
        ),
        (
            ["kube-ipam.netmask": "30"],
            "annotation kube-ipam.netmask does not fit 10.188.0.216: the gateway 10.188.0.1 is not in 10.188.0.216/30"
        ),
    ])
    func aGatewayThatThePodCannotReachIsRefused(annotations: [String: String], sentence: String) throws {
        let demand = try demand(annotations.merging(["kube-ipam.ip": "10.188.0.216"]) { $1 })
        let range = Self.four
        let error = #expect(throws: AnnotationError.self) {
            try demand.assignment(of: address("10.188.0.216"), in: range)
        }
        #expect(error?.description == sentence)
    }
}
