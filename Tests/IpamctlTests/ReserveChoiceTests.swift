import Foundation
import IPAMKit
import TestSupport
import Testing

/// Which addresses `reserve --next` chooses, and for which pods `--each` reserves them.
@Suite(.needs(.etcd, .root)) struct ReserveChoiceTests {
    /// The fixed range is 10.188.0.10-10.188.0.19, the dynamic range 10.188.0.100-10.188.3.254.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.put([
            (
                "/etcd-cni/networks/k8s",
                #"[[{"rangeStart":"10.188.0.100","rangeEnd":"10.188.3.254","subnet":"10.188.0.0/22","gateway":"10.188.0.1"}],"#
                    + #"[{"rangeStart":"fd00:188::100","rangeEnd":"fd00:188::ffff:ffff:ffff:ffff","subnet":"fd00:188::/64","#
                    + #""gateway":"fd00:188::1"}]]"#
            ),
            (
                "/etcd-cni/networks/k8s/config",
                #"{"format":1,"goNodes":false,"fixed":[["10.188.0.10","10.188.0.19"],["fd00:188::10","fd00:188::1f"]]}"#
            ),
            ("/etcd-cni/networks/k8s/used/10.188.0.12", "somebody"),
        ])
        return site
    }

    private func names(_ site: AdminSite, _ arguments: String...) async throws -> (names: [String], notes: String) {
        let output = try await site.run(["reserve", "-o", "name", "--next"] + arguments).checked()
        return (output.lines, output.stderrText)
    }

    @Test func nextSaysWhenTheFixedRangeIsFull() async throws {
        let site = try await site()
        let first = try await names(site, "8")
        #expect(first.names.first == "10.188.0.10" && first.names.last == "10.188.0.18" && first.notes.isEmpty)
        let second = try await names(site, "3", "--dry-run")
        #expect(second.names == ["10.188.0.19", "10.188.0.100", "10.188.0.101"])
        #expect(
            second.notes == "note: the fixed range 10.188.0.10-10.188.0.19 has only 1 free address; "
                + "2 addresses from 10.188.0.100 on are of the dynamic range 10.188.0.100-10.188.3.254\n")
        _ = try await names(site, "1")
        let third = try await names(site, "1")
        #expect(third.names == ["10.188.0.100"])
        #expect(
            third.notes.contains("has only 0 free addresses; 10.188.0.100 is of the dynamic range"), "\(third.notes)")
    }

    @Test func contiguousTakesTheFirstRunThatFits() async throws {
        let site = try await site()
        #expect(try await names(site, "2", "--contiguous").names == ["10.188.0.10", "10.188.0.11"])
        _ = try await site.run("release", "10.188.0.10-10.188.0.11").checked()
        let run = try await names(site, "3", "--contiguous")
        #expect(run.names == ["10.188.0.13", "10.188.0.14", "10.188.0.15"] && run.notes.isEmpty)
        let long = try await names(site, "5", "--contiguous", "--dry-run")
        #expect(long.names == (100..<105).map { "10.188.0.\($0)" })
        #expect(
            long.notes.hasPrefix(
                "note: no 5 successive addresses of the fixed range 10.188.0.10-10.188.0.19 are free; "
                    + "5 addresses from 10.188.0.100 on"), "\(long.notes)")
        let six = try await names(site, "20", "--contiguous", "--family", "ipv6")
        #expect(six.names.first == "fd00:188::100" && six.names.last == "fd00:188::113")
        _ = try await site.run("reserve", "10.188.2.0").checked()
        let before = try await site.dump()
        #expect(try await names(site, "500", "--contiguous", "--dry-run").names.first == "10.188.2.1")
        let more = try await site.run("reserve", "--next", "600", "--contiguous")
        #expect(more.isProperFailure && more.status == 3)
        #expect(
            more.stderrText.hasPrefix(
                "ipamctl: network k8s has no 600 successive free IPv4 addresses; the longest run is 510\n"),
            "\(more.stderrText)")
        #expect(try await site.dump() == before)
    }

    @Test func severalWhoAskForRunsAtOnceGetDifferentOnes() async throws {
        let site = try await site()
        let runs = try await withThrowingTaskGroup(of: [String].self) { group in
            for index in 0..<6 {
                group.addTask {
                    try await names(site, "7", "--contiguous", "--for", "default/sts/s\(index)").names
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(runs.flatMap(\.self)).count == 42)
        for run in runs {
            let addresses = try run.map { try IPAddress($0) }
            #expect(addresses.last == addresses.first?.advanced(by: 6), "\(run)")
        }
    }

    @Test func eachPodGetsAnAddressOfItsOwn() async throws {
        let site = try await site()
        let output = try await site.run(
            "reserve", "10.188.0.16-10.188.0.18", "fd00:188::10-fd00:188::12", "--for", "default/sts/db", "--each"
        ).checked()
        #expect(
            output.lines == [
                "10.188.0.16 reserved for default/db-0", "10.188.0.17 reserved for default/db-1",
                "10.188.0.18 reserved for default/db-2", "fd00:188::10 reserved for default/db-0",
                "fd00:188::11 reserved for default/db-1", "fd00:188::12 reserved for default/db-2",
            ], "\(output.stdoutText)")
        let next = try await site.run(
            "reserve", "--next", "2", "--contiguous", "--for", "default/sts/db", "--each", "--start", "3"
        ).checked()
        #expect(
            next.stdoutText == "10.188.0.10 reserved for default/db-3\n10.188.0.11 reserved for default/db-4\n")
        let again = try await site.run("reserve", "--next", "2", "--for", "default/sts/db", "--each", "--dry-run")
            .checked()
        #expect(
            again.stderrText
                == """
                note: default/db-0 also has 10.188.0.16 reserved, and gets the lowest of its addresses that is free: \
                10.188.0.13
                note: default/db-1 also has 10.188.0.17 reserved, and gets the lowest of its addresses that is free: \
                10.188.0.14

                """)
        // Such a pod gets its addresses without asking.
        let given = try await site.add("c1", "default/db-1", subnets: ["10.188.0.0/22", "fd00:188::/64"])
        #expect(given.map(\.description) == ["10.188.0.17", "fd00:188::11"])
        let plan = """
            address,for,each,start
            10.188.0.14-10.188.0.15,default/sts/kv,true,
            10.188.1.0-10.188.1.1,default/sts/kv,yes,2
            10.188.1.9,default/sts/kv,no,
            """
        let table = try await site.run("reserve", "-f", "-", "--dry-run", stdin: plan).checked()
        #expect(
            table.lines
                == [
                    "10.188.0.14 reserved for default/kv-0", "10.188.0.15 reserved for default/kv-1",
                    "10.188.1.0 reserved for default/kv-2", "10.188.1.1 reserved for default/kv-3",
                    "10.188.1.9 reserved for default/sts/kv",
                ].map { $0 + " (dry run)" }, "\(table.stdoutText)")
    }

    @Test func wrongCombinationsAreRefused() async throws {
        let site = try await site()
        let before = try await site.dump()
        let usage = "see 'ipamctl reserve --help'"
        for (arguments, message, hint) in [
            (["10.188.0.10", "--contiguous"], "--contiguous goes with --next", usage),
            (["10.188.0.10", "--start", "3"], "--start goes with --each", usage),
            (
                ["10.188.0.10", "--each"], "--each: only the pods of a StatefulSet have ordinals, and none is named",
                "write --for NAMESPACE/sts/NAME, or omit --each"
            ),
            (
                ["--next", "2", "--each", "--for", "default/deploy/web"],
                "--each: only the pods of a StatefulSet have ordinals, and default/deploy/web is no StatefulSet",
                "write --for NAMESPACE/sts/NAME, or omit --each"
            ),
            (
                ["10.188.0.10", "--each", "--for", "default/sts/db", "--start=-1"],
                "--each: the ordinals from -1 are not between 0 and 2147483647",
                "write --for NAMESPACE/sts/NAME, or omit --each"
            ),
            (["-f", "-", "--each"], "the plan has its own column for this: omit --each", usage),
        ] {
            let output = try await site.run(["reserve"] + arguments, stdin: "10.188.0.10\n")
            #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
            #expect(output.stderrText == "ipamctl: \(message)\nhint: \(hint)\n", "\(output.stderrText)")
        }
        for (plan, message) in [
            (
                "address,for,each\n10.188.0.10,default/sts/db,perhaps\n",
                "entry 1: each: \"perhaps\" is neither true nor false"
            ),
            ("address,for,each,start\n10.188.0.10,default/sts/db,true,x\n", "entry 1: start: \"x\" is not a number"),
            ("address,for,each\n10.188.0.10,default/deploy/db,true\n", "entry 1: each: only the pods of a StatefulSet"),
        ] {
            let output = try await site.run("reserve", "-f", "-", stdin: plan)
            #expect(
                output.isProperFailure && output.status == 64 && output.stderrText.contains(message),
                "\(output.stderrText)")
        }
        #expect(try await site.dump() == before)
    }
}
