import IPAMKit
import TestSupport
import Testing

/// The filters of `list`, alone and together.
@Suite(.needs(.etcd, .root)) struct ListFilterTests {
    /// 10.188.0.10 to .19 are fixed, 10.188.0.100 to .199 dynamic.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        let base = "/etcd-cni/networks/k8s/"
        func attachment(_ address: String, _ pod: String, _ workload: String, _ node: String) -> [(String, String)] {
            [
                ("\(base)used/\(address)", "c-\(pod)"),
                (
                    "\(base)attachments/c-\(pod)/eth0",
                    #"{"addresses":["\#(address)"],"namespace":"default","pod":"\#(pod)","workload":"\#(workload)","#
                        + #""node":"\#(node)","since":"2026-11-23T02:00:00Z","fixed":false}"#
                ),
            ]
        }
        try await site.put(
            [
                (
                    "/etcd-cni/networks/k8s",
                    #"[[{"rangeStart":"10.188.0.100","rangeEnd":"10.188.0.199","subnet":"10.188.0.0/24","#
                        + #""gateway":"10.188.0.1"}]]"#
                ), ("\(base)config", #"{"format":1,"goNodes":false,"fixed":[["10.188.0.10","10.188.0.19"]]}"#),
                ("\(base)reservations/10.188.0.12", #"{"for":"default/deploy/web","by":"root@a"}"#),
                ("\(base)reservations/10.188.0.13", #"{"for":"default/sts/db","by":"root@a"}"#),
                ("\(base)used/10.188.0.50", "gocontainer"),
            ] + attachment("10.188.0.11", "db-0", "sts/db", "n1")
                + attachment("10.188.0.101", "web-a", "deploy/web", "n1")
                + attachment("10.188.0.102", "web-b", "deploy/web", "n2")
                + attachment("10.188.0.103", "other-5b8c6bcd5d-x2x4c", "none", "n2"))
        return site
    }

    private func names(_ site: AdminSite, _ arguments: [String]) async throws -> String {
        try await site.run(["list", "-o", "name"] + arguments).checked().lines
            .map { String($0.dropFirst("10.188.0.".count)) }.joined(separator: " ")
    }

    @Test func filtersAreCombined() async throws {
        let site = try await site()
        for (arguments, expected) in [
            ([], "11 12 13 50 101 102 103"), (["10.188.0.0/26"], "11 12 13 50"),
            (["10.188.0.12", "10.188.0.100-10.188.0.101"], "12 101"), (["10.188.0.12,10.188.0.50"], "12 50"),
            (["--cidr", "10.188.0.64/26", "--cidr", "10.188.0.11"], "11 101 102 103"),
            (["10.188.0.11", "--cidr", "10.188.0.12"], "11 12"), (["fd00::/8"], ""),
            (["0.0.0.0/0"], "11 12 13 50 101 102 103"),
            (["--range", "fixed"], "11 12 13"), (["--range", "dynamic"], "101 102 103"),
            (["--range", "fixed", "--state", "reserved"], "12 13"),
            (["--workload", "default/deploy/web"], "12 101 102"), (["--workload", "default/sts/db"], "11 13"),
            (["--workload", "default/Deployment/web", "--state", "used", "--node", "n2"], "102"),
            (["--workload", "kube-system/deploy/web"], ""), (["--workload", "default/deploy/other"], ""),
            (["--namespace", "default", "--range", "dynamic", "10.188.0.102-10.188.0.255"], "102 103"),
            (["--pod", "default/db-0", "--range", "dynamic"], ""),
            (["--state", "free", "--range", "fixed"], "10 14 15 16 17 18 19"),
            (["--state", "free", "10.188.0.18-10.188.0.100", "--cidr", "10.188.0.19-10.188.0.104"], "18 19 100 104"),
            (["--state", "free", "--state", "used", "--cidr", "10.188.0.100/30"], "100 101 102 103"),
            (["--state", "free", "--workload", "default/deploy/web"], ""),
            (["--state", "free", "--range", "dynamic", "--limit", "2"], "100 104"),
        ] { #expect(try await names(site, arguments) == expected, "\(arguments)") }
        let nothing = try await site.run("list", "--range", "fixed", "--node", "n2").checked()
        #expect(nothing.stderrText == "no matching address is used or reserved\n")
    }

    /// A few free addresses far inside an IPv6 subnet are found at once.
    @Test func freeAddressesOfAPartOfALargeSubnet() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0", subnets: ["fd00:188::/64"])
        let free = try await site.run("list", "--state", "free", "fd00:188::ff:0:0/126", "-o", "name").checked()
        #expect(free.lines == ["fd00:188::ff:0:0", "fd00:188::ff:0:1", "fd00:188::ff:0:2", "fd00:188::ff:0:3"])
    }

    @Test func wrongFiltersAreRefused() async throws {
        let site = try await AdminSite()
        for (arguments, message) in [
            (["10.188"], "\"10.188\" is not an IP address"), (["ips"], "unexpected argument 'ips'"),
            (["10.188.0.1/24"], "host bits are set: the network is 10.188.0.0/24"),
            (["--cidr", "all"], "--cidr: \"all\" is not an IP address"), (["--cidr", ","], "names no address"),
            (["--cidr", "10.0.0.9-10.0.0.5"], "--cidr: \"10.0.0.9-10.0.0.5\" starts after its end"),
            (
                ["--workload", "default/web"],
                "--workload: \"default/web\" is not a workload\nhint: write NAMESPACE/sts/NAME"
            ),
            (["--workload", "default/ds/web"], "is not a workload"), (["--range", "middle"], "'dynamic'"),
            (["--state", "gone"], "'reserved'"),
        ] {
            let output = try await site.run(["list"] + arguments)
            #expect(output.isProperFailure && output.status == 64, "\(arguments): \(output.stderrText)")
            #expect(output.stderrText.contains(message), "\(arguments): \(output.stderrText)")
        }
    }
}
