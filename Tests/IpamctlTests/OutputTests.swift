import Foundation
import IPAMKit
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct OutputTests {
    /// db-0 uses and has reserved 10.188.0.9, 10.188.0.20 is reserved, 10.188.0.77 is the Go plugin's.
    private func site(note: String = "mysql primary") async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c0123456789abcdef", "default/db-0", ip: "10.188.0.9")
        _ = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0").checked()
        _ = try await site.run("reserve", "10.188.0.20", "--note", note, "--expires", "2046-12-24T18:00:00Z").checked()
        try await site.put([("/etcd-cni/networks/k8s/used/10.188.0.77", "gocontainer")])
        return site
    }

    /// The contract of `list` in JSON, member by member and in order.
    @Test func listInJSONIsTheContract() async throws {
        let site = try await site()
        let list = try #require(try await site.run("list", "-o", "json").checked().json.array)
        let byAddress = Dictionary(uniqueKeysWithValues: list.map { ($0["address"]?.string ?? "", $0) })
        #expect(list.map { $0["address"]?.string } == ["10.188.0.9", "10.188.0.20", "10.188.0.77", "fd00:188::2"])
        let used = try #require(byAddress["10.188.0.9"]?.object)
        #expect(used.members.map(\.key) == ["network", "address", "state", "attachment", "reservation"])
        #expect(
            used["attachment"]?.serialized() == """
                {"containerID":"c0123456789abcdef","ifname":"eth0","namespace":"default","pod":"db-0",\
                "uid":"uid-c0123456789abcdef","node":"n1","since":"2026-11-18T11:06:40Z","fixed":true}
                """)
        #expect(used["reservation"]?.object?.members.map(\.key) == ["for", "by", "since"])
        let reserved = try #require(byAddress["10.188.0.20"])
        #expect(reserved["state"]?.string == "reserved")
        #expect(reserved["reservation"]?.object?.members.map(\.key) == ["by", "note", "since", "expires"])
        #expect(reserved["reservation"]?["expires"]?.string == "2046-12-24T18:00:00Z")
        #expect(
            byAddress["10.188.0.77"]?.serialized() == """
                {"network":"k8s","address":"10.188.0.77","state":"used","attachment":{"containerID":"gocontainer"}}
                """)
        let free = try await site.run("list", "--state", "free", "-o", "json").checked().json.array
        #expect(free?.first?.serialized() == #"{"network":"k8s","address":"10.188.0.2","state":"free"}"#)
    }

    @Test func tablesAreAligned() async throws {
        let site = try await site()
        // Ages count from now.
        let table = try await site.run("list").checked().lines.map { $0.replacing(#/\d+[smhdy]$/#, with: "AGE") }
        #expect(
            table == [
                "NETWORK  ADDRESS      STATE     USED BY                RESERVED FOR  AGE",
                "k8s      10.188.0.9   used      default/db-0           default/db-0  AGE",
                "k8s      10.188.0.20  reserved  -                      (anyone)      AGE",
                "k8s      10.188.0.77  used      container gocontainer  -             -",
                "k8s      fd00:188::2  used      default/db-0           -             AGE",
            ])
        let wide = try await site.run("list", "-o", "wide").checked().lines
        #expect(
            try #require(wide.first).contains(
                /NODE  CONTAINER          IFNAME  SINCE                 AGE +EXPIRES               PLAN  NOTE$/))
        #expect(Set(zip(table, wide).map { $1.hasPrefix($0.dropLast("  AGE".count)) }) == [true], "\(wide)")
        let networks = try await site.run("networks").checked().lines
        #expect(
            networks == [
                "NETWORK   SUBNETS         TOTAL  USED  RESERVED    FREE  FREE FIXED  FULL",
                "k8s       2 range sets     1021     2         1    1018           0  [..........]   0%",
                "  0 IPv4  10.188.0.0/22    1021     2         1    1018           0  [..........]   0%",
                "  1 IPv6  fd00:188::/64  1.8e19     1         0  1.8e19           0  [..........]   0%",
            ], "\(networks)")
        let show = try await site.run("show", "10.188.0.9").checked().lines
        let values = Dictionary(
            uniqueKeysWithValues: show.map { line in
                let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
                return (parts[0], parts[1].drop { $0 == " " })
            })
        #expect(values["Pod"] == "default/db-0" && values["Reserved for"] == "default/db-0", "\(show)")
        #expect(values["Place"] == "dynamic range of 10.188.0.0/22" && values["Container"] == "c0123456789abcdef")
    }

    /// A note is anyone's text: it breaks no line, moves no cursor, and no other format either.
    @Test func aHostileNoteIsOnlyText() async throws {
        let note = "a,\"b\"\nc\td\u{1b}[2J\u{7f}\u{85}\u{2028}é🎈: #- {x}\\"
        let site = try await site(note: note)
        let wide = try await site.run("list", "-o", "wide").checked()
        #expect(wide.lines.count == 5)
        #expect(
            wide.stdoutText.unicodeScalars.allSatisfy {
                $0 == "\n" || ($0.value >= 0x20 && !(0x7F...0x9F).contains($0.value))
            })
        let json = try await site.run("list", "-o", "json").checked().json
        #expect(json.array?.compactMap { $0["reservation"]?["note"]?.string } == [note])
        let yaml = try await site.run("list", "-o", "yaml").checked()
        #expect(try BlockYAML.parse(yaml.stdoutText) == json)
        #expect(
            yaml.stdoutText.unicodeScalars.allSatisfy {
                $0 == "\n" || ($0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) && $0.value != 0x2028)
            })
        let csv = try await site.run("list", "-o", "csv").checked().stdoutText
        #expect(csv.contains(",\"a,\"\"b\"\"\nc\td"), "\(csv)")
    }

    /// What a terminal or a reader could be led astray by is an escape in JSON, and no command to a spreadsheet in CSV.
    @Test func aHostileNoteIsHarmlessInJSONAndInSpreadsheets() async throws {
        let note = "\u{7F}\u{85}\u{9B}31m\u{202E}gro.elpmaxe\u{2066}\u{200F}\u{61C}"
        let site = try await site(note: note)
        let json = try await site.run("list", "-o", "json").checked()
        let escaped = #"\u007f\u0085\u009b31m\u202egro.elpmaxe\u2066\u200f\u061c"#
        #expect(json.stdoutText.contains("\"note\": \"\(escaped)\""), "\(json.stdoutText)")
        #expect(try json.json.array?.compactMap { $0["reservation"]?["note"]?.string } == [note])
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://x\",\"y\")"] {
            _ = try await site.run("reserve", "10.188.0.20", "--note=\(formula)").checked()
            let csv = try await site.run("list", "--state", "reserved", "-o", "csv").checked()
            let cell = "'" + formula
            let quoted = formula.contains("\"") ? "\"\(cell.replacingOccurrences(of: "\"", with: "\"\""))\"" : cell
            #expect(csv.stdoutText.hasSuffix(",\(quoted)\n"), "\(csv.stdoutText)")
        }
        _ = try await site.run("hold", "--reason", "a\u{202E}b").checked()
        let held = try await site.run("hold", "--reason", "a\u{202E}b").checked().stdoutText
        #expect(held.contains("a\u{FFFD}b") && !held.contains("\u{202E}"))
    }

    @Test(arguments: [
        ["networks"], ["list"], ["list", "--state", "reserved"], ["show", "10.188.0.9"], ["show", "10.188.0.5"],
        ["version"], ["reserve", "10.188.0.100-10.188.0.102", "--dry-run"], ["release", "10.188.0.20", "--dry-run"],
    ]) func everyCommandSpeaksEveryFormat(command: [String]) async throws {
        let site = try await site()
        let json = try await site.run(command + ["-o", "json"]).checked()
        #expect(json.stdoutText.hasSuffix("\n") && !json.stdoutText.hasSuffix("\n\n"))
        let yaml = try await site.run(command + ["-oyaml"]).checked()
        #expect(try BlockYAML.parse(yaml.stdoutText) == json.json, "\(yaml.stdoutText)")
        let csv = try await site.run(command + ["--output=csv"]).checked().lines
        let names = try await site.run(["-o", "name"] + command).checked().lines
        let table = try await site.run(command).checked().lines
        let wide = try await site.run(command + ["-o", "wide"]).checked().lines
        let rows = try json.json.array?.count ?? 1
        #expect(csv.count == rows + 1, "\(csv)")
        let commas = csv.map { $0.replacing(#/"[^"]*"/#, with: "").count { $0 == "," } }
        #expect(Set(commas).count == 1, "\(csv)")
        #expect(names.count == rows, "\(names)")
        #expect(!table.isEmpty && !wide.isEmpty)
        #expect((table + wide).allSatisfy { !$0.hasSuffix(" ") || $0.hasPrefix(" ") })
    }

    @Test func emptyResultsAreValidToo() async throws {
        let site = try await AdminSite()
        for command in [["list"], ["networks"]] {
            #expect(try await site.run(command + ["-o", "json"]).checked().json == .array([]))
            #expect(
                try BlockYAML.parse(try await site.run(command + ["-o", "yaml"]).checked().stdoutText) == .array([]))
            #expect(try await site.run(command + ["-o", "name"]).checked().stdout.isEmpty)
            let table = try await site.run(command).checked()
            #expect(table.lines.count == 1 && !table.stderr.isEmpty, "a person is told that there is nothing")
        }
    }

    @Test func listIsFiltered() async throws {
        let site = try await site()
        try await site.add("c2", "kube-system/dns", node: "n2", ip: "10.188.0.30")
        func names(_ arguments: String...) async throws -> [String] {
            try await site.run(["list", "-o", "name"] + arguments).checked().lines
        }
        #expect(try await names("--pod", "default/db-0") == ["10.188.0.9", "fd00:188::2"])
        #expect(try await names("--namespace", "kube-system") == ["10.188.0.30", "fd00:188::3"])
        #expect(try await names("--node", "n2") == ["10.188.0.30", "fd00:188::3"])
        #expect(try await names("--state", "reserved") == ["10.188.0.20"])
        #expect(try await names("--state", "free", "--node", "n1").isEmpty)
        #expect(
            try await names("--state", "reserved", "--state", "used", "--node", "n1") == ["10.188.0.9", "fd00:188::2"])
    }
}

/// The part of YAML that ipamctl writes: blocks of two spaces, values and most keys in JSON's form. Anything else fails.
enum BlockYAML {
    struct Unexpected: Error { let line: String }

    static func parse(_ text: String) throws -> JSONValue {
        var lines = text.split(separator: "\n").map(String.init)[...]
        let value = try block(&lines, indent: 0)
        guard lines.isEmpty else { throw Unexpected(line: lines[lines.startIndex]) }
        return value
    }

    private static func block(_ lines: inout ArraySlice<String>, indent: Int) throws -> JSONValue {
        guard let first = lines.first, first.prefix(indent).allSatisfy({ $0 == " " }) else {
            throw Unexpected(line: "")
        }
        let head = first.dropFirst(indent)
        if head.hasPrefix("- ") {
            var elements: [JSONValue] = []
            let dash = String(repeating: " ", count: indent) + "- "
            while let line = lines.first, line.hasPrefix(dash) {
                // The element begins behind its dash.
                lines[lines.startIndex] = String(repeating: " ", count: indent + 2) + line.dropFirst(indent + 2)
                elements.append(try block(&lines, indent: indent + 2))
            }
            return .array(elements)
        }
        if let scalar = try? JSONValue(parsing: String(head)) {
            lines.removeFirst()
            return scalar
        }
        var object = JSONObject()
        while let line = lines.first, line.prefix(indent).allSatisfy({ $0 == " " }), line.dropFirst(indent).first != " "
        {
            let body = line.dropFirst(indent)
            guard let colon = body.firstIndex(of: ":"), !body.hasPrefix("- ") else { break }
            lines.removeFirst()
            let rest = body[body.index(after: colon)...]
            guard rest.isEmpty || rest.hasPrefix(" ") else { throw Unexpected(line: line) }
            object[String(body[..<colon])] =
                rest.isEmpty ? try block(&lines, indent: indent + 2) : try JSONValue(parsing: String(rest.dropFirst()))
        }
        guard !object.isEmpty else { throw Unexpected(line: first) }
        return .object(object)
    }
}
