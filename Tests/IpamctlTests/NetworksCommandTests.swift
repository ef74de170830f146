import Foundation
import IPAMKit
import TestSupport
import Testing

/// How full a network of several range sets is: as full as its fullest set.
@Suite(.needs(.etcd, .root)) struct NetworksCommandTests {
    /// Five of five IPv4 addresses are taken, and so are five of the IPv6 subnet.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        for index in 0..<5 {
            try await site.add("c\(index)", "default/p-\(index)", subnets: ["10.188.0.0/29", "fd00:188::/64"])
        }
        try await site.add("single", "default/s-0", network: "single", subnets: ["10.77.0.0/24"])
        return site
    }

    @Test func exhaustedFamilyOfADualStackNetworkIsSeen() async throws {
        let site = try await site()
        let table = try await site.run("networks").checked().lines
        #expect(
            table == [
                "NETWORK   SUBNETS         TOTAL  USED  RESERVED    FREE  FREE FIXED  FULL",
                "k8s       2 range sets        5     5         0       0           0  [##########] 100%",
                "  0 IPv4  10.188.0.0/29       5     5         0       0           0  [##########] 100%",
                "  1 IPv6  fd00:188::/64  1.8e19     5         0  1.8e19           0  [..........]   0%",
                "single    10.77.0.0/24      253     1         0     252           0  [..........]   0%",
            ])
        let wide = try await site.run("networks", "-o", "wide").checked().lines
        #expect(wide.count == 5 && wide[0].hasSuffix("  OUTSIDE  HOLD  CHANGED"), "\(wide)")
        #expect(wide[3].contains("  18446744073709551609           0  [..........]   0%  "), "\(wide)")

        let json = try #require(try await site.run("networks", "-o", "json").checked().json.array?.first)
        #expect(json["full"] == 100)
        let sets = try #require(json["rangeSets"]?.array)
        #expect(sets.map { $0["index"]?.int } == [0, 1] && sets.map { $0["family"]?.string } == ["IPv4", "IPv6"])
        #expect(sets.map { $0["free"]?.serialized() } == ["0", "18446744073709551609"])
        #expect(sets.map { $0["full"]?.int } == [100, 0] && sets.map { $0["used"]?.int } == [5, 5])
        let csv = try await site.run("networks", "-o", "csv").checked().lines
        #expect(
            csv.count == 3 && csv[1].hasPrefix(#"k8s,"10.188.0.0/29,fd00:188::/64",5,5,0,0,0,100%,0,"#))
        let metrics = try await site.run("networks", "-o", "prometheus").checked().lines
        for line in [
            #"kube_ipam_range_set_addresses_free{network="k8s",range_set="0",family="IPv4"} 0"#,
            #"kube_ipam_range_set_addresses_total{network="k8s",range_set="0",family="IPv4"} 5"#,
            #"kube_ipam_range_set_addresses_free{network="k8s",range_set="1",family="IPv6"} 18446744073709551609"#,
        ] { #expect(metrics.contains(line), "\(metrics)") }
    }

    /// What is used outside of the ranges is not counted: the figures of a line add up.
    @Test func figuresAddUp() async throws {
        let site = try await AdminSite()
        let base = "/etcd-cni/networks/k8s"
        let holes = ["10.188.0.1", "10.188.0.50", "10.99.0.1"]
        let used = ["10.188.0.10", "10.188.0.100", "10.188.0.101"] + holes
        try await site.put(
            [
                (
                    base,
                    #"[[{"rangeStart":"10.188.0.100","rangeEnd":"10.188.0.199","subnet":"10.188.0.0/24","#
                        + #""gateway":"10.188.0.1"}]]"#
                ), ("\(base)/config", #"{"format":1,"goNodes":false,"fixed":[["10.188.0.10","10.188.0.19"]]}"#),
                ("\(base)/reservations/10.188.0.11", "{}"), ("\(base)/reservations/10.188.0.60", "{}"),
            ] + used.map { ("\(base)/used/\($0)", "c") })
        let table = try await site.run("networks").checked()
        #expect(
            table.lines == [
                "NETWORK  SUBNETS        TOTAL  USED  RESERVED  FREE  FREE FIXED  FULL",
                "k8s      10.188.0.0/24    110     3         1    98           8  [#.........]   2%",
            ], "\(table.stdoutText)")
        #expect(
            table.stderrText.hasPrefix(
                "network k8s: 4 addresses used or reserved outside the ranges are not counted; -o wide shows OUTSIDE\n")
        )
        let csv = try await site.run("networks", "-o", "csv", "--columns", "total,used,outside").checked()
        #expect(csv.stdoutText == "TOTAL,USED,OUTSIDE\n110,3,4\n")
        let json = try #require(try await site.run("networks", "-o", "json").checked().json.array?.first)
        func number(_ key: String) -> Int { json[key]?.int ?? -1 }
        #expect(number("used") == 6 && number("reserved") == 2 && number("outsideRanges") == 4, "\(json)")
        #expect(
            number("total")
                == number("used") + number("reserved") + number("free") + number("freeFixed") - number("outsideRanges"))
    }

    @Test func onlyAPoolWithoutAFreeAddressIsFull() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/p-0", subnets: ["10.188.0.0/22"])
        try await site.put(
            (3..<1022).map { ("/etcd-cni/networks/k8s/used/10.188.\($0 / 256).\($0 % 256)", "other") })
        let row = try #require(try await site.run("networks").checked().lines.last)
        #expect(row.hasSuffix("     1           0  [#########.]  99%"), "\(row)")
    }

    @Test func nextAddressesCanBeOfAFamilyOrARangeSet() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/p-0", subnets: ["10.188.0.0/29", "fd00:188::/64", "10.189.0.0/29"])
        func reserve(_ arguments: String...) async throws -> ProcessOutput {
            try await site.run(["reserve", "--next"] + arguments + ["--for", "default/sts/db"])
        }
        func first(_ output: ProcessOutput) throws -> [String] {
            try output.checked().lines.map { String($0.prefix { $0 != " " }) }
        }
        #expect(try first(try await reserve("1")) == ["10.188.0.3"])
        #expect(try first(try await reserve("2", "--family", "ipv6")) == ["fd00:188::3", "fd00:188::4"])
        #expect(try first(try await reserve("1", "--range-set", "2")) == ["10.189.0.3"])
        #expect(try first(try await reserve("1", "--range-set", "1", "--family", "IPv6")) == ["fd00:188::5"])
        // All sets of a family are one after the other.
        #expect(
            try first(try await reserve("4", "--family", "ipv4"))
                == ["10.188.0.4", "10.188.0.5", "10.188.0.6", "10.189.0.4"])
        let full = try await reserve("1")
        #expect(full.isProperFailure && full.status == 3)
        #expect(
            full.stderrText
                == "ipamctl: network k8s has 0 free IPv4 addresses, not 1\nhint: see 'ipamctl networks'; --family or "
                + "--range-set chooses another range set\n")
        let sets = "hint: network k8s has the range sets: 0 (IPv4), 1 (IPv6), 2 (IPv4)\n"
        for (arguments, status, message) in [
            (["--range-set", "3"], 4, "network k8s has no range set 3\n\(sets)"),
            (["--range-set", "0", "--family", "ipv6"], 64, "range set 0 of network k8s is IPv4\n\(sets)"),
            (["--family", "ipx"], 64, "ipx"), (["--range-set", "-1"], 64, "--range-set"),
        ] {
            let output = try await site.run(["reserve", "--next", "1"] + arguments)
            #expect(
                output.isProperFailure && output.status == status && output.stderrText.contains(message), "\(output)")
        }
        let loose = try await site.run("reserve", "10.188.0.4", "--family", "ipv4")
        #expect(loose.status == 64 && loose.stderrText.contains("--family and --range-set go with --next"))
        let single = try await AdminSite()
        try await single.add("c1", "default/p-0", subnets: ["10.188.0.0/29"])
        let none = try await single.run("reserve", "--next", "1", "--family", "ipv6")
        #expect(
            none.stderrText
                == "ipamctl: network k8s has no IPv6 range set\nhint: network k8s has one range set: 0 (IPv4)\n")
    }
}
