import Foundation
import IPAMKit
import TestSupport
import Testing

/// Plans in YAML and JSON, and how their format is found.
@Suite(.needs(.etcd, .root)) struct PlanFormatTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "plan") }

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        return site
    }

    /// The reservations: address, holder, note, expiry, plan.
    private func reservations(_ site: AdminSite, _ network: String = "k8s") async throws -> [String] {
        let list =
            try await site.run("list", "-n", network, "--state", "reserved", "-o", "json").checked().json.array ?? []
        return list.map { entry in
            let reservation = entry["reservation"]
            let members = ["for", "note", "expires", "plan"].map { reservation?[$0]?.string ?? "" }
            return ([entry["address"]?.string ?? ""] + members).joined(separator: "|")
        }
    }

    private static let until = "2046-12-24T18:00:00Z"
    private static let wanted = [
        "10.188.0.9|default/db-0|mysql, primary||", "10.188.0.20||||", "10.188.0.21||||",
        "10.188.0.30|default/sts/kv||\(until)|", "fd00:188::30|default/sts/kv||\(until)|",
    ]

    @Test(arguments: [
        (
            "plan.yaml",
            """
            # Databases
            - address: 10.188.0.9
              for: default/db-0
              note: mysql, primary
            - address: 10.188.0.20-10.188.0.21
            - address: [10.188.0.30, "fd00:188::30"]
              for: default/sts/kv
              expires: \(until)
              note:
            """
        ),
        (
            "plan.csv",
            """
            ---
            network: k8s
            reservations:
            - {address: 10.188.0.9, for: default/db-0, note: "mysql, primary"}
            - {address: "10.188.0.20,10.188.0.21", each: no}
            - address:
              - 10.188.0.30
              - fd00:188::30
              for: &kv default/sts/kv
              expires: \(until)
            """
        ),
        (
            "plan",
            """
            {"reservations": [
            \t{"address": "10.188.0.9", "for": "default/db-0", "note": "mysql, primary", "expires": null},
            \t{"address": ["10.188.0.20-10.188.0.21"]},
            \t{"address": ["10.188.0.30", "fd00:188::30"], "for": "default/sts/kv", "expires": "\(until)"}
            ]}
            """
        ),
        (
            "plan.json",
            """
            \u{FEFF}[{"address": "10.188.0.9", "for": "default/db-0", "note": "mysql, primary"},
            {"address": "10.188.0.20/31"},
            {"address": "10.188.0.30,fd00:188::30", "for": "default/statefulset/kv", "expires": "\(until)"}]
            """
        ),
        // The flow style of YAML looks like JSON.
        (
            "plan.txt",
            """
            [{address: 10.188.0.9, for: default/db-0, note: 'mysql, primary'}, {address: 10.188.0.20-10.188.0.21},
            {address: [10.188.0.30, fd00:188::30], for: default/sts/kv, expires: "\(until)"}]
            """
        ),
        // An IPv6 address is no key of YAML, whatever the file is called.
        (
            "plan.yml",
            """
            fd00:188::30,default/sts/kv,,\(until)
            10.188.0.30,default/sts/kv,,\(until)
            10.188.0.9,default/db-0,"mysql, primary"
            10.188.0.20-10.188.0.21
            """
        ),
    ])
    func theFormatIsFoundFromTheContent(name: String, text: String) async throws {
        let site = try await site()
        let path = try folder.write(text, to: name).path
        let output = try await site.run("reserve", "-f", path, "--yes").checked()
        #expect(output.stderrText.isEmpty && output.lines.count == 5, "\(output.stderrText)\(output.stdoutText)")
        #expect(try await reservations(site) == Self.wanted)
        let before = try await site.dump()
        let again = try await site.run("reserve", "-f", "-", stdin: text).checked()
        #expect(again.lines.count == 5 && again.lines.allSatisfy { $0.hasSuffix(" already") }, "\(again.stdoutText)")
        #expect(again.stderrText == "nothing to do: 5 reservations exist already\n")
        #expect(try await site.dump() == before)
    }

    @Test(arguments: [
        // YAML: the entry, its line, and what would be right.
        (
            "- adress: 10.188.0.9\n", ", entry 1 (line 1): unknown key \"adress\"",
            "the keys are address, for, note, expires, each, start, fence"
        ),
        (
            "plan: a\nreservations:\n- address: 10.188.0.9\n- for: default/x\n- 5\n- address: 10.188.0.300\n",
            ", reservations, entry 2 (line 4): the entry has no address; 2 more cannot be used (entry 3, 4)",
            "write an address, a range a-b, or a CIDR"
        ),
        (
            "- address: 10.188.0.9\n  note: 5\n", ", entry 1 (line 1): note: this is a number, not a string",
            "write it in quotes"
        ),
        (
            "- address: 10.188.0.9\n  for: x\n", ", entry 1 (line 1): for: \"x\" is not a holder",
            "write it as for --for"
        ),
        ("- address: 10.188.0.9\n  each: maybe\n", ": each: this is a string, not true or false", ""),
        (
            "- address: 10.188.0.9\n  each: true\n", ": each: only the pods of a StatefulSet have ordinals",
            "write for: NAMESPACE/sts/NAME"
        ),
        (
            "- address: 10.188.0.9\n  for: default/db-0\n  fence: true\n", ": fence and for exclude each other",
            "omit one of them"
        ),
        ("- address: 10.188.0.9\n  for: default/sts/x\n  start: 2\n", ": start goes with each", "write each: true"),
        ("- address: []\n", ": \"\" names no address", "write an address"),
        ("- address: {a: 1}\n", ": address: this is an object, not a string", ""),
        (
            "- address: 10.188.0.9\n- address: 10.188.0.8-10.188.0.10\n", ", entry 2 (line 2): 10.188.0.9 occurs twice",
            "leave out one"
        ),
        ("plan: a\nentries: []\n", ": unknown key \"entries\"", "write a list of entries with the keys address"),
        ("plan: a\n", " has no reservations", "write a list of entries as reservations"),
        ("plan: a\nreservations: 5\n", ", reservations: this is a number, not a list", ""),
        ("plan: a b\nreservations: []\n", ", plan: \"a b\" is not the name of a plan", ""),
        ("plan: 5\nreservations: []\n", ", plan: this is a number, not a string", "write it in quotes"),
        ("reservations: []\n", " has no addresses", "write a list of entries"),
        ("[]", " has no addresses", "write a list of entries"),
        ("--- x\n", " is a string, not a plan", "write a list of entries"),
        (
            "- address: 10.188.0.9\n---\n- address: 10.188.0.10\n", ", line 3: a second document begins here",
            "write one plan"
        ),
        ("- address: \"10.188.0.9\n", ", line 2, column 1: ", "a plan is CSV"),
        ("reservations:\n\t- x\n", ", line 2, column 1: a tab is used for indentation", "a plan is CSV"),
        (
            "- address: 10.188.0.9\n  address: 10.188.0.10\n",
            ", line 2, column 3: the key \"address\" is defined twice", "a plan is CSV"
        ),
        // JSON: the entry.
        (#"[{"address":"10.188.0.9","owner":"x"}]"#, ", entry 1: unknown key \"owner\"", "the keys are"),
        (
            #"[{"address":"10.188.0.9"},{"address":7}]"#, ", entry 2: address: this is a number, not a string",
            "write it in quotes"
        ),
        (#"{"reservations":[{"address":"10.188.0.9"}"#, ": line 1, column 42: ", "a plan is CSV"),
        (#"[{"state":"free","address":"10.188.0.9"}]"#, " lists no address that is reserved", "only its reservations"),
        // Manifests are something else.
        ("apiVersion: v1\nkind: Pod\n", ", line 1: metadata", "correct the manifest"),
        (#"{"apiVersion":"v1","kind":"List","items":[]}"#, " requests no address", "the annotation kube-ipam.ip"),
    ])
    func everyErrorNamesThePlaceAndWhatWouldBeRight(text: String, problem: String, hint: String) async throws {
        let site = try await site()
        let before = try await site.dump()
        let name = text.hasPrefix("{") || text.hasPrefix("[") ? "plan.json" : "plan.yaml"
        let path = try folder.write(text, to: name).path
        let output = try await site.run("reserve", "-f", path, "--yes")
        #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
        #expect(output.stderrText.hasPrefix("ipamctl: \(path)"), "\(output.stderrText)")
        #expect(output.stderrText.contains(problem), "\(output.stderrText)")
        if !hint.isEmpty { #expect(output.stderrText.contains("\nhint: \(hint)"), "\(output.stderrText)") }
        #expect(try await site.dump() == before)
    }

    @Test func emptyFilesAreNoPlans_alsoWithPrune() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.9", "--plan", "web").checked()
        let before = try await site.dump()
        for text in ["", "\n \n", "# nothing\n", "---\n"] {
            for name in ["plan.csv", "plan.yaml"] {
                let path = try folder.write(text, to: name).path
                let output = try await site.run("reserve", "-f", path, "--plan", "web", "--prune", "--yes")
                #expect(output.isProperFailure && output.status == 64, "\(text): \(output.stderrText)")
            }
        }
        #expect(try await site.dump() == before)
    }

    /// What the list has in JSON is complete, also where the table's text is not.
    @Test(arguments: ["json", "yaml"]) func whatListWritesReserveReads_andNothingChanges(format: String) async throws {
        let site = try await site()
        let notes = ["mysql, primary", "two\nlines", "\u{1F600} 数据库", "- x: y", "# no", "null"]
        for (index, note) in notes.enumerated() {
            let owner = index % 2 == 0 ? ["--plan", "team-\(index)"] : ["--expires", "72h"]
            _ = try await site.run(
                ["reserve", "10.188.0.\(20 + index)", "--for", "default/db-\(index)", "--note=\(note)"] + owner
            ).checked()
        }
        try await site.put([
            ("/etcd-cni/networks/k8s/reservations/10.188.0.60", #"{"note":"a\u001bb\r\nc","ifname":"net1"}"#),
            ("/etcd-cni/networks/k8s/reservations/10.188.0.63", "{"),
            ("/etcd-cni/networks/k8s/reservations/10.188.0.64", #"{"note":"over","expires":"2020-01-01T00:00:00Z"}"#),
        ])
        let before = try await site.dump()
        let list = try await site.run("list", "-o", format).checked().stdoutText
        let output = try await site.run("reserve", "-f", "-", "--yes", stdin: list).checked()
        #expect(output.lines.count == 7 && output.lines.allSatisfy { $0.hasSuffix("already") }, "\(output.stdoutText)")
        #expect(output.stderrText.hasPrefix("skipped: 10.188.0.63, whose reservation cannot be read\n"))
        #expect(try await site.dump() == before)
        // Into another etcd.
        let other = try await self.site()
        _ = try await other.run("reserve", "-f", "-", "--yes", stdin: list).checked()
        func restorable(_ site: AdminSite) async throws -> [String] {
            try await reservations(site).filter { !$0.contains("(unreadable)") && !$0.contains("|over|") }
        }
        #expect(try await restorable(other) == restorable(site))
        let value = try await other.dump().first { $0.contains("/reservations/10.188.0.60 ") }
        #expect(value?.contains(#""ifname":"net1""#) == true, "\(value ?? "")")
    }

    @Test func aPlanThatNamesItsNetworkNeedsNoOption() async throws {
        let site = try await site()
        try await site.add("s1", "default/db-1", network: "storage", subnets: ["10.199.0.0/24"])
        let text = "network: storage\nreservations:\n- address: 10.199.0.9\n"
        _ = try await site.run("reserve", "-f", "-", stdin: text).checked()
        #expect(try await reservations(site, "storage") == ["10.199.0.9||||"])
        let wrong = try await site.run("reserve", "-f", "-", "-n", "k8s", stdin: text)
        #expect(wrong.isProperFailure && wrong.status == 4)
        #expect(wrong.stderrText.contains("standard input is for network storage, not for k8s"), "\(wrong.stderrText)")
        let bad = try await site.run(
            "reserve", "-f", "-", stdin: "network: a/b\nreservations:\n- address: 10.199.0.9\n")
        #expect(bad.isProperFailure && bad.status == 64, "\(bad.stderrText)")
    }
}
