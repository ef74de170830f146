import Foundation
import IPAMKit
import TestSupport
import Testing

/// `extend`, `note` and `list --expiring`.
@Suite(.needs(.etcd, .root)) struct AmendmentCommandTests {
    private static let base = "/etcd-cni/networks/k8s/reservations/"

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", ip: "10.188.0.2", subnets: ["10.188.0.0/22"])
        _ = try await site.run(
            "reserve", "10.188.0.20-10.188.0.22", "--for", "default/sts/db", "--expires", "2046-12-24T18:00:00Z"
        ).checked()
        _ = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0", "--note", "a").checked()
        return site
    }

    private func expiry(_ site: AdminSite, _ address: String) async throws -> String? {
        try await site.run("list", address, "-o", "json").checked().json.array?.first?["reservation"]?["expires"]?
            .string
    }

    @Test func expiryIsChangedToATime_toASpanFromNow_andToNever() async throws {
        let site = try await site()
        let time = try await site.run("extend", "10.188.0.9", "--expires", "2047-01-01T00:00:00Z").checked()
        #expect(
            time.stdoutText
                == "10.188.0.9 reserved for default/db-0 until 2047-01-01T00:00:00Z (was without expiry)\n")
        let again = try await site.run("extend", "10.188.0.9", "--expires", "2047-01-01T00:00:00Z").checked()
        #expect(again.stdoutText == "10.188.0.9 is reserved for default/db-0 until 2047-01-01T00:00:00Z already\n")
        // Earlier than before is allowed, too.
        let now = Date().timeIntervalSince1970
        _ = try await site.run("extend", "10.188.0.9", "--expires", "72h").checked()
        let end = try #require(Timestamp(try await expiry(site, "10.188.0.9") ?? "")).seconds
        #expect(Double(end) >= now + 72 * 3600 - 1, "a span counts from now")
        let never = try await site.run("extend", "--for", "default/sts/db", "--expires", "never").checked()
        #expect(
            never.lines.dropFirst().first
                == "10.188.0.20 reserved for default/sts/db without expiry (was until 2046-12-24T18:00:00Z)")
        #expect(
            never.lines.count == 4
                && never.lines[0].hasPrefix("10.188.0.9 reserved for default/db-0 without expiry (was until "),
            "also what is reserved for one of its pods: \(never.lines)")
        #expect(try await expiry(site, "10.188.0.21") == nil)
        let range = try await site.run("extend", "10.188.0.0/27", "--expires", "9d", "-o", "name").checked()
        #expect(range.lines == ["10.188.0.9", "10.188.0.20", "10.188.0.21", "10.188.0.22"])
    }

    @Test func whatIsNotReservedIsNotFound_andNothingIsChanged() async throws {
        let site = try await site()
        let before = try await site.dump()
        for (words, status, message) in [
            (
                ["extend", "10.188.0.9", "10.188.0.8", "--expires", "3d"], 4,
                "10.188.0.8 is not reserved in network k8s\n"
            ),
            (["extend", "10.188.0.2", "--expires", "3d"], 4, "10.188.0.2 is not reserved in network k8s\n"),
            (
                ["extend", "--for", "default/sts/x", "--expires", "3d"], 4,
                "network k8s has no reservation for default/sts/x\n"
            ),
            (
                ["extend", "10.188.0.100-10.188.0.120", "--expires", "3d"], 4,
                "has no reservation among these addresses\n"
            ),
            (
                ["extend", "10.188.0.9", "--for", "default/db-0", "--expires", "3d"], 64,
                "one of: addresses, --for HOLDER, --fence or --plan NAME"
            ),
            (["extend", "10.188.0.9"], 64, "missing expected argument '--expires <time>'"),
            (
                ["extend", "10.188.0.9", "--expires", "soon"], 64,
                "hint: write 72h or 7d, or 2026-12-24T18:00:00Z, or never\n"
            ),
            (["extend", "10.188.0.9", "--expires", "2020-01-01T00:00:00Z"], 64, "is in the past"),
            (
                ["note", "10.188.0.8", "x"], 4,
                "10.188.0.8 is not reserved in network k8s\nhint: 'ipamctl reserve 10.188.0.8' reserves it"
            ),
            (["note", "10.188.0.9"], 64, "write the note after the address, or --clear to remove it"),
            (["note", "10.188.0.9", "x", "--clear"], 64, "a text and --clear exclude each other"),
            (["note", "10.188.0.9", "a\nb"], 64, "the text has a line break or another control character"),
            (["note", "10.188.0.9", String(repeating: "n", count: 1025)], 64, "at most 1024 are allowed"),
            (["note", "10.188.0", "x"], 64, "\"10.188.0\" is not an IP address"),
            (["list", "--expiring", "7d", "--state", "free"], 64, "free addresses have no expiry"),
            (["list", "--expiring", "soon"], 64, "--expiring: \"soon\" is not valid"),
        ] as [([String], Int32, String)] {
            let refused = try await site.run(words)
            #expect(refused.isProperFailure && refused.status == status, "\(words): \(refused)")
            #expect(refused.stderrText.contains(message), "\(words): \(refused)")
        }
        for words in [["extend", "10.188.0.9", "--expires", "3d"], ["note", "10.188.0.9", "b"]] {
            let dry = try await site.run(words + ["--dry-run"]).checked()
            #expect(dry.stdoutText.hasSuffix(" (dry run)\n"))
        }
        #expect(try await site.dump() == before)
    }

    @Test func fencesAndTheReservationsOfAPlanAreExtended_andListed() async throws {
        let site = try await site()
        try await site.put([
            (Self.base + "10.188.0.30", #"{"for":"(nobody)","note":"printer"}"#),
            (Self.base + "10.188.0.31", #"{"for":"default/deploy/web","plan":"web"}"#),
        ])
        try await site.put([(Self.base + "10.188.0.2", #"{"for":"default/db-1","plan":"web"}"#)])
        let end = "2047-01-01T00:00:00Z"
        let fences = try await site.run("extend", "--fence", "--expires", end, "-o", "json").checked().json.array
        #expect(
            fences == [
                [
                    "network": "k8s", "address": "10.188.0.30", "action": "updated", "for": "(nobody)",
                    "note": "printer",
                    "expires": .string(end),
                ]
            ])
        let plan = try await site.run("extend", "--plan", "web", "--expires", end, "-o", "name").checked()
        #expect(plan.lines == ["10.188.0.2", "10.188.0.31"])
        #expect(try await site.run("list", "--plan", "web", "-o", "name").checked().lines == plan.lines)
        let csv = try await site.run(
            "list", "--expiring", "9999d", "--columns", "address,plan", "-o", "csv", "--plan", "web"
        ).checked()
        #expect(csv.lines == ["ADDRESS,PLAN", "10.188.0.2,web", "10.188.0.31,web"])
        let both = try await site.run("extend", "--fence", "--for", "default/db-0", "--expires", "3d")
        #expect(both.status == 64)
        let none = try await site.run("extend", "--plan", "x", "--expires", "3d")
        #expect(none.status == 4 && none.stderrText.contains("network k8s has no reservation of plan x\n"))
        let asked = try await site.runOnTerminal(["extend", "10.188.0.9", "--expires", end], answer: "n\n")
        #expect(asked.stdoutText.contains(" expire at \(end) (now: without expiry)? [y/N] "), "\(asked)")
        let pods = try await site.run("list", "--workload", "default/sts/db", "-o", "name").checked()
        #expect(pods.lines == ["10.188.0.2", "10.188.0.9", "10.188.0.20", "10.188.0.21", "10.188.0.22"])
        let history = try await site.run("history", "10.188.0.30").checked()
        #expect(history.stdoutText.contains("until \(end), note \"printer\""), "\(history.stdoutText)")
        let dropped = try await site.run("release", "--plan", "web", "--yes", "-o", "name").checked()
        #expect(dropped.lines == plan.lines)
        #expect(try await site.run("list", "10.188.0.2", "10.188.0.31", "-o", "name").checked().lines == ["10.188.0.2"])
    }

    @Test func noteIsSetReplacedAndRemoved() async throws {
        let site = try await site()
        let set = try await site.run("note", "10.188.0.9", "b \"c\"").checked()
        #expect(set.stdoutText == "10.188.0.9 note \"b \\\"c\\\"\" (was \"a\")\n")
        #expect(
            try await site.run("note", "10.188.0.9", "b \"c\"").checked().stdoutText
                == "10.188.0.9 has this note already\n")
        let json = try await site.run("note", "10.188.0.9", "", "-o", "json").checked().json.array?.first
        #expect(
            json == [
                "network": "k8s", "address": "10.188.0.9", "action": "updated", "for": "default/db-0",
            ])
        #expect(
            try await site.run("note", "10.188.0.9", "--clear").checked().stdoutText
                == "10.188.0.9 has no note already\n")
        let value = try await site.dump().first { $0.hasPrefix(Self.base + "10.188.0.9 ") }
        #expect(value?.contains("note") == false && value?.contains(#""for":"default/db-0""#) == true, "\(value ?? "")")
        let history = try await site.run("history", "10.188.0.9", "-o", "json").checked().stdoutText
        #expect(history.contains(#"b \"c\""#), "the former note is in the history: \(history)")
    }

    @Test func onATerminalTheChangeIsShownAndAskedFor() async throws {
        let site = try await site()
        let before = try await site.dump()
        let note = try await site.runOnTerminal(["note", "10.188.0.9", "b"], answer: "n\n")
        #expect(
            note.stdoutText.contains(
                "Set the note of 10.188.0.9 of network k8s, reserved for default/db-0 to \"b\" (now \"a\")? [y/N] "),
            "\(note)")
        let extend = try await site.runOnTerminal(
            ["extend", "--for", "default/sts/db", "--expires", "never"], answer: "n\n")
        #expect(extend.stdoutText.contains("Let 4 reservations of network k8s never expire? [y/N] "), "\(extend)")
        #expect(
            extend.stdoutText.contains("10.188.0.21 reserved for default/sts/db without expiry (was until"), "\(extend)"
        )
        #expect(try await site.dump() == before)
    }

    @Test func expiringListsWhatEndsSoonAndWhatHasEnded_theFirstOneFirst() async throws {
        let site = try await site()
        try await site.put([
            (Self.base + "10.188.0.30", #"{"for":"default/x","expires":"2026-01-01T00:00:00Z"}"#),
            (Self.base + "10.188.0.31", #"{"for":"(nobody)","expires":"9999-12-31T23:59:59Z"}"#),
        ])
        _ = try await site.run("extend", "10.188.0.21", "--expires", "2h").checked()
        _ = try await site.run("extend", "10.188.0.20", "--expires", "3d").checked()
        func names(_ words: String...) async throws -> [String] {
            try await site.run(["list", "--expiring"] + words + ["-o", "name"]).checked().lines
        }
        #expect(try await names("1h") == ["10.188.0.30"])
        #expect(try await names("7d") == ["10.188.0.30", "10.188.0.21", "10.188.0.20"])
        #expect(try await names("7d", "--limit", "2") == ["10.188.0.30", "10.188.0.21"])
        #expect(try await names("7d", "--sort-by", "address") == ["10.188.0.20", "10.188.0.21", "10.188.0.30"])
        #expect(try await names("7d", "--sort-by", "-left") == ["10.188.0.20", "10.188.0.21", "10.188.0.30"])
        #expect(try await names("7d", "--workload", "default/sts/db") == ["10.188.0.21", "10.188.0.20"])
        let table = try await site.run("list", "--expiring", "7d").checked().lines
        #expect(table.count == 4 && table[0].hasSuffix("EXPIRES               LEFT"), "\(table)")
        #expect(table[1].hasSuffix("default/x       2026-01-01T00:00:00Z  expired"), "\(table)")
        let json = try await site.run("list", "--expiring", "7d", "-o", "json").checked().json.array ?? []
        #expect((json.first?["secondsLeft"]?.int ?? 0) < 0 && json.first?["reservation"]?["for"] == "default/x")
        #expect((0...7200).contains(json.dropFirst().first?["secondsLeft"]?.int ?? -1), "\(json)")
        let none = try await site.run("list", "--expiring", "1h", "--pod", "default/none").checked()
        #expect(none.stderrText == "no matching reservation expires by then\n")
        // The list is a plan for `reserve`.
        let csv = try await site.run("list", "--expiring", "7d", "-o", "csv").checked().stdoutText
        #expect(
            csv.hasPrefix("NETWORK,ADDRESS,USED BY,RESERVED FOR,EXPIRES,PLAN,NOTE\r\n")
                || csv.hasPrefix("NETWORK,ADDRESS,USED BY,RESERVED FOR,EXPIRES,PLAN,NOTE\n"), "\(csv)")
        let dry = try await site.run("reserve", "-f", "-", "--dry-run", "-o", "name", stdin: csv).checked()
        #expect(dry.lines == ["10.188.0.21", "10.188.0.20"], "what has expired is not reserved again")
    }
}
