import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl map` on a terminal, in a pipe and as an image.
@Suite(.needs(.etcd, .root)) struct MapCommandTests {
    private static let document = """
        [[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","gateway":"10.188.0.1"}],\
        [{"rangeStart":"fd00:188::2","rangeEnd":"fd00:188::ffff:ffff:ffff:ffff","subnet":"fd00:188::/64",\
        "gateway":"fd00:188::1"}]]
        """

    private static let base = "/etcd-cni/networks/k8s"

    /// A /16 with a fixed range, and an IPv6 /64; a pod, and a reservation.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        let base = Self.base
        try await site.put([
            (base, Self.document),
            ("\(base)/config", #"{"format":1,"goNodes":false,"fixed":[["10.188.0.10","10.188.0.255"]]}"#),
            ("\(base)/used/10.188.1.7", "c1"), ("\(base)/used/fd00:188::2", "c1"),
            (
                "\(base)/attachments/c1/eth0",
                #"{"addresses":["10.188.1.7","fd00:188::2"],"namespace":"default","pod":"web-1","node":"n1"}"#
            ),
            ("\(base)/reservations/10.188.0.216", #"{"for":"default/db-0","note":"mysql"}"#),
        ])
        return site
    }

    private func screen(
        _ site: AdminSite, _ arguments: [String], columns: Int = 80, rows: Int = 24,
        _ environment: [String: String] = [:], steps: [ScreenStep] = [.end]
    ) async throws -> ScreenRun {
        let command = try site.command(["map"] + arguments)
        return try await runOnScreen(
            command.program, command.arguments, environment: site.environment().merging(environment) { _, new in new },
            size: (columns, rows), steps: steps)
    }

    // MARK: On a terminal

    @Test func bothFamiliesFitATerminalOfEightyColumns() async throws {
        let site = try await site()
        let run = try await screen(site, [])
        #expect(run.status == 0 && run.screen.count < 24 && run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
        #expect(run.screen[0] == "k8s  10.188.0.0/16  gateway 10.188.0.1  a cell is an address", "\(run.text)")
        #expect(
            run.text.contains("1 used, 1 reserved, 65278 free, 245 free fixed, 1 gateway, 10 excluded"), "\(run.text)")
        let first = try #require(run.screen.first { $0.hasPrefix("10.188.0.0 ") })
        #expect(first.hasSuffix("-G--------" + String(repeating: "◇", count: 54)), "\(run.text)")
        let pods = try #require(run.screen.first { $0.hasPrefix("10.188.1.0 ") })
        #expect(pods.hasSuffix(" ·······█" + String(repeating: "·", count: 56)), "\(run.text)")
        #expect(run.text.contains("* 65152 addresses to 10.188.255.191: free"), "\(run.text)")
        #expect(run.screen.contains { $0.hasPrefix("fd00:188:: ") && $0.contains("-G█·") }, "\(run.text)")
        #expect(run.text.contains("* 1.8e19 addresses to fd00:188::ffff:ffff:ffff:ffff: free"), "\(run.text)")
        #expect(
            run.screen.last == "█ used  ◆ reserved  · free  ◇ free, fixed range  G gateway  - excluded", "\(run.text)")
    }

    @Test func aWideTerminalHasLongerRows() async throws {
        let site = try await site()
        let run = try await screen(site, ["--cidr", "10.188.0.0/22"], columns: 200)
        #expect(run.screen.allSatisfy { $0.count <= 200 }, "\(run.text)")
        let row = try #require(run.screen.first { $0.hasPrefix("10.188.1.0 ") })
        #expect(row.count { $0 == "·" } == 127 && row.count { $0 == "█" } == 1, "\(run.text)")
        #expect(run.screen[2].contains("+0 ") && run.screen[2].hasSuffix("+112"), "\(run.text)")
    }

    /// A used address in each /26 of the /16: a cell is a block, and each shows that it has one.
    @Test func aNetworkThatIsUsedEverywhereGetsBlocks() async throws {
        let site = try await site()
        try await site.put((20..<1024).map { ("\(Self.base)/used/10.188.\($0 / 4).\($0 % 4 * 64 + 9)", "x\($0)") })
        let run = try await screen(site, ["--cidr", "10.188.0.0/16"])
        #expect(run.screen[0].hasSuffix("a cell is a /26 (64 addresses)"), "\(run.text)")
        #expect(run.screen.count < 24 && run.text.contains("▁ to ▇ block, 1/8 to 7/8 taken"), "\(run.text)")
        #expect(run.screen[2].contains("+0 ") && run.screen[2].contains("+12.0"), "\(run.text)")
        let row = try #require(run.screen.first { $0.hasPrefix("10.188.240.0 ") })
        #expect(row.hasSuffix(" " + String(repeating: "▁", count: 64)), "\(run.text)")
    }

    @Test func withoutUTF8OrOnADumbTerminalThereAreOnlyASCIICharacters() async throws {
        let site = try await site()
        for environment in [["LC_ALL": "C"], ["TERM": "dumb"]] {
            let run = try await screen(site, [], environment)
            #expect(run.raw.utf8.allSatisfy { $0 < 0x80 }, "\(run.text)")
            #expect(
                run.screen.last == "# used  r reserved  . free  f free, fixed range  G gateway  - excluded",
                "\(run.text)")
            #expect(run.screen.contains { $0.hasPrefix("10.188.1.0 ") && $0.contains(" .......#....") }, "\(run.text)")
        }
    }

    @Test func colourOnlyRepeatsWhatTheCharactersSay() async throws {
        let site = try await site()
        let coloured = try await screen(site, [])
        #expect(coloured.raw.contains("\u{1B}[36m◆\u{1B}[0m"), "\(coloured.raw)")
        for (arguments, environment) in [([], ["NO_COLOR": "1"]), (["--color", "never"], [:])]
            as [([String], [String: String])]
        {
            let plain = try await screen(site, arguments, environment)
            #expect(!plain.raw.contains("\u{1B}"), "\(plain.raw)")
            #expect(plain.screen == coloured.screen)
        }
    }

    /// Each picture that is drawn in place shows one reservation more, and nothing of the one before is left.
    @Test func aWatchedMapIsDrawnInPlace() async throws {
        let site = try await site()
        let watching = Flag()
        async let run = screen(
            site, ["k8s", "--cidr", "10.188.0.0/22", "--watch"],
            steps: [
                .wait("Ctrl-C to stop"), .wait("^.*[05] reserved"), .wait("^.*[27] reserved"), .capture,
                .resize(columns: 120, rows: 30), .wait("^.*[38] reserved"), .capture, .type("\u{3}"), .end,
            ])
        async let reserving: Void = {
            var number = 0
            while !watching.isSet, number < 250 {
                number += 1
                try await site.put([("\(Self.base)/reservations/10.188.2.\(number)", "{}")])
                try await Task.sleep(for: .milliseconds(400))
            }
        }()
        let ended = try await run
        watching.set()
        try await reserving
        for (lines, width) in zip(ended.captures, [80, 120]) {
            #expect(lines.allSatisfy { $0.count <= width } && lines[0].hasPrefix("k8s  10.188.0.0/16"), "\(lines)")
            #expect(
                lines.count { $0.contains("as of 20") } == 1 && lines.count { $0.contains(" used, ") } == 1, "\(lines)")
            #expect(lines.contains { $0.hasPrefix("10.188.2.0 ") && $0.contains("◆◆") }, "\(lines)")
        }
    }

    /// What does not fit a small terminal is left out, so that the picture stays where it is.
    @Test func aWatchedMapOnASmallTerminalIsCut() async throws {
        let site = try await site()
        let run = try await screen(
            site, ["--watch"], columns: 40, rows: 10,
            steps: [.wait("^as of 20"), .capture, .type("\u{3}"), .end])
        let lines = try #require(run.captures.first)
        #expect(lines.count <= 10 && lines[0].hasPrefix("k8s  10.188.0.0/16"), "\(lines)")
        #expect(lines.contains { $0.hasPrefix("... ") && $0.contains(" more lines: ") }, "\(lines)")
    }

    /// While etcd cannot be reached, the picture stays, and says so.
    @Test func aWatchedMapSaysThatItMayBeOutOfDate() async throws {
        let site = try await site()
        let relay = try await TCPRelay(to: site.server.port)
        let command = try site.command(["map", "k8s", "--watch"])
        async let running = runOnScreen(
            command.program, command.arguments, environment: site.environment(["ETCDCTL_ENDPOINTS": relay.url]),
            steps: [.wait("^as of .*; etcd "), .capture, .type("\u{3}"), .end])
        let deadline = ContinuousClock.now + .seconds(60)
        while try site.server.metric("etcd_debugging_mvcc_watcher_total") < 1, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(10))
        }
        try await relay.cut()
        let lines = try #require(try await running.captures.first)
        #expect(lines[0].hasPrefix("k8s  10.188.0.0/16") && lines.allSatisfy { $0.count <= 80 }, "\(lines)")
    }

    // MARK: In a pipe

    @Test func aPipeGetsAPictureWithoutControlCharacters() async throws {
        let site = try await site()
        let output = try await site.run("map", environment: nil).checked()
        #expect(output.lines[0] == "k8s  10.188.0.0/16  gateway 10.188.0.1  a cell is an address")
        #expect(!output.stdoutText.contains("\u{1B}") && output.stderr.isEmpty)
        #expect(output.lines.contains { $0.hasPrefix("10.188.1.0") && $0.contains(" .......#........ ....") })
        let wide = try await site.run("map", "-o", "wide", "--cidr", "10.188.0.0/16").checked()
        // 1,024 rows of 64 addresses: none is folded.
        #expect(wide.lines.count { $0.hasPrefix("10.188.") } == 1024 && !wide.stdoutText.contains("*"))
    }

    @Test func theOtherFormatsListTheCells() async throws {
        let site = try await site()
        let cells = try await site.run("map", "-o", "json").checked().json.array ?? []
        let used = cells.filter { $0["state"] == "used" }
        #expect(used.map { $0["first"]?.string } == ["10.188.1.7", "fd00:188::2"])
        #expect(used.allSatisfy { $0["who"] == "default/web-1 on n1" && $0["addresses"]?.int == 1 })
        let reserved = try #require(cells.first { $0["state"] == "reserved" })
        #expect(reserved["first"] == "10.188.0.216" && reserved["who"] == "reserved for default/db-0")
        let ipv4 = cells.filter { $0["subnet"] == "10.188.0.0/16" }
        #expect(ipv4.compactMap { $0["addresses"]?.int }.reduce(0, +) == 65_536)
        let names = try await site.run("map", "-o", "name", "--cidr", "10.188.1.6-10.188.1.8").checked().lines
        #expect(names == ["10.188.1.6", "10.188.1.7", "10.188.1.8"])
        let csv = try await site.run("map", "-o", "csv", "--sort-by", "-used,first").checked().lines
        #expect(csv[1] == "k8s,10.188.0.0/16,10.188.1.7,10.188.1.7,used,1,1,0,0,0,0,0,default/web-1 on n1", "\(csv[1])")
        let table = try await site.run("map", "--columns", "first,state", "--sort-by", "-reserved").checked().lines
        #expect(table[1].hasPrefix("10.188.0.216 ") && table[1].hasSuffix(" reserved"), "\(table.prefix(3))")
    }

    @Test(arguments: ["table", "json", "yaml"]) func aWatchedMapInAPipeIsPrintedAnew(format: String) async throws {
        let site = try await site()
        let relay = try await TCPRelay(to: site.server.port)
        let folder = try TemporaryDirectory(prefix: "map")
        let command = try site.command(["map", "k8s", "--cidr", "10.188.2.0/28", "--watch", "-o", format])
        let process = try SpawnedProcess(
            "sh",
            [
                "-c", #"out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err""#, "sh", folder.file("out").path,
                folder.file("err").path, command.program,
            ] + command.arguments, environment: site.environment(["ETCDCTL_ENDPOINTS": relay.url]))
        func text(_ name: String = "out") -> String {
            (try? String(contentsOf: folder.file(name), encoding: .utf8)) ?? ""
        }
        func wait(_ what: Comment, in name: String = "out", _ condition: (String) -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while !condition(text(name)), ContinuousClock.now < deadline, !process.hasEnded {
                try await Task.sleep(for: .milliseconds(10))
            }
            try #require(condition(text(name)), "\(what): \(text()) \(text("err"))")
        }
        try await wait("the first picture") { $0.hasSuffix("\n") }
        let first = text()
        try await site.put([("\(Self.base)/reservations/10.188.2.3", #"{"for":"default/db-9"}"#)])
        let sign = format == "table" ? "...r...." : "reserved for default/db-9"
        try await wait("the next picture") { $0.hasPrefix(first) && $0.contains(sign) && $0.hasSuffix("\n") }
        let next = String(text().dropFirst(first.count))
        switch format {
        case "json":
            #expect(try JSONValue(parsing: next).array?.count == 16 && next.count { $0 == "\n" } == 1, "\(next)")
        case "yaml": #expect(next.hasPrefix("---\n"), "\(next)")
        default: #expect(next.hasPrefix("\nas of 20") && !next.contains("\u{1B}"), "\(next)")
        }
        // What happens while the connection is cut is in the picture after that.
        try await relay.cut()
        try await wait("the cut", in: "err") { $0.hasSuffix("; trying again\n") }
        let before = text()
        try await site.put([("\(Self.base)/reservations/10.188.2.5", #"{"for":"default/db-7"}"#)])
        try await relay.mend()
        let later = format == "table" ? "...r.r.." : "reserved for default/db-7"
        try await wait("the picture after the cut") { $0.dropFirst(before.count).contains(later) }
        process.kill(SIGINT)
        #expect(try await process.output().signal == SIGINT)
    }

    @Test func aWatchedMapEndsWhenNobodyReadsIt() async throws {
        let site = try await site()
        let command = try site.command(["map", "--watch"])
        let output = try await runProcess(
            "bash", ["-c", #"set -o pipefail; "$@" | head -n 1"#, "bash", command.program] + command.arguments,
            environment: site.environment(), timeout: .seconds(30))
        #expect(output.status == 0 && output.stdoutText.hasPrefix("as of 20"), "\(output.stderrText)")
    }

    @Test func theShellHasMaps_andCtrlCEndsAWatch() async throws {
        let site = try await site()
        let script = try await site.run(["shell", "-c", "use k8s; map --cidr 10.188.1.0/29 | grep used"]).checked()
        #expect(script.lines[0].hasPrefix("1 used, 7 free"), "\(script.stdoutText)")
        let command = try site.command(["shell"])
        let run = try await runOnScreen(
            command.program, command.arguments, environment: site.environment(),
            steps: [
                .wait(">$"), .type("map k8s --watch --cidr 10.188.1.0/29\r"), .wait("Ctrl-C to stop"), .type("\u{3}"),
                .wait(">$"), .type("exit\r"), .end,
            ])
        #expect(run.status == 0, "\(run.text)")
    }

    // MARK: As an image

    private func svg(_ site: AdminSite, _ arguments: [String] = []) async throws -> (text: String, titles: [String]) {
        let folder = try TemporaryDirectory(prefix: "map")
        let path = folder.file("map.svg").path
        let output = try await site.run(["map", "--svg", path] + arguments).checked()
        #expect(output.stdout.isEmpty)
        let program = """
            import json, sys, xml.etree.ElementTree as tree
            root = tree.parse(sys.argv[1]).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            print(json.dumps([title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]))
            """
        let parsed = try await runProcess("python3", ["-c", program, path], environment: site.environment()).checked()
        return (
            try String(contentsOfFile: path, encoding: .utf8),
            try JSONDecoder().decode([String].self, from: parsed.stdout)
        )
    }

    @Test func theImageHasATitleForEachCell() async throws {
        let site = try await site()
        let (text, titles) = try await svg(site)
        #expect(titles.contains("10.188.1.7: used\ndefault/web-1 on n1"))
        #expect(titles.contains("10.188.0.216: reserved\nreserved for default/db-0\nnote: mysql"))
        #expect(titles.contains("10.188.0.1: gateway"))
        #expect(titles.contains { $0.hasPrefix("fd00:188::40-") && $0.hasSuffix(" free") })
        #expect(text.contains("prefers-color-scheme: dark") && !text.contains("<script") && !text.contains("href"))
        let printed = try await site.run("map", "--svg", "-").checked().stdoutText
        #expect(printed.hasPrefix("<?xml version") && printed.hasSuffix("</svg>\n"))
    }

    /// Anybody may have stored a name, a container ID or a note.
    @Test func hostileNamesAreTextInTheImage() async throws {
        let site = try await site()
        let hostile = #"</title><script>alert("1")</script>&amp;]]>'"#
        let note = JSONValue.string("\(hostile)\u{1}\u{202E}\u{FFFF}").serialized()
        try await site.put([
            ("\(Self.base)/used/10.188.1.9", hostile), ("\(Self.base)/used/10.188.1.10", "a\u{1}b\u{1B}[31m"),
            ("\(Self.base)/reservations/10.188.1.11", "{\"note\":\(note)}"),
        ])
        let (text, titles) = try await svg(site)
        #expect(titles.contains("10.188.1.9: used\ncontainer \(hostile)"), "\(titles)")
        #expect(titles.contains("10.188.1.10: used\ncontainer a\u{FFFD}b\u{FFFD}[31m"))
        #expect(titles.contains { $0.hasSuffix("note: \(hostile)\u{FFFD}\u{FFFD}\u{FFFD}") }, "\(titles)")
        #expect(!text.contains("<script"))
    }

    // MARK: Sizes

    /// All of a /16 but the gateway is used; then every 97th address is free.
    @Test func aFullNetworkIsALine_andOneWithHolesIsBlocks() async throws {
        let site = try await AdminSite()
        let base = "/etcd-cni/networks/big"
        try await site.put([
            (
                base,
                #"[[{"rangeStart":"10.20.0.2","rangeEnd":"10.20.255.254","subnet":"10.20.0.0/16","gateway":"10.20.0.1"}]]"#
            )
        ])
        let addresses = (2..<65_535).map { "10.20.\($0 / 256).\($0 % 256)" }
        let held = addresses.enumerated().filter { $0.offset % 97 != 0 }.map(\.element)
        try await site.put(held.map { ("\(base)/used/\($0)", "c") })
        let holes = try await screen(site, ["--timeout", "2m"])
        #expect(holes.screen.count < 24 && holes.screen[0].hasSuffix("a cell is a /26 (64 addresses)"), "\(holes.text)")
        #expect(holes.text.contains("\(held.count) used, \(addresses.count - held.count) free,"), "\(holes.text)")
        #expect(holes.screen.contains { $0.hasPrefix("10.20.16.0 ") && $0.contains("▇▇█▇") }, "\(holes.text)")
        try await site.put(
            addresses.enumerated().filter { $0.offset % 97 == 0 }.map { ("\(base)/used/\($0.element)", "c") })
        let full = try await screen(site, ["--timeout", "2m"])
        #expect(full.text.contains("* 65408 addresses to 10.20.255.191: used"), "\(full.text)")
    }

    // MARK: Wrong usage

    @Test func wrongUsageIsSaidInOneLine() async throws {
        let site = try await site()
        let cases: [([String], Int32, String, String)] = [
            (["map", "10.188.0.0/24"], 64, "10.188.0.0/24 is not the name of a network", "--cidr 10.188.0.0/24 shows"),
            (["map", "nowhere"], 4, "network nowhere is neither in the store", "see 'ipamctl networks'"),
            (["map", "--cidr", "10.9.0.0/24"], 4, "--cidr 10.9.0.0-10.9.0.255: no such address", "see the subnets in"),
            (["map", "--cidr", "x"], 64, "--cidr: ", "write an address, a range a-b, or a CIDR"),
            (["map", "k8s", "-n", "other"], 64, "the argument names network k8s, and --network other", "see '"),
            (["map", "--watch", "-o", "csv"], 64, "--watch goes with the formats table, wide, json and yaml", "see '"),
            (["map", "--watch", "--svg", "x"], 64, "--svg does not go with --watch", "see '"),
            (["map", "--svg", "x", "-o", "json"], 64, "--svg does not go with --output", "see '"),
            (["map", "--watch", "--sort-by", "used"], 64, "--watch shows the picture", "see '"),
            (["map", "--svg", "/no/such/file.svg"], 1, "/no/such/file.svg", "check the folder"),
        ]
        for (arguments, status, message, hint) in cases {
            let output = try await site.run(arguments)
            let said: Comment = "\(arguments): \(output.status) \(output.stderrText)\(output.stdoutText)"
            #expect(output.isProperFailure && output.status == status, said)
            #expect(output.stderrText.contains(message) && output.stderrText.contains("\nhint: \(hint)"), said)
        }
    }

    @Test func aStoreWithoutNetworksSaysSo() async throws {
        let site = try await AdminSite()
        let output = try await site.run("map").checked()
        #expect(output.stdout.isEmpty && output.stderrText.hasPrefix("there is no network yet"), "\(output.stderrText)")
    }
}
