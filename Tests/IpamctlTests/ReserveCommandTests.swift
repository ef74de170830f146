import Foundation
import IPAMKit
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct ReserveCommandTests {
    private func site(_ subnets: [String] = ["10.188.0.0/22", "fd00:188::/64"]) async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", subnets: subnets)
        return site
    }

    private func reserved(_ site: AdminSite) async throws -> [String] {
        try await site.run("list", "--state", "reserved", "-o", "name").checked().lines
    }

    @Test func addressesAreNamedInEveryForm() async throws {
        let site = try await site()
        let output = try await site.run(
            "reserve", "10.188.0.9,10.188.0.11", "10.188.0.20-10.188.0.22", "fd00:188::77", "--for",
            "default/deploy/web",
            "--note", "blue"
        ).checked()
        #expect(output.lines.count == 6 && output.lines[0] == "10.188.0.9 reserved for default/deploy/web")
        #expect(
            try await reserved(site) == [
                "10.188.0.9", "10.188.0.11", "10.188.0.20", "10.188.0.21", "10.188.0.22", "fd00:188::77",
            ])
        let again = try await site.run("reserve", "10.188.0.9", "--for", "default/deploy/web").checked()
        #expect(again.stdoutText == "10.188.0.9 is reserved for default/deploy/web already\n")
        let value = try await site.dump().first { $0.hasPrefix("/etcd-cni/networks/k8s/reservations/10.188.0.9 ") }
        #expect(value?.contains(#""note":"blue""#) == true, "an old note stays")
    }

    @Test func ofACIDRWhatNoPodCanHaveIsPassedOverAndTold() async throws {
        let site = try await site()
        _ = try await site.run("release", "10.188.0.2", "--force").checked()
        let first = try await site.run("reserve", "10.188.0.0/30").checked()
        #expect(first.stderrText == "skipped: 10.188.0.0 (network address), 10.188.0.1 (gateway)\n")
        let last = try await site.run("reserve", "-f", "-", stdin: "10.188.3.252/30,default/db-0\n").checked()
        #expect(last.stderrText == "skipped: 10.188.3.255 (broadcast address)\n")
        #expect(
            try await reserved(site) == ["10.188.0.2", "10.188.0.3", "10.188.3.252", "10.188.3.253", "10.188.3.254"])
    }

    @Test func nextTakesFreeAddresses_alsoWhenSeveralAskAtOnce() async throws {
        let site = try await site()
        let outputs = try await withThrowingTaskGroup(of: ProcessOutput.self) { group in
            for index in 0..<6 {
                group.addTask { try await site.run("reserve", "--next", "5", "--for", "default/sts/s\(index)") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outputs.allSatisfy { $0.status == 0 && $0.lines.count == 5 }, "\(outputs.map(\.stderrText))")
        #expect(try await reserved(site).count == 30)
        let small = try await self.site(["10.4.0.0/29"])
        let output = try await small.run("reserve", "--next", "9")
        #expect(
            output.isProperFailure && output.status == 3 && output.stderrText.contains("has 4 free addresses, not 9"))
    }

    @Test func aPlanIsReadFromAFileOrStandardInput() async throws {
        let site = try await site()
        let plan =
            "Note,ADDRESS,for,expires\r\n\"a, \"\"b\"\"\nc\",10.188.0.9,default/db-0,72h\r\n\n,10.188.0.20-10.188.0.21,,\n"
        _ = try await site.run("reserve", "-f", "-", stdin: plan).checked()
        let list = try await site.run("list", "--state", "reserved", "-o", "json").checked().json.array
        #expect(list?.map { $0["reservation"]?["note"]?.string } == ["a, \"b\"\nc", nil, nil])
        #expect(list?[0]["reservation"]?["expires"]?.string != nil)
        let folder = try TemporaryDirectory()
        let before = try await site.dump()
        for (text, message) in [
            ("address,for\n10.188.0.30,\n10.188.0.300,\n", "entry 2: \"10.188.0.300\" is not an IP address"),
            ("10.188.0.30,db-0\n", "entry 1: for: \"db-0\" is not a holder"),
            ("10.188.0.30,default/db-0,x,soon\n", "entry 1: expires: \"soon\""),
            ("10.188.0.30\n10.188.0.30\n", "entry 2: 10.188.0.30 occurs twice"),
            ("10.188.0.30,a/b,c,,e\n", "entry 1: the entry has 5 columns"),
            (",default/db-0\n10.188.0.31,\n", "entry 1: \"\" names no address"),
            ("\"10.188.0.30\n", "a quoted field is not closed"),
            ("address,owner\n", "unknown column \"owner\""), ("", "has no addresses"),
            ("address\n", "has no addresses"),
        ] {
            let file = try folder.write(text, to: "plan.csv").path
            let output = try await site.run("reserve", "-f", file)
            #expect(output.isProperFailure && output.status == 64, "\(text): \(output.stderrText)")
            #expect(
                output.stderrText.contains(message) && output.stderrText.contains("plan.csv"),
                "\(text): \(output.stderrText)")
        }
        #expect(try await site.dump() == before)
    }

    /// 1,024 bytes of UTF-8; what is stored already may be longer.
    @Test func notesHaveALimit() async throws {
        let site = try await site()
        let longest = String(repeating: "é", count: 512)
        _ = try await site.run("reserve", "10.188.0.9", "--note", longest).checked()
        _ = try await site.run("reserve", "-f", "-", stdin: "10.188.0.10,,\(longest)\n").checked()
        let long = String(repeating: "n", count: 100_000)
        try await site.put([
            ("/etcd-cni/networks/k8s/reservations/10.188.0.11", #"{"by":"root@a","note":"\#(long)"}"#)
        ])
        let before = try await site.dump()
        let folder = try TemporaryDirectory()
        let plan = try folder.write(
            "address,note\n10.188.0.20,short\n10.188.0.21,\(longest)n\n", to: "plan.csv"
        ).path
        for (arguments, message) in [
            (
                ["10.188.0.20", "--note", longest + "n"],
                "ipamctl: --note: the text has 1025 bytes; at most 1024 are allowed"
            ),
            (
                ["--next", "2", "--note", longest + "n"],
                "ipamctl: --note: the text has 1025 bytes; at most 1024 are allowed"
            ),
            (["-f", plan], "ipamctl: \(plan), entry 2: note: the text has 1025 bytes; at most 1024 are allowed"),
        ] {
            let output = try await site.run(["reserve"] + arguments)
            #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
            #expect(output.stderrText == message + "\nhint: shorten the text\n")
        }
        #expect(try await site.dump() == before)
        let list = try await site.run("list", "--state", "reserved", "-o", "json").checked().json.array
        #expect(list?.last?["reservation"]?["note"]?.string == long)
        _ = try await site.run("reserve", "10.188.0.11", "--expires", "72h").checked()
        _ = try await site.run("release", "10.188.0.11").checked()
    }

    /// SUDO_USER is whatever somebody has set.
    @Test func whoReservesIsNoLongerThanAUserCanBe() async throws {
        let site = try await site()
        for (user, recorded) in [("ann", "ann@"), (String(repeating: "u", count: 300), "root@")] {
            let environment = ["ETCDCTL_ENDPOINTS": site.server.clientURL, "SUDO_USER": user]
            _ = try await site.run("reserve", "--next", "1", environment: environment).checked()
            let values = try await site.dump().filter { $0.contains("/reservations/") }
            #expect(values.contains { $0.contains("\"by\":\"\(recorded)") }, "\(values)")
        }
    }

    @Test func expiryIsASpanOrATime() async throws {
        let site = try await site()
        for (index, (text, seconds)) in [
            ("90s", 90), ("30m", 1800), ("72h", 259_200), ("7d", 604_800), ("1h30m", 5400), ("600", 600),
        ].enumerated() {
            let address = "10.188.0.\(100 + index)"
            _ = try await site.run("reserve", address, "--expires", text).checked()
            let reservation = try await site.run("show", address, "-o", "json").checked().json["reservation"]
            let since = try #require(reservation?["since"]?.string.flatMap(Timestamp.init))
            #expect(reservation?["expires"]?.string == since.advanced(bySeconds: Int64(seconds)).description, "\(text)")
        }
        let output = try await site.run("reserve", "10.188.0.200", "--expires", "2046-12-24T18:00:00+01:00").checked()
        #expect(output.stdoutText == "10.188.0.200 reserved for any pod that requests it until 2046-12-24T17:00:00Z\n")
    }

    @Test func dryRunChangesNothing() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0").checked()
        let before = try await site.dump()
        for arguments in [
            ["reserve", "10.188.0.30", "--for", "default/db-0"], ["reserve", "--next", "3"], ["release", "10.188.0.9"],
            ["release", "--pod", "default/db-1", "--force"], ["reserve", "10.188.1.0/24", "10.188.2.0/24", "--batch"],
        ] {
            let output = try await site.run(arguments + ["--dry-run"]).checked()
            #expect(
                !output.lines.isEmpty && output.lines.allSatisfy { $0.hasSuffix(" (dry run)") }, "\(output.stdoutText)")
            let json = try await site.run(arguments + ["--dry-run", "-o", "json"]).checked().json.array ?? []
            #expect(!json.isEmpty && json.allSatisfy { $0["dryRun"]?.bool == true })
        }
        #expect(try await site.dump() == before)
    }

    /// More than one transaction takes is for --batch; killed, it is run again.
    @Test func manyAddressesNeedBatch_whichIsResumedAfterAKill() async throws {
        let site = try await site(["10.188.0.0/18"])
        let arguments = ["reserve", "10.188.16.0/20", "--for", "default/deploy/web"]
        let refused = try await site.run(arguments)
        #expect(refused.isProperFailure && refused.status == 64)
        #expect(refused.stderrText.contains("4096 addresses are more than one transaction takes (1024)\nhint: --batch"))
        let command = try site.command(arguments + ["--batch", "--yes"])
        let process = try SpawnedProcess(command.program, command.arguments, environment: site.environment())
        while try await site.held().count < 100, !process.hasEnded { await Task.yield() }
        process.kill()
        _ = try await process.output()
        let left = try await site.held().count { $0.hasPrefix("reservations/") }
        #expect(left > 0 && left % 1024 == 0, "each batch is all or nothing: \(left)")
        let resumed = try await site.run(arguments + ["--batch", "-o", "csv"]).checked()
        #expect(resumed.lines.count == 4097)
        #expect(resumed.lines.count { $0.contains(",unchanged,") } == left)
        #expect(try await site.held().count { $0.hasPrefix("reservations/10.188.") } == 4096)
    }

    @Test func aBatchThatStopsHalfWayTellsWhatIsDone() async throws {
        let site = try await site(["10.188.0.0/18"])
        _ = try await site.run("reserve", "10.188.20.7", "--for", "default/db-0").checked()
        let before = try await site.dump()
        let output = try await site.run("reserve", "10.188.16.0/20", "--batch", "--yes")
        #expect(output.isProperFailure && output.status == 3, "\(output.stderrText)")
        #expect(output.stderrText.contains("10.188.20.7 is reserved for default/db-0"))
        #expect(try await site.dump() == before, "all batches are looked at before the first is done")
    }
}
