import Foundation
import IPAMKit
import TestSupport
import Testing

@testable import ipamctl

/// docs/output.md says what the program prints.
@Suite struct OutputDocumentTests {
    private func expect<Result: Tabular>(_ result: Result.Type, _ document: OutputDocument) throws {
        let documented = try #require(document.columns("\(result)"), "the document has no columns of \(result)")
        let actual = Result.columns.map { column -> [String] in
            let formats =
                switch column.formats {
                case .all: "all"
                case .wide: "wide, csv"
                case .tables: "table, wide"
                case .table: "table"
                }
            let rank =
                switch column.importance {
                case .detail: "1"
                case .context: "2"
                case .figure: "3"
                case .essential: ""
                }
            return [column.title, formats, rank + (column.groupsRows ? "; if all equal" : "")]
        }
        #expect(documented == actual, "\(result)")
    }

    @Test func everyColumnIsDocumented() throws {
        let document = try OutputDocument()
        try expect(AddressList.self, document)
        try expect(ExpiringList.self, document)
        try expect(NetworkList.self, document)
        try expect(MapList.self, document)
        try expect(AddressDetail.self, document)
        try expect(HistoryList.self, document)
        try expect(PastHolder.self, document)
        try expect(AuditResult.self, document)
        try expect(CheckList.self, document)
        try expect(ConfigCheckList.self, document)
        try expect(ConfigMembers.self, document)
        try expect(PreflightResult.self, document)
        try expect(ChangeList.self, document)
        try expect(NetworkChange.self, document)
        try expect(AdoptionResult.self, document)
        try expect(BackupResult.self, document)
        try expect(RestoreResult.self, document)
        try expect(EventLine.self, document)
        try expect(VersionReport.self, document)
    }

    @Test func everyCheckOfDoctorIsExplained() throws {
        let explained = try OutputDocument().rows("checks").map { $0[0].trimmingCharacters(in: ["`"]) }
        #expect(explained == CheckCode.allCases.map(\.rawValue))
    }

    private static let base = "/etcd-cni/networks/k8s/"
    private static let holder =
        #""namespace":"default","pod":"db-0","uid":"u","node":"n1","since":"2026-11-23T02:00:00Z""#
    private static let reservation =
        #"{"for":"default/db-1","by":"root@a","note":"n","since":"2026-11-23T02:00:00Z","#
        + #""expires":"2046-12-24T18:00:00Z","ifname":"eth0","plan":"web"}"#

    /// A network in which every field of `list`, `show`, `networks` and `history` has a value somewhere.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        let base = Self.base
        try await site.put([
            (
                "/etcd-cni/networks/k8s",
                #"[[{"rangeStart":"10.188.0.100","rangeEnd":"10.188.0.199","subnet":"10.188.0.0/24","gateway":"10.188.0.1"}]]"#
            ),
            (
                "\(base)config",
                #"{"format":1,"goNodes":false,"fixed":[["10.188.0.10","10.188.0.19"]],"#
                    + #""rangesChange":{"by":"a","at":"2026-11-23T02:00:00Z","from":"x","to":"y"},"#
                    + #""hold":{"by":"root@a","reason":"r","since":"2026-11-23T02:00:00Z"}}"#
            ),
            ("\(base)used/10.188.0.10", "c1"),
            (
                "\(base)attachments/c1/eth0",
                #"{"addresses":["10.188.0.10"],\#(Self.holder),"workload":"sts/db","boot":"b","machine":"m","#
                    + #""netns":"/run/netns/x","inode":4026532281,"cluster":"k","fixed":true}"#
            ),
            ("\(base)reservations/10.188.0.10", Self.reservation), ("\(base)reservations/10.188.0.50", "{}"),
            ("\(base)used/10.188.0.11", "c2"),
            (
                "\(base)attachments/c2/eth0",
                #"{"addresses":["10.188.0.11"],"pod":"web_1","node":"n1","fixed":false}"#
            ),
            ("\(base)suspects/10.188.0.10", #"{"revision":2,"since":"2026-11-23T02:00:00Z","by":"n2"}"#),
            (
                "\(base)history/10.188.0.10",
                #"[{"format":1,"event":"taken-over","at":"2026-11-23T02:00:00Z","by":"x on n2","evidence":"e","#
                    + #""attachment":{"containerID":"c0","ifname":"eth0",\#(Self.holder),"fixed":false}},"#
                    + #"{"format":1,"event":"released","at":"2026-11-22T02:00:00Z","by":"root@a","#
                    + #""reservation":\#(Self.reservation)}]"#
            ),
        ])
        return site
    }

    private func check(
        _ site: AdminSite, _ commands: [[String]], _ name: String, isComplete: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let document = try OutputDocument()
        var seen: Set<String> = []
        for command in commands {
            let output = try await site.run(command + ["-o", "json"])
            let differences = document.differences(try output.json, name, seen: &seen)
            #expect(differences.isEmpty, "\(command): \(output.stdoutText)", sourceLocation: sourceLocation)
        }
        let unseen = Set(document.fields(name).map(\.path)).subtracting(seen)
        #expect(!isComplete || unseen.isEmpty, "\(name): never printed", sourceLocation: sourceLocation)
    }

    @Test(.needs(.etcd, .root)) func everyFieldOfTheListsIsDocumented_andNoOther() async throws {
        let site = try await site()
        try await check(site, [["list"], ["list", "--state", "free"], ["list", "--expiring", "9999d"]], "list")
        try await check(site, [["networks"]], "networks")
        try await check(site, [["map"]], "map")
        try await check(
            site,
            [["show", "10.188.0.10"], ["show", "10.188.0.11"], ["show", "10.188.0.1"], ["show", "10.188.0.50"]],
            "show")
        try await check(site, [["history", "10.188.0.10"], ["history", "--node", "n1"]], "history")
        try await check(
            site, [["history", "10.188.0.10", "--at", "2026-11-23 03:00"]], "history --at", isComplete: false)
        try await check(site, [["version"]], "version")
        try await check(site, [["doctor"]], "doctor")
        let csv = try await site.run("list", "-o", "csv").checked().lines[0]
        let columns = try #require(try OutputDocument().columns("AddressList"))
        #expect(csv == columns.filter { $0[1] != "table, wide" }.map { $0[0] }.joined(separator: ","))
    }

    @Test(.needs(.etcd, .root)) func everyFieldOfChangesIsDocumented() async throws {
        let site = try await site()
        try await check(
            site,
            [
                ["reserve", "10.188.0.15"],
                [
                    "reserve", "10.188.0.16", "--for", "default/x", "--note", "x", "--expires", "7d", "--plan", "p",
                    "--dry-run",
                ],
                ["reserve", "10.188.0.10", "--for", "default/another", "--dry-run"],
                ["release", "10.188.0.15-10.188.0.16", "--dry-run"], ["release", "10.188.0.15"],
            ], "reserve")
        try await check(
            site, [["unhold", "--dry-run"], ["unhold"], ["unhold"], ["hold", "--reason", "x"]], "hold command")
    }

    @Test(.needs(.etcd, .root)) func everyFieldOfAConfigCheckIsDocumented() async throws {
        let site = try await AdminSite()
        let root = BuildProducts.packageRoot.path
        try await check(site, [["config", "check", "\(root)/deploy", "\(root)/docs/examples"]], "config check")
    }

    @Test(.needs(.etcd, .root)) func everyFieldOfBackupsIsDocumented() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = folder.file("b").path
        try await check(site, [["backup", path]], "backup")
        try await site.put([("\(Self.base)used/10.188.0.11", "c3")])
        try await check(
            site, [["restore", path, "--force", "--dry-run"], ["restore", path, "--force"], ["restore", path]],
            "restore")
    }

    @Test(.needs(.etcd, .root)) func everyFieldOfAnAuditIsDocumented() async throws {
        let site = try await site()
        try await site.put([
            ("\(Self.base)used/10.188.0.120", "c9"), ("\(Self.base)used/10.188.0.1", "c8"),
            ("\(Self.base)reservations/10.188.0.17", #"{"by":"root@a","expires":"2020-01-01T00:00:00Z"}"#),
            ("\(Self.base)reservations/10.188.0.18", "junk"),
        ])
        let cache = try TemporaryDirectory()
        let audit = ["audit", "--node-local", "--cni-cache", cache.path]
        try await check(
            site,
            [
                audit, audit + ["--repair", "--dry-run"],
                audit + ["--repair", "--yes", "--grace", "0", "--only", "reservation-expired"],
            ], "audit", isComplete: false)
    }

    @Test(.needs(.etcd, .root)) func everyFieldOfEventsIsDocumented() async throws {
        let site = try await AdminSite()
        try await site.add("c0", "default/first")
        let begin = try #require(try await site.dump().compactMap { Int($0.split(separator: " ")[1]) }.max())
        try await site.add("c1", "default/db-0")
        _ = try await site.run("reserve", "10.188.0.216", "--for", "default/db-1", "--note", "x").checked()
        _ = try await site.run("release", "10.188.0.216").checked()
        _ = try await site.run("hold", "--reason", "x").checked()
        _ = try await site.run("unhold").checked()
        _ = try await site.run("release", "10.188.0.3", "--force").checked()
        // The reader leaves after the last of them.
        let command = try site.command(["watch", "-o", "json", "--since-revision", "\(begin)"])
        let output = try await runProcess(
            "bash",
            ["-c", #""$@" | sed '/"freed".*fd00/q;/fd00.*"freed"/q'"#, "bash", command.program] + command.arguments,
            environment: site.environment())
        let document = try OutputDocument()
        var seen: Set<String> = []
        for line in output.lines {
            let differences = document.differences(try JSONValue(parsing: line), "watch", seen: &seen)
            #expect(differences.isEmpty, "\(line)")
        }
        #expect(output.lines.count >= 7 && seen.isSuperset(of: ["attachment.pod", "reservation.note", "hold.reason"]))
    }
}
