import Foundation
import IPAMKit
import TestSupport
import Testing

/// Plans as people and spreadsheets write them, and lists that are read again.
@Suite(.needs(.etcd, .root)) struct PlanFileTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "plan") }

    private func write(_ bytes: [UInt8], to name: String = "plan.csv") throws -> String {
        let file = folder.file(name)
        try Data(bytes).write(to: file)
        return file.path
    }

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        return site
    }

    /// The reservations of a network: address, holder, note.
    private func reservations(_ site: AdminSite, _ network: String = "k8s") async throws -> [String] {
        let list =
            try await site.run("list", "-n", network, "--state", "reserved", "-o", "json").checked().json.array ?? []
        return list.map { entry in
            [
                entry["address"]?.string ?? "", entry["reservation"]?["for"]?.string ?? "",
                entry["reservation"]?["note"]?.string ?? "",
            ].joined(separator: "|")
        }
    }

    private static let wanted = ["10.188.0.9|default/db-0|mysql, primary", "10.188.0.20||", "10.188.0.21||"]

    @Test(arguments: [
        // As it should be.
        "address,for,note\n10.188.0.9,default/db-0,\"mysql, primary\"\n10.188.0.20-10.188.0.21,,\n",
        // Excel: a byte order mark, semicolons, CRLF, and rows of nothing but separators.
        "\u{FEFF}Address;For;Note\r\n10.188.0.9;default/db-0;mysql, primary\r\n;;\r\n10.188.0.20-10.188.0.21;;\r\n;;\r\n",
        "sep=;\r\naddress;for;note\r\n10.188.0.9;default/db-0;\"mysql, primary\"\r\n10.188.0.20-10.188.0.21\r\n",
        // Tabs, a no-break space, white space around cells.
        "address\tfor\tnote\n10.188.0.9 \t default/db-0\tmysql, primary \n\t\t\n \u{A0}10.188.0.20-10.188.0.21\n",
        "address , for , note\n 10.188.0.9 , default/db-0 , \"mysql, primary\" \n , , \n10.188.0.20-10.188.0.21 , , \n",
        // Without a header, and with line ends of old.
        "\u{FEFF}10.188.0.9,default/db-0,\"mysql, primary\"\r10.188.0.20-10.188.0.21\r",
    ])
    func plansOfEveryFormAreRead(text: String) async throws {
        let site = try await site()
        let output = try await site.run("reserve", "-f", try write(Array(text.utf8)), "--yes").checked()
        #expect(output.stderrText.isEmpty, "\(output.stderrText)")
        #expect(try await reservations(site) == Self.wanted)
        // The same again changes nothing.
        let before = try await site.dump()
        _ = try await site.run("reserve", "-f", "-", "--yes", stdin: text).checked()
        #expect(try await site.dump() == before)
    }

    @Test func otherEncodingsAreRefusedByTheirLine() async throws {
        let site = try await site()
        let before = try await site.dump()
        let utf16 = Array("address,for\n10.188.0.9,\n".utf16).flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        for (bytes, problem) in [
            ([0xFF, 0xFE] + utf16, "line 1: the file is UTF-16, not UTF-8"),
            (
                Array("address,note\n10.188.0.9,x\n10.188.0.10,caf".utf8) + [0xE9, 0x0A],
                "line 3: the text is not UTF-8"
            ),
        ] {
            let path = try write(bytes)
            let output = try await site.run("reserve", "-f", path, "--yes")
            #expect(output.isProperFailure && output.status == 64)
            #expect(output.stderrText == "ipamctl: \(path), \(problem)\nhint: save the file as UTF-8\n")
        }
        #expect(try await site.dump() == before)
    }

    @Test func everyBadEntryIsTold() async throws {
        let site = try await site()
        let before = try await site.dump()
        let path = try write(Array("10.188.0.9,x\n10.188.0.10\n10.188.0.300\n,a/b\n10.188.0.11\n".utf8))
        let output = try await site.run("reserve", "-f", path, "--yes")
        #expect(output.isProperFailure && output.status == 64)
        #expect(
            output.stderrText.hasPrefix("ipamctl: \(path), entry 1: for: \"x\" is not a holder")
                && output.stderrText.contains("; 2 more cannot be used (entry 3, 4)\n"), "\(output.stderrText)")
        #expect(try await site.dump() == before)
    }

    @Test(arguments: [
        (
            "address,for\n10.188.0.9,x\n", "for: \"x\" is not a holder",
            "write it as for --for, see 'ipamctl reserve --help'"
        ),
        ("address,for\n10.188.0.9,\"x\n", "a quoted field is not closed", "close it"),
        ("address,owner\n10.188.0.9,x\n", "unknown column \"owner\"", "the columns are address,for,note,expires"),
        ("address,for\n10.188.0.9,a/b,c\n", "the entry has 3 columns", "the columns are address,for,note,expires"),
        ("address,for\n", "has no addresses", "the columns are address,for,note,expires"),
        ("address,for\n10.188.0.9,\n10.188.0.9,\n", "10.188.0.9 occurs twice", "leave out one of the two"),
        (
            "network,address,reserved for\nk8s,10.188.0.9,\n", "lists no address that is reserved",
            "only its reservations"
        ),
    ])
    func everyErrorOfAPlanSaysWhatToDo(text: String, problem: String, hint: String) async throws {
        let site = try await site()
        let before = try await site.dump()
        let output = try await site.run("reserve", "-f", try write(Array(text.utf8)), "--yes")
        #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
        #expect(output.stderrText.contains(problem), "\(output.stderrText)")
        #expect(output.stderrText.contains("\nhint: \(hint)"), "\(output.stderrText)")
        #expect(try await site.dump() == before)
    }

    // MARK: Lists

    /// Notes that a spreadsheet, or a parser, could stumble over.
    private static let notes = [
        "mysql, primary", "=1+1", "+49 30", "-", "@sum", "'=quoted", "a \"b\" c", "two\nlines", " spaces ",
        "\u{A0}nbsp\u{A0}",
        "a;b", "tab\there", "é ü 漢", "sep=;", "'", "''", "'=", "\u{FEFF}mark",
    ]

    private func reserveNotes(_ site: AdminSite, _ network: String, _ block: String) async throws {
        for (index, note) in Self.notes.enumerated() {
            let holder = [[], ["--for", "default/db-\(index)"], ["--for", "default/"], ["--for", "x/deploy/web"]][
                index % 4]
            let until = index % 5 == 0 ? ["--expires", "72h"] : []
            // A value that begins with a dash belongs to its option all the same.
            _ = try await site.run(
                ["reserve", "\(block).\(20 + index)", "-n", network, "--note=\(note)", "--yes"] + holder + until
            ).checked()
        }
    }

    @Test func whatListWritesReserveReads_andNothingChanges() async throws {
        let site = try await site()
        try await site.add("s1", "default/db-1", network: "storage", subnets: ["10.199.0.0/24"])
        try await reserveNotes(site, "k8s", "10.188.0")
        try await reserveNotes(site, "storage", "10.199.0")
        // In use by a pod that it is not reserved for, and by one that it is.
        try await site.add("c2", "default/other-0", ip: "10.188.0.60")
        try await site.put([
            ("/etcd-cni/networks/k8s/reservations/10.188.0.60", #"{"for":"default/db-60","by":"root@a"}"#),
            ("/etcd-cni/networks/k8s/claims/default/pod/db-60/10.188.0.60", ""),
            // An old note that is longer than the limit of today, one with what a terminal must not see, one that is damaged,
            // and one whose time is over.
            ("/etcd-cni/networks/k8s/reservations/10.188.0.61", #"{"note":"\#(String(repeating: "n", count: 2000))"}"#),
            ("/etcd-cni/networks/k8s/reservations/10.188.0.62", #"{"note":"a\u001bb\r\nc"}"#),
            ("/etcd-cni/networks/k8s/reservations/10.188.0.63", "{"),
            ("/etcd-cni/networks/k8s/reservations/10.188.0.64", #"{"note":"over","expires":"2020-01-01T00:00:00Z"}"#),
        ])
        let before = try await site.dump()
        let list = try write(try await site.run("list", "-o", "csv").checked().stdout.map { $0 }, to: "list.csv")
        for network in ["k8s", "storage"] {
            let output = try await site.run("reserve", "-f", list, "-n", network, "--yes").checked()
            #expect(output.lines.count == Self.notes.count + (network == "k8s" ? 3 : 0), "\(output.stdoutText)")
            #expect(output.lines.allSatisfy { $0.hasSuffix("already") }, "\(output.stdoutText)")
            #expect(try await site.dump() == before, "\(network)")
        }
        let both = try await site.run("reserve", "-f", list, "--yes")
        #expect(
            both.stderrText == """
                skipped: 10.188.0.63, whose reservation cannot be read
                10.188.0.62: the list has only a changed copy of its note, so the note is left out
                ipamctl: the list has reservations of several networks: k8s, storage
                hint: choose one with --network

                """ || both.status == 64, "\(both.stderrText)")
        // A list of one network says which.
        let one = try write(
            try await site.run("list", "-n", "storage", "-o", "csv").checked().stdout.map { $0 }, to: "one.csv")
        let output = try await site.run("reserve", "-f", one, "--yes").checked()
        #expect(output.lines.count == Self.notes.count && output.lines.allSatisfy { $0.hasSuffix("already") })
        let wrong = try await site.run("reserve", "-f", one, "-n", "k8s", "--yes")
        #expect(
            wrong.status == 4 && wrong.stderrText.contains("the list has no reservation of network k8s"),
            "\(wrong.stderrText)")
        #expect(try await site.dump() == before)
    }

    /// Into another etcd, after a spreadsheet has had it.
    @Test func aListRestoresReservations() async throws {
        let site = try await site()
        try await reserveNotes(site, "k8s", "10.188.0")
        let wanted = try await reservations(site)
        let text = try await site.run("list", "-o", "csv").checked().stdoutText
        #expect(text.contains(",'=1+1\n") && text.contains(",'+49 30\n") && text.contains(",'@sum\n"), "\(text)")
        let other = try await self.site()
        _ = try await other.run("reserve", "-f", "-", "--yes", stdin: "\u{FEFF}" + text).checked()
        #expect(try await reservations(other) == wanted)
        let expiring = try await site.run("list", "-o", "json").checked().json.array?.compactMap {
            $0["reservation"]?["expires"]
        }
        let restored = try await other.run("list", "-o", "json").checked().json.array?.compactMap {
            $0["reservation"]?["expires"]
        }
        #expect(expiring?.count == 4 && expiring == restored)
    }
}
