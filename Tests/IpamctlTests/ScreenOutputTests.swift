import Foundation
import IPAMKit
import TestSupport
import Testing

/// What tables look like on a terminal, and that nothing of that is in a pipe.
@Suite(.needs(.etcd, .root)) struct ScreenOutputTests {
    private static let longPod = "a" + String(repeating: "-very-long", count: 25) + "-0"

    /// A pod with a short name, one whose name has 253 bytes, a reserved address and one with a note of wide characters.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c0123456789abcdef", "default/db-0", ip: "10.188.0.9", subnets: ["10.188.0.0/24"])
        try await site.add("c1", "default/\(Self.longPod)", ip: "10.188.0.10", subnets: ["10.188.0.0/24"])
        _ = try await site.run("reserve", "10.188.0.20", "--note", "数据库 e\u{301} 주소").checked()
        return site
    }

    /// Runs ipamctl to its end on a terminal.
    private func screen(
        _ site: AdminSite, _ arguments: [String], columns: Int = 80, _ environment: [String: String] = [:]
    ) async throws -> ScreenRun {
        let command = try site.command(arguments)
        return try await runOnScreen(
            command.program, command.arguments, environment: site.environment().merging(environment) { _, new in new },
            size: (columns, 24), steps: [.end])
    }

    @Test func tableFitsEightyColumns_andCutsOnlyNames() async throws {
        let site = try await site()
        let run = try await screen(site, ["list"])
        #expect(run.status == 0 && run.screen.count == 4, "\(run.text)")
        #expect(run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
        // All rows are of one network, and its column is the first that goes.
        #expect(run.screen[0].split(separator: " ").first == "ADDRESS", "\(run.text)")
        #expect(run.screen[1].hasPrefix("10.188.0.9   used      default/db-0 "), "\(run.text)")
        #expect(run.screen[2].hasPrefix("10.188.0.10  used      default/a-very-long"), "\(run.text)")
        #expect(run.screen[2].contains("…") && run.screen[2].contains("ong-0 "), "\(run.text)")
        #expect(!run.raw.contains(Self.longPod))
    }

    @Test func aPipeGetsEverything() async throws {
        let site = try await site()
        let output = try await site.run(["list"], environment: nil).checked()
        #expect(output.lines[0].hasPrefix("NETWORK  ADDRESS      STATE     USED BY "), "\(output.stdoutText)")
        #expect(output.lines[2].contains("  default/\(Self.longPod)  "))
        #expect(!output.stdoutText.contains("\u{1B}") && output.stderr.isEmpty)
        // A width that a shell has exported is not the width of a pipe.
        let environment = ["IPAMCTL_ENDPOINTS": site.server.clientURL, "COLUMNS": "40", "LANG": "C.UTF-8"]
        let narrow = try await site.run(["list"], environment: environment).checked()
        func withoutAges(_ lines: [String]) -> [String] { lines.map { $0.replacing(#/\d+[smhdy]$/#, with: "") } }
        #expect(withoutAges(narrow.lines) == withoutAges(output.lines))
    }

    @Test func wideOnATerminalIsComplete() async throws {
        let site = try await site()
        let run = try await screen(site, ["list", "-o", "wide", "--color", "never"], columns: 80)
        let piped = try await site.run("list", "-o", "wide").checked()
        func withoutAges(_ text: String) -> String { text.replacing(#/ \d+[smhdy] +/#, with: " ") }
        #expect(withoutAges(run.raw.replacing("\r\n", with: "\n")) == withoutAges(piped.stdoutText))
        #expect(piped.stdoutText.contains(Self.longPod))
    }

    @Test func twoHundredColumnsShowAllColumns() async throws {
        let site = try await site()
        try await site.add("c2", "default/db-0", network: "other", subnets: ["10.7.0.0/24"])
        let run = try await screen(site, ["list"], columns: 200)
        #expect(
            run.screen[0].split(separator: "  ", omittingEmptySubsequences: true).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            .filter { !$0.isEmpty } == ["NETWORK", "ADDRESS", "STATE", "USED BY", "RESERVED FOR", "AGE"],
            "\(run.text)")
        #expect(run.screen.allSatisfy { $0.count <= 200 } && run.screen[2].contains("…"), "\(run.text)")
        // What is left of the width goes to the name.
        #expect(run.screen[2].count > 190, "\(run.text)")
    }

    @Test func columnsThatWereNamedAreNotLeftOut() async throws {
        let site = try await site()
        let run = try await screen(site, ["list", "--columns", "used-by,network,note,address"], columns: 60)
        #expect(
            run.screen[0].split(separator: " ") == ["USED", "BY", "NETWORK", "NOTE", "ADDRESS"], "\(run.text)")
        #expect(run.screen.allSatisfy { $0.count <= 60 }, "\(run.text)")
    }

    /// Wide characters take two cells, combining ones none: what comes after them stands in its column.
    @Test func wideCharactersKeepColumnsAligned() async throws {
        let site = try await site()
        let columns = ["list", "--columns", "note,address", "--sort-by", "-address"]
        let run = try await screen(site, columns)
        let raw = run.raw.components(separatedBy: "\r\n")
        #expect(raw[0] == "NOTE" + String(repeating: " ", count: 11) + "ADDRESS", "\(raw)")
        #expect(raw[1] == "数据库 e\u{301} 주소  10.188.0.20", "\(raw)")
        #expect(raw[2] == "-" + String(repeating: " ", count: 14) + "10.188.0.10", "\(raw)")
        let narrow = try await screen(site, columns, columns: 22)
        #expect(narrow.raw.components(separatedBy: "\r\n")[1] == "数据库 e\u{301}…  10.188.0.20", "\(narrow.raw)")
    }

    @Test func withoutUTF8ThereAreOnlyASCIICharacters() async throws {
        let site = try await site()
        for environment in [["LC_ALL": "C"], ["LC_ALL": "de_DE.ISO-8859-1"]] {
            let run = try await screen(site, ["list"], environment)
            #expect(run.screen[2].contains("...") && run.raw.utf8.allSatisfy { $0 < 0x80 }, "\(run.text)")
            let networks = try await screen(site, ["networks"], environment)
            #expect(networks.text.contains("[#....]   1%"), "\(networks.text)")
        }
        let networks = try await screen(site, ["networks"])
        #expect(networks.text.contains("█░░░░░░░░░   1%"), "\(networks.text)")
    }

    // MARK: Colour

    @Test func colourIsOnlyOnATerminalThatWantsIt() async throws {
        let site = try await site()
        let cyan = "\u{1B}[36mreserved\u{1B}[0m"
        #expect(try await screen(site, ["list"]).raw.contains(cyan))
        for (arguments, environment) in [
            (["list"], ["NO_COLOR": "1"]), (["list"], ["TERM": "dumb"]), (["list", "--color", "never"], [:]),
            (["list", "--color=auto"], ["NO_COLOR": "yes"]),
        ] as [([String], [String: String])] {
            let run = try await screen(site, arguments, environment)
            #expect(!run.raw.contains("\u{1B}") && run.text.contains(" reserved "), "\(arguments) \(environment)")
        }
        #expect(try await screen(site, ["list"], ["NO_COLOR": ""]).raw.contains(cyan), "an empty NO_COLOR is not set")
        #expect(try await screen(site, ["list", "--color", "always"], ["NO_COLOR": "1"]).raw.contains(cyan))
    }

    @Test func colourInAPipeMustBeAskedFor() async throws {
        let site = try await site()
        let plain = try await site.run("list", "--sort-by", "address").checked().stdoutText
        let colored = try await site.run("--color", "always", "list", "--sort-by", "address").checked().stdoutText
        #expect(colored.contains("\u{1B}[36mreserved\u{1B}[0m  "), "\(colored)")
        func withoutAges(_ text: String) -> String { text.replacing(#/\d+[smhdy]\n/#, with: "\n") }
        #expect(withoutAges(colored.replacing(#/\u{1B}\[\d*m/#, with: "")) == withoutAges(plain))
        for format in ["json", "csv", "yaml", "name"] {
            let output = try await site.run("list", "-o", format, "--color", "always").checked()
            #expect(!output.stdoutText.contains("\u{1B}"), "\(format)")
        }
        let wrong = try await site.run("list", "--color", "sometimes")
        #expect(wrong.isProperFailure && wrong.status == 64 && wrong.stderrText.contains("'always'"))
    }

    /// A note cannot colour anything, also not where colours are allowed.
    @Test func aNoteIsNeverATerminalsCommand() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0", subnets: ["10.188.0.0/24"])
        _ = try await site.run("reserve", "10.188.0.20", "--note", "\u{1B}[31mred\u{1B}]0;x\u{7}").checked()
        let run = try await screen(site, ["list", "--columns", "note,state"])
        #expect(!run.raw.contains("\u{1B}[31m") && !run.raw.contains("\u{1B}]"), "\(run.raw)")
    }

    @Test func fullNetworksAreYellowAndRed() async throws {
        let site = try await AdminSite()
        let networks = [("low", 19, "10.188.0.0/27"), ("high", 20, "10.188.1.0/27"), ("full", 25, "10.188.2.0/27")]
        for (network, used, subnet) in networks {
            for index in 0..<used {
                try await site.add("c\(network)\(index)", "default/p-\(index)", network: network, subnets: [subnet])
            }
        }
        // 29 addresses.
        let run = try await screen(site, ["networks", "--sort-by", "full", "--columns", "network,full"])
        let lines = run.raw.components(separatedBy: "\r\n")
        #expect(lines[1] == "low      ███████░░░  66%", "\(lines)")
        #expect(lines[2] == "high     ███████░░░  69%", "\(lines)")
        #expect(lines[3] == "full     \u{1B}[33m█████████░  86%\u{1B}[0m", "\(lines)")
        for index in 25..<28 {
            try await site.add("cfull\(index)", "default/p-\(index)", network: "full", subnets: ["10.188.2.0/27"])
        }
        let red = try await screen(site, ["networks"]).raw
        #expect(red.contains("\u{1B}[31m█████████░  97%\u{1B}[0m"), "\(red)")
    }

    @Test func severitiesAreColoured() async throws {
        let site = try await AdminSite()
        try await site.put([
            (
                "/etcd-cni/networks/k8s",
                #"[[{"rangeStart":"10.188.0.2","rangeEnd":"10.188.0.9","subnet":"10.188.0.0/24","gateway":"10.188.0.1"}]]"#
            ), ("/etcd-cni/networks/k8s/used/10.188.0.1", "gw"), ("/etcd-cni/networks/k8s/used/10.99.0.1", "out"),
        ])
        let cache = try TemporaryDirectory()
        let run = try await screen(site, ["audit", "--node-local", "--cni-cache", cache.path])
        #expect(run.raw.contains("\u{1B}[31mgateway-in-use\u{1B}[0m"), "\(run.raw)")
        #expect(run.raw.contains("\u{1B}[33mout-of-range\u{1B}[0m"), "\(run.raw)")
        #expect(run.text.contains("error") && run.text.contains("warning"))
        #expect(run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
    }

    /// A long note of `show` is complete: it goes on below its beginning.
    @Test func longValuesAreWrapped() async throws {
        let site = try await site()
        let note = (1...60).map { "word\($0)" }.joined(separator: " ")
        _ = try await site.run("reserve", "10.188.0.21", "--note", note).checked()
        let run = try await screen(site, ["show", "10.188.0.21"])
        #expect(run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
        let begin = try #require(run.screen.firstIndex { $0.hasPrefix("Note:            word1 ") })
        let rest = run.screen[(begin + 1)...]
        #expect(rest.allSatisfy { $0.hasPrefix(String(repeating: " ", count: 17) + "word") }, "\(run.text)")
        let words = run.screen[begin...].joined(separator: " ").split(separator: " ").dropFirst()
        #expect(words.joined(separator: " ") == note)
        #expect(try await site.run("show", "10.188.0.21").checked().stdoutText.contains(note))
        #expect(try await screen(site, ["show", "10.188.0.21", "-o", "wide"]).raw.contains(note))
    }

    // MARK: Networks

    @Test func sixteenRangeSetsFitATerminalOfEightyColumns() async throws {
        let site = try await AdminSite()
        try await site.add(
            "c1", "default/p-0", network: "k8snetwork",
            subnets: (0..<8).map { "10.\(100 + $0).0.0/16" } + (0..<8).map { "fd00:188:0:\($0)::/64" })
        let run = try await screen(site, ["networks"])
        #expect(run.screen.count == 18 && run.screen.allSatisfy { $0.count <= 80 }, "\(run.text)")
        #expect(
            run.screen[0].split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
                == ["NETWORK", "SUBNETS", "TOTAL", "USED", "RESERVED", "FREE", "FREE FIXED", "FULL"], "\(run.text)")
        #expect(run.screen[10].contains("fd00:188::/64"), "\(run.text)")
    }

    // MARK: Events

    @Test func eventsFitTheTerminal() async throws {
        let site = try await site()
        let command = try site.command(["watch", "-n", "k8s", "--since-revision", "1"])
        let run = try await runOnScreen(
            command.program, command.arguments, environment: site.environment(), size: (70, 30),
            steps: [.wait("reserved +10.188.0.20"), .capture, .type("\u{3}"), .end])
        let lines = try #require(run.captures.first)
        #expect(lines.allSatisfy { $0.count <= 70 }, "\(lines)")
        #expect(lines.contains { $0.contains(" given ") && $0.contains("…") && $0.hasSuffix("-0 on n1") }, "\(lines)")
    }

    // MARK: Progress

    @Test func whatTakesLongerThanASecondSaysSoOnATerminalOnly() async throws {
        let site = try await site()
        let silent = try MisbehavingServer(.swallow)
        let environment = ["IPAMCTL_ENDPOINTS": silent.url]
        let command = try site.command(["list", "-n", "k8s", "--timeout", "4s"])
        let run = try await runOnScreen(
            command.program, command.arguments, environment: site.environment(environment),
            steps: [.wait("^reading network k8s from etcd \\.\\.\\.$"), .capture, .end])
        #expect(run.status == 2)
        #expect(!run.text.contains("reading network") && run.text.hasPrefix("ipamctl: "), "\(run.text)")
        let piped = try await site.run(["list", "-n", "k8s", "--timeout", "2s"], environment: environment)
        #expect(piped.isProperFailure && !piped.stderrText.contains("reading network"), "\(piped.stderrText)")
    }
}
