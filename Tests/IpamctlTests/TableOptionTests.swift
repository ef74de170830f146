import Foundation
import IPAMKit
import TestSupport
import Testing

/// `--columns`, `--sort-by`, `--no-headers`.
@Suite(.needs(.etcd, .root)) struct TableOptionTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c2", "default/web-2", node: "n2", ip: "10.188.0.100", subnets: ["10.188.0.0/24"])
        try await site.add("c1", "default/web-1", node: "n1", ip: "10.188.0.9", subnets: ["10.188.0.0/24"])
        try await site.add("c3", "default/v6", network: "six", subnets: ["fd00:188::/64"])
        try await site.put([
            (
                "/etcd-cni/networks/k8s/reservations/10.188.0.20",
                #"{"for":"default/db-0","by":"root@a","since":"2026-11-01T00:00:00Z","expires":"2046-01-01T00:00:00Z"}"#
            ),
            ("/etcd-cni/networks/k8s/reservations/10.188.0.30", #"{"by":"root@a","since":"2026-11-20T00:00:00Z"}"#),
        ])
        return site
    }

    @Test func columnsComeInTheOrderInWhichTheyAreNamed() async throws {
        let site = try await site()
        let csv = try await site.run(
            "list", "-n", "k8s", "-o", "csv", "--columns", "Used_By,address,RESERVED FOR"
        ).checked()
        #expect(
            csv.stdoutText == """
                USED BY,ADDRESS,RESERVED FOR
                default/web-1,10.188.0.9,
                ,10.188.0.20,default/db-0
                ,10.188.0.30,(anyone)
                default/web-2,10.188.0.100,

                """)
        let table = try await site.run("--columns=state,node", "list", "-n", "six", "--no-headers").checked()
        #expect(table.stdoutText == "used  n1\n")
        let wide = try await site.run("list", "-n", "six", "-o", "wide", "--columns", "ifname").checked()
        #expect(wide.stdoutText == "IFNAME\neth0\n")
    }

    @Test func unknownColumnsAreRefusedBeforeAnythingIsRead() async throws {
        let site = try await AdminSite()
        let list =
            "hint: the columns are network, address, state, used-by, reserved-for, node, container, ifname, since, "
        for (arguments, message) in [
            (["list", "--columns", "address,color"], "ipamctl: --columns: unknown column \"color\"\n\(list)"),
            (["list", "--sort-by", "-color"], "ipamctl: --sort-by: unknown column \"color\"\n\(list)"),
            (["list", "-o", "json", "--sort-by", "x"], "--sort-by: unknown column \"x\"\n\(list)"),
            (["list", "--columns", ""], "--columns: \"\" has an empty name"),
            (["list", "--columns", "a,,b"], "has an empty name"), (["list", "--sort-by", "-"], "has an empty name"),
            (["list", "--columns", "address", "-o", "json"], "--columns does not apply to -o json\nhint: "),
            (["networks", "--columns", "free", "-o", "prometheus"], "--columns does not apply to -o prometheus"),
            (["networks", "--columns", "free-flow"], "free, free-fixed, full"),
            (["history", "--since", "1h", "--columns", "at"], "the columns are network, address, from, to,"),
            (["history", "10.188.0.9", "--at", "1h", "--columns", "uid"], "address, at, state"),
            (["show", "10.188.0.9", "--columns", "podd"], "pod-uid"), (["audit", "--sort-by", "x"], "severity"),
            (["reserve", "10.188.0.9", "--columns", "x"], "the columns are network, address, action"),
            (["release", "10.188.0.9", "--columns", "x"], "the columns are network, address, action"),
            (["release", "--from-report", "x", "--columns", "x"], "severity"),
            (["hold", "--reason", "x", "--columns", "x"], "network, action, hold"),
            (["unhold", "--columns", "x"], "network, action, hold"), (["adopt", "--columns", "x"], "detail"),
            (["watch", "--columns", "x"], "network, event, address, who, from"),
            (["version", "--columns", "x"], "version"),
            (["watch", "--sort-by", "time"], "--sort-by: events are printed in their order"),
        ] {
            let output = try await site.run(
                arguments + ["--endpoints", "127.0.0.1:1"].prefix(arguments[0] == "version" ? 0 : 2))
            #expect(output.isProperFailure && output.status == 64, "\(arguments): \(output.stderrText)")
            #expect(output.stderrText.contains(message), "\(arguments): \(output.stderrText)")
        }
    }

    @Test(arguments: [
        ("address", "10.188.0.9 10.188.0.20 10.188.0.30 10.188.0.100 fd00:188::2"),
        ("-address", "fd00:188::2 10.188.0.100 10.188.0.30 10.188.0.20 10.188.0.9"),
        // Without a value last, in both directions.
        ("node,-address", "fd00:188::2 10.188.0.9 10.188.0.100 10.188.0.30 10.188.0.20"),
        ("-node,address", "10.188.0.100 10.188.0.9 fd00:188::2 10.188.0.20 10.188.0.30"),
        ("expires", "10.188.0.20 10.188.0.9 10.188.0.30 10.188.0.100 fd00:188::2"),
        ("since", "10.188.0.20 10.188.0.9 10.188.0.100 fd00:188::2 10.188.0.30"),
        // The youngest first.
        ("AGE", "10.188.0.30 10.188.0.9 10.188.0.100 fd00:188::2 10.188.0.20"),
        ("-age", "10.188.0.20 10.188.0.9 10.188.0.100 fd00:188::2 10.188.0.30"),
        ("state,-used-by", "10.188.0.20 10.188.0.30 10.188.0.100 10.188.0.9 fd00:188::2"),
    ]) func rowsAreSortedByValue(order: String, expected: String) async throws {
        let site = try await site()
        let names = try await site.run("list", "-o", "name", "--sort-by", order).checked().lines
        #expect(names.joined(separator: " ") == expected)
        let json = try #require(try await site.run("list", "-o", "json", "--sort-by", order).checked().json.array)
        #expect(json.map { $0["address"]?.string } == names)
        let table = try await site.run("list", "--columns", "address", "--no-headers", "--sort-by", order).checked()
        #expect(table.lines == names)
        let csv = try await site.run("list", "-o", "csv", "--columns", "address", "--sort-by", order).checked()
        #expect(csv.lines.dropFirst() == names[...])
    }

    @Test func networksAreSortedByNumbers_andKeepTheirRangeSets() async throws {
        let site = try await site()
        try await site.add("c4", "default/d", network: "dual", subnets: ["10.77.0.0/29", "fd00:77::/64"])
        let table = try await site.run("networks", "--sort-by", "-free").checked()
        #expect(
            table.lines.map { $0.split(separator: " ").first.map(String.init) } == [
                "NETWORK", "six", "k8s", "dual", "0", "1",
            ], "\(table.stdoutText)")
        let names = try await site.run("networks", "--sort-by", "total", "-o", "name").checked()
        #expect(names.lines == ["dual", "k8s", "six"])
        let some = try await site.run("networks", "--columns", "network,free", "--sort-by", "free").checked()
        #expect(
            some.lines[0] == "NETWORK     FREE" && some.lines[1] == "dual           4",
            "\(some.lines)")
    }

    @Test func limitComesAfterSorting_andSaysWhatIsLeftOut() async throws {
        let site = try await site()
        for format in ["name", "json", "csv", "table"] {
            let output = try await site.run("list", "--limit", "2", "--sort-by", "-address", "-o", format).checked()
            #expect(output.stderrText == "3 more were left out (--limit 2)\n")
            #expect(output.stdoutText.contains("fd00:188::2") && output.stdoutText.contains("10.188.0.100"))
            #expect(!output.stdoutText.contains("10.188.0.30"))
        }
        #expect(try await site.run("list", "--limit", "5").checked().stderr.isEmpty)
        for limit in ["0", "-1", "many"] {
            let output = try await site.run("list", "--limit=\(limit)")
            #expect(output.isProperFailure && output.status == 64 && output.stderrText.contains("--limit"), "\(limit)")
        }
    }

    /// What usually prints sentences prints a table if its columns are asked for.
    @Test func changesAndDetailsAreTablesOnRequest() async throws {
        let site = try await site()
        let reserved = try await site.run(
            "reserve", "10.188.0.50-10.188.0.51", "--columns", "address,action", "--sort-by", "-address"
        ).checked()
        #expect(reserved.stdoutText == "ADDRESS      ACTION\n10.188.0.51  reserved\n10.188.0.50  reserved\n")
        let held = try await site.run("hold", "k8s", "--reason", "x", "--columns", "network,hold").checked()
        #expect(held.stdoutText == "NETWORK  HOLD\nk8s      x\n")
        let shown = try await site.run("show", "10.188.0.9", "--columns", "pod,node").checked()
        #expect(shown.stdoutText == "Pod            Node\ndefault/web-1  n1\n")
        let report = try await site.run("history", "10.188.0.9", "--no-headers", "--columns", "event,who").checked()
        #expect(report.stdoutText == "in-use  default/web-1 on n1\n")
    }

    @Test func showHasAgesBesideTimes() async throws {
        let site = try await site()
        let show = try await site.run("show", "10.188.0.20").checked().stdoutText
        #expect(show.contains(/Reserved since: +2026-11-01T00:00:00Z \(\d+[dy] ago\)\n/), "\(show)")
        #expect(show.contains(/Expires: +2046-01-01T00:00:00Z \(in \d+y\)\n/), "\(show)")
    }
}
