import Foundation
import IPAMKit
import TestSupport
import Testing

/// `reserve --fence`: addresses that no pod gets.
@Suite(.needs(.etcd, .root)) struct FenceCommandTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", ip: "10.188.0.2", subnets: ["10.188.0.0/22"])
        return site
    }

    @Test func fencedAddressIsReservedForNobody() async throws {
        let site = try await site()
        let made = try await site.run("reserve", "10.188.0.50", "--fence", "--note", "printer").checked()
        #expect(made.stdoutText == "10.188.0.50 reserved for nobody (fenced)\n")
        let before = try await site.dump()
        let again = try await site.run("reserve", "10.188.0.50", "--fence").checked()
        #expect(again.stdoutText == "10.188.0.50 is reserved for nobody (fenced) already\n")
        for other in [[], ["--for", "default/db-0"]] {
            let refused = try await site.run(["reserve", "10.188.0.50"] + other)
            #expect(refused.isProperFailure && refused.status == 3, "\(refused)")
            #expect(refused.stderrText.hasPrefix("ipamctl: 10.188.0.50 is reserved for nobody (fenced)\n"))
        }
        #expect(try await site.dump() == before)
        #expect(try await site.held().contains("reservations/10.188.0.50"))
        let list = try await site.run("list", "10.188.0.50").checked().stdoutText
        #expect(list.contains("reserved  -        nobody (fenced)"), "\(list)")
        let json = try await site.run("list", "10.188.0.50", "-o", "json").checked().json.array?.first
        #expect(json?["reservation"]?["for"] == "(nobody)" && json?["state"] == "reserved")
        let show = try await site.run("show", "10.188.0.50").checked().stdoutText
        #expect(show.contains("nobody (fenced)") && show.contains("printer"))
        let networks = try await site.run("networks", "-o", "json").checked().json.array?.first
        #expect(networks?["reserved"] == 1)
        let map = try await site.run("map", "-o", "json").checked().json.array ?? []
        #expect(map.contains { $0["who"] == "reserved for nobody (fenced)" && $0["state"] == "reserved" }, "\(map)")
        let history = try await site.run("history", "10.188.0.50").checked().stdoutText
        #expect(history.contains("nobody (fenced)"), "\(history)")
        let released = try await site.run("release", "10.188.0.50").checked()
        #expect(released.stdoutText == "10.188.0.50 no longer reserved for nobody (fenced)\n")
    }

    @Test func addressInUseOrReservedCannotBeFenced() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0").checked()
        let before = try await site.dump()
        for (address, message) in [
            ("10.188.0.2", "10.188.0.2 is in use by default/db-1 on n1"),
            ("10.188.0.9", "10.188.0.9 is reserved for default/db-0"),
        ] {
            let refused = try await site.run("reserve", "10.188.0.50", address, "--fence")
            #expect(refused.isProperFailure && refused.status == 3, "\(refused)")
            #expect(refused.stderrText.contains(message), "\(refused)")
        }
        for (words, message) in [
            (["--fence", "--for", "default/db-0"], "--fence and --for exclude each other"),
            (["--for", "(nobody)"], "--for: \"(nobody)\" is not a holder"),
        ] {
            let refused = try await site.run(["reserve", "10.188.0.50"] + words)
            #expect(
                refused.isProperFailure && refused.status == 64 && refused.stderrText.contains(message), "\(refused)")
        }
        #expect(try await site.dump() == before)
    }

    /// What `list -o csv` and `backup` write is read again as it was.
    @Test func fenceSurvivesTheListAndTheBackup() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.50", "--fence", "--note", "printer").checked()
        let csv = try await site.run("list", "--state", "reserved", "-o", "csv").checked().stdoutText
        let folder = try TemporaryDirectory(prefix: "fence")
        defer { folder.remove() }
        let backup = folder.file("networks.backup").path
        _ = try await site.run("backup", backup).checked()
        func expectFenced() async throws {
            let reservation = try await site.run("list", "10.188.0.50", "-o", "json").checked().json.array?.first
            #expect(
                reservation?["reservation"]?["for"] == "(nobody)" && reservation?["reservation"]?["note"] == "printer")
        }
        _ = try await site.run("release", "10.188.0.50").checked()
        _ = try await site.run("reserve", "-f", "-", stdin: csv).checked()
        try await expectFenced()
        _ = try await site.run("release", "10.188.0.50").checked()
        _ = try await site.run("restore", backup).checked()
        try await expectFenced()
    }

    @Test func onATerminalItIsAskedFirst() async throws {
        let site = try await site()
        let before = try await site.dump()
        let run = try await site.runOnTerminal(["reserve", "10.188.0.50", "--fence"], answer: "n\n")
        #expect(run.stdoutText.contains("Reserve 10.188.0.50 of network k8s for nobody (fenced)? [y/N] "), "\(run)")
        #expect(try await site.dump() == before)
    }
}
