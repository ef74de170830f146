import Foundation
import IPAMKit
import TestSupport
import Testing

/// What `reserve -f` does with entries that cannot be used as they are, and what it removes and keeps.
@Suite(.needs(.etcd)) struct PlanEntryRuleTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "entry") }

    /// The addresses .16 and .17 are excluded.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try site.files.write(
            """
            {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
            "annotations":"none","etcdConfig":{"etcdURL":"\(site.server.clientURL)"},"subnet":"10.188.0.0/24",\
            "gateway":"10.188.0.1","exclude":["10.188.0.16-10.188.0.17"]}}
            """, to: "10-k8s.conf")
        return site
    }

    private func run(_ site: AdminSite, _ arguments: String..., stdin: String? = nil) async throws -> ProcessOutput {
        try await site.run(arguments, environment: [:], stdin: stdin)
    }

    private func write(_ text: String, _ name: String = "plan.yaml") throws -> String {
        try folder.write(text, to: name).path
    }

    private func reservation(_ site: AdminSite, _ address: String) async throws -> Reservation? {
        let json = try await run(site, "list", "--state", "reserved", "-o", "json").checked().json.array
        let value = json?.first { $0["address"]?.string == address }?["reservation"]
        return try value.map { try Reservation(stored: $0.serialized()) }
    }

    // MARK: Addresses that no pod can have

    @Test func pruneKeepsWhatThePlanListsAndLeavesOut() async throws {
        let site = try await site()
        try await site.put([("/etcd-cni/networks/k8s/reservations/10.188.0.16", #"{"plan":"web"}"#)])
        _ = try await run(site, "reserve", "10.188.0.30", "--plan", "web", "--yes").checked()
        let path = try write("plan: web\nreservations:\n- address: 10.188.0.14-10.188.0.18\n")
        let output = try await run(site, "reserve", "-f", path, "--prune", "--yes").checked()
        #expect(output.stderrText.contains("skipped: 10.188.0.16-10.188.0.17 (excluded)"), "\(output.stderrText)")
        #expect(output.lines.filter { $0.contains("no longer") }.count == 1, "\(output.stdoutText)")
        #expect(try await reservation(site, "10.188.0.16")?.plan?.text == "web")
        #expect(try await reservation(site, "10.188.0.30") == nil)
    }

    @Test(arguments: [
        (
            "- {address: 10.188.0.15-10.188.0.18, for: default/sts/db, each: true}\n",
            ", entry 1 (line 1): 10.188.0.16 is excluded: the addresses after it would be for other pods"
        ),
        (
            "- {address: [10.188.0.9, 10.188.0.0-10.188.0.3], for: default/sts/db, each: true}\n",
            "is the network address: the addresses after it would be for other pods"
        ),
        (
            "- {address: 10.188.0.9}\n- {address: 10.188.0.16/31}\n",
            ", entry 2 (line 2): no pod can have these addresses: 10.188.0.16-10.188.0.17 (excluded)"
        ),
        (
            "- {address: 10.188.0.9}\n- {address: 10.188.0.16}\n",
            ", entry 2 (line 2): 10.188.0.16 is excluded by the CNI configuration"
        ),
        ("- {address: 10.188.0.1}\n", ", entry 1 (line 1): 10.188.0.1 is the gateway of 10.188.0.0/24"),
        ("- {address: 10.188.9.1}\n", ", entry 1 (line 1): 10.188.9.1 lies in no subnet"),
    ])
    func anErrorAboutAnAddressNamesTheEntry(text: String, problem: String) async throws {
        let site = try await site()
        let output = try await run(site, "reserve", "-f", try write(text), "--yes")
        #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
        #expect(output.stderrText.contains(problem) && output.stderrText.contains("plan.yaml"), "\(output.stderrText)")
        #expect(try await site.held().isEmpty)
    }

    @Test func anUnknownNetworkIsThatOfTheFile() async throws {
        let site = try await site()
        let path = try write("network: other\nreservations:\n- address: 10.188.0.9\n")
        let output = try await run(site, "reserve", "-f", path, "--yes")
        #expect(output.isProperFailure)
        #expect(output.stderrText.hasPrefix("ipamctl: \(path), network: "), "\(output.stderrText)")
    }

    // MARK: What a reservation has

    @Test func neverAndAnEmptyNoteRemove_andWhatIsAbsentStays() async throws {
        let site = try await site()
        let until = "2047-01-01T00:00:00Z"
        _ = try await run(
            site, "reserve", "10.188.0.9", "--for", "default/db-0", "--note", "x", "--expires", until, "--plan", "web",
            "--yes"
        ).checked()
        func apply(_ entry: String) async throws -> String {
            let path = try write("plan: web\nreservations:\n- {address: 10.188.0.9, \(entry)}\n")
            return try await run(site, "reserve", "-f", path, "--yes").checked().stdoutText
        }
        #expect(
            try await apply("for: default/db-1")
                == "10.188.0.9 reserved for default/db-1 (was for default/db-0) until \(until)\n")
        #expect(
            try await apply("for: default/db-1, note: two")
                == "10.188.0.9 reserved for default/db-1 until \(until), note \"two\" (was \"x\")\n")
        #expect(
            try await apply("for: default/db-1, expires: never")
                == "10.188.0.9 reserved for default/db-1, without expiry (was until \(until))\n")
        #expect(
            try await apply("for: default/db-1, note: ''")
                == "10.188.0.9 reserved for default/db-1, note removed (was \"two\")\n")
        let table = try write("address,for,note,expires\n10.188.0.9,default/db-1,z,\(until)\n", "plan.csv")
        let dry = try await run(site, "reserve", "-f", table, "--plan", "web", "--dry-run").checked()
        #expect(
            dry.stdoutText
                == "10.188.0.9 reserved for default/db-1, until \(until) (was without expiry), note \"z\" (dry run)\n")
        _ = try await run(site, "reserve", "-f", table, "--plan", "web", "--yes").checked()
        let never = try write("address,for,note,expires\n10.188.0.9,default/db-1,,never\n", "plan.csv")
        _ = try await run(site, "reserve", "-f", never, "--plan", "web", "--yes").checked()
        let after = try await reservation(site, "10.188.0.9")
        #expect(after?.note == "z" && after?.expires == nil)
    }

    @Test func expiredReservationsOfAListAreTold() async throws {
        let site = try await site()
        let soon = Timestamp(seconds: Int64(Date().timeIntervalSince1970) - 60)
        let list = """
            network,address,reserved for,expires
            k8s,10.188.0.9,default/db-0,2020-01-01T00:00:00Z
            k8s,10.188.0.10,default/db-1,2020-01-01T00:00:00Z
            k8s,10.188.0.11,default/db-2,
            k8s,10.188.0.12,default/db-3,\(soon)
            """
        let output = try await run(site, "reserve", "-f", "-", "--yes", "--dry-run", stdin: list).checked()
        #expect(output.stderrText == "skipped: 2 reservations that have expired\n", "\(output.stderrText)")
        #expect(output.lines.count == 2, "\(output.stdoutText)")
    }

    // MARK: Pods with two addresses

    @Test func aPodWithASecondAddressIsTold() async throws {
        let site = try await site()
        _ = try await run(site, "reserve", "10.188.0.100-10.188.0.106", "--for", "default/sts/db", "--each", "--yes")
            .checked()
        let one = try await run(site, "reserve", "10.188.0.9", "--for", "default/db-0", "--yes", "--dry-run").checked()
        #expect(
            one.stderrText
                == "note: default/db-0 also has 10.188.0.100 reserved, and gets the lowest of its addresses that is free: "
                + "10.188.0.9\n")
        let all = try await run(
            site, "reserve", "10.188.0.200-10.188.0.206", "--for", "default/sts/db", "--each", "--yes"
        ).checked()
        let notes = all.stderrText.split(separator: "\n")
        #expect(notes.count == 6 && notes.last == "note: so have 2 more", "\(all.stderrText)")
        #expect(notes.first?.hasSuffix(": 10.188.0.100") == true, "\(all.stderrText)")
    }

    // MARK: Files

    @Test func whatIsNoPlanSaysWhatToDo() async throws {
        let site = try await site()
        let plan = try write("- address: 10.188.0.9\n")
        let other = try write("- address: 10.188.0.10\n", "other.yaml")
        let folder = folder.url.path
        for (arguments, message, hint) in [
            (["-f", plan, "-f", other], "--file is given twice: \(plan), \(other)", "one file after the other"),
            (["-f", folder], "\(folder) is a folder", "*.yaml | ipamctl reserve -f -"),
            (
                ["-f", "https://example.org/a.yaml"], "is a URL",
                "curl -fsS https://example.org/a.yaml | ipamctl reserve"
            ),
            (["-f", plan, "--namespace", "shop"], "--namespace: \(plan) is not a manifest of Kubernetes", "omit"),
            (
                ["-f", try write("addresses,for\n10.188.0.9,a/b\n", "h.csv")],
                "h.csv, line 1 looks like a header, and has no column \"address\"",
                "the columns are address,for,note,expires"
            ),
        ] {
            let output = try await site.run(["reserve", "--yes"] + arguments, environment: [:])
            #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
            #expect(output.stderrText.contains(message) && output.stderrText.contains(hint), "\(output.stderrText)")
        }
        #expect(try await site.held().isEmpty)
    }

    @Test func annotationsOfAManifestThatHaveNoEffectAreWarnings() async throws {
        let site = try await site()
        let manifest = """
            apiVersion: v1
            kind: Pod
            metadata: {name: a, annotations: {kube-ipam.ip: 10.188.0.9, kubeipam.fixed: x}}
            """
        let output = try await run(site, "reserve", "-f", "-", "--yes", stdin: manifest).checked()
        #expect(
            output.stderrText.hasPrefix("warning: standard input, line 3: annotation kubeipam.fixed is ignored"),
            "\(output.stderrText)")
        let none = manifest.replacingOccurrences(of: "kube-ipam.ip:", with: "kube-ipam.IP:")
        let refused = try await run(site, "reserve", "-f", "-", "--yes", stdin: none)
        #expect(
            refused.status == 64 && refused.stderrText.contains("did you mean kube-ipam.ip?"), "\(refused.stderrText)")
    }

    // MARK: The question

    @Test func aSingleChangeIsShownBeforeTheQuestion() async throws {
        let site = try await site()
        _ = try await run(site, "reserve", "10.188.0.9", "--for", "default/db-0", "--note", "x", "--yes").checked()
        let output = try await site.runOnTerminal(
            ["reserve", "10.188.0.9", "--for", "default/db-0", "--note", "y", "-c", site.files.url.path], answer: "n\n")
        #expect(
            (output.stdoutText + output.stderrText).contains("~ 10.188.0.9 for default/db-0, note \"y\" (was \"x\")"),
            "\(output.stdoutText)\(output.stderrText)")
    }
}
