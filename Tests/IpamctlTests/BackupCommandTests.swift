import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl backup` and `restore` on a real etcd.
@Suite(.needs(.etcd, .root)) struct BackupCommandTests {
    private static let base = "/etcd-cni/networks/k8s/"

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        try await site.add("c2", "default/db-2")
        try await site.add("c3", "default/db-3", network: "other", subnets: ["10.5.0.0/24"])
        _ = try await site.run("reserve", "-n", "k8s", "10.188.0.50", "--for", "default/db-0").checked()
        return site
    }

    /// The keys with their values, without revisions.
    private func values(_ site: AdminSite) async throws -> [String] {
        try await site.dump().map { line in
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            return "\(parts[0]) \(parts[2])"
        }
    }

    @Test func aNetworkIsAsBefore_inAnotherEtcd() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = folder.file("all.backup").path
        let written = try await site.run("backup", path).checked()
        #expect(written.lines.count == 2 && written.lines[0].hasPrefix("network k8s: "), "\(written.stdoutText)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["all.backup"])
        let empty = try await AdminSite()
        let which = try await empty.run("restore", path)
        #expect(which.isProperFailure && which.status == 64, "\(which.stderrText)")
        #expect(which.stderrText.contains("has several networks: k8s, other\nhint: choose one with --network"))
        for network in ["k8s", "other"] {
            let dry = try await empty.run("restore", "-n", network, path, "--dry-run").checked()
            #expect(dry.lines[0].hasSuffix(" (dry run)") && dry.lines[2].hasPrefix("  add: ranges, settings, "))
            let done = try await empty.run("restore", "-n", network, path).checked()
            #expect(done.stdoutText.contains("added: ranges, settings, "), "\(done.stdoutText)")
            #expect(done.stderrText.contains("'ipamctl audit -n \(network) --repair --include untracked'"))
            #expect(done.stderrText.contains("'ipamctl unhold \(network)'"))
            _ = try await empty.run("unhold", network).checked()
        }
        #expect(try await values(empty) == values(site))
        let none = try await empty.run("restore", "-n", "third", path)
        #expect(none.isProperFailure && none.status == 4 && none.stderrText.contains("it has k8s, other"))
    }

    @Test func aPipeCompresses() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let script = #"set -o pipefail; "$@" backup -n k8s - | gzip >"$0""#
        let command = try site.command([])
        let file = folder.file("b.gz").path
        _ = try await runProcess(
            "bash", ["-c", script, file, command.program] + command.arguments, environment: site.environment()
        ).checked()
        let empty = try await AdminSite()
        let restoring = try empty.command(["restore", "-"])
        let output = try await runProcess(
            "bash",
            ["-c", #"gunzip -c "$0" | "$@""#, file, restoring.program] + restoring.arguments,
            environment: empty.environment()
        ).checked()
        #expect(output.stdoutText.hasPrefix("network k8s: backup of "))
        _ = try await empty.run("unhold", "k8s").checked()
        #expect(try await values(empty) == values(site).filter { $0.hasPrefix("/etcd-cni/networks/k8s") })
    }

    @Test func whatIsNewerIsRefused_unlessForced() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = folder.file("b").path
        _ = try await site.run("backup", "-n", "k8s", path).checked()
        let held = try await site.held()
        try await site.add("c9", "default/db-9", ip: "10.188.0.90")
        _ = try await site.run("release", "-n", "k8s", "10.188.0.50").checked()
        let before = try await site.dump()
        let refused = try await site.run("restore", path)
        #expect(refused.isProperFailure && refused.status == 3, "\(refused.stderrText)")
        #expect(
            refused.stderrText.contains("3 keys of network k8s changed after the backup: k8s/attachments/c9/eth0, "))
        #expect(refused.stderrText.contains("--keep-newer") && refused.stderrText.contains("--force"))
        let shown = try await site.run("restore", path, "--dry-run")
        #expect(shown.status == 3 && shown.stdoutText.contains("k8s/used/10.188.0.90 delete\n"), "\(shown.stdoutText)")
        _ = try await site.run("restore", path, "--force", "--dry-run").checked()
        _ = try await site.run("restore", path, "--keep-newer", "--dry-run").checked()
        #expect(try await site.dump() == before)

        let kept = try await site.run("restore", path, "--keep-newer").checked()
        #expect(kept.stdoutText.contains("added: 1 reservation, 1 claim\n"), "\(kept.stdoutText)")
        #expect(try await site.held().isSuperset(of: held))
        let forced = try await site.run("restore", path, "--force", "-o", "csv").checked()
        #expect(forced.lines.contains("k8s,k8s/used/10.188.0.90,used,deleted,yes"), "\(forced.stdoutText)")
        #expect(try await site.held() == held)
        let again = try await site.run("restore", path, "--force").checked()
        #expect(again.lines.count == 3 && again.stderrText.contains("is on hold"), "\(again.stdoutText)")
    }

    @Test func aFileThatIsNotAsWrittenChangesNothing() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = folder.file("b").path
        _ = try await site.run("backup", "-n", "k8s", path).checked()
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\n").map(String.init)
        try await site.server.etcdctl(["del", "--prefix", Self.base + "reservations/"])
        let before = try await site.dump()
        for (edited, problem) in [
            (String(text.dropLast(60)), "the file is not complete"),
            (lines.dropLast().joined(separator: "\n") + "\n", "its last line is missing"),
            (text.replacing("db-1", with: "db-7"), "its SHA-256 is not the one in its last line"),
            (text.replacing(#""kubeIPAMBackup":1"#, with: #""kubeIPAMBackup":9"#), "its format is 9"),
            ("address,for\n", "it is not a backup of ipamctl"), ("", "is empty"),
        ] {
            let output = try await site.run("restore", "-n", "k8s", "-", "--force", "--yes", stdin: edited)
            #expect(output.isProperFailure && output.status == 1, "\(output.stderrText)")
            #expect(output.stderrText.contains(problem), "\(output.stderrText)")
        }
        #expect(try await site.dump() == before)
    }

    @Test func aTerminalIsAsked_andShowsWhatWouldBeDone() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = folder.file("b").path
        _ = try await site.run("backup", "-n", "k8s", path).checked()
        try await site.server.etcdctl(["del", "--prefix", Self.base + "reservations/"])
        let before = try await site.dump()
        let no = try await site.runOnTerminal(["restore", path], answer: "n\n")
        #expect(no.status == 1 && no.stdoutText.contains("add: 1 reservation"), "\(no.stdoutText)")
        #expect(no.stdoutText.contains("Restore network k8s and put it on hold? [y/N]"), "\(no.stdoutText)")
        #expect(try await site.dump() == before)
        let yes = try await site.runOnTerminal(["restore", path], answer: "y\n")
        #expect(yes.status == 0 && yes.stdoutText.contains("added: 1 reservation"), "\(yes.stdoutText)")
    }

    @Test func aBackupThatCannotBeWrittenLeavesTheFormerFile() async throws {
        let site = try await site()
        // Noise does not get smaller than the file system.
        try await site.put((0..<40).map { ("\(Self.base)x/\($0)", String(repeating: "x", count: 10_000)) })
        let command = try site.command(["backup", "/media/b"])
        let script =
            #"mount -t tmpfs -o size=64k none /media && echo former >/media/b && { "$@"; s=$?; ls /media; cat /media/b; exit $s; }"#
        let output = try await runProcess(
            "unshare", ["-m", "bash", "-c", script, "bash", command.program] + command.arguments,
            environment: site.environment())
        #expect(output.status == 1 && output.stdoutText == "b\nformer\n", "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stderrText.contains("/media/b cannot be written: No space left on device\nhint: "))
        let pipe = try site.command(["backup", "-"])
        let closed = try await runProcess(
            "bash",
            ["-c", #""$@" | head -c 1 >/dev/null; exit "${PIPESTATUS[0]}""#, "bash", pipe.program] + pipe.arguments,
            environment: site.environment())
        #expect(closed.status == 1, "\(closed.stderrText)")
        #expect(closed.stderrText.contains("standard output cannot be written: Broken pipe"), "\(closed.stderrText)")
        for (arguments, status) in [
            (["backup", "/nonexistent/b"], Int32(1)), (["backup", "-", "-o", "json"], 64),
            (["backup", "-n", "none", "/tmp/none"], 4), (["restore", "/nonexistent/b"], 1),
            (["restore", "x", "--force", "--keep-newer"], 64), (["backup"], 64),
        ] {
            let output = try await site.run(arguments)
            #expect(output.isProperFailure && output.status == status, "\(arguments): \(output.stderrText)")
        }
    }

    @Test func theShellBacksUpAndRestores() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = folder.file("b").path
        let script = "use k8s\nbackup \(path)\nrestore \(path)\nbackup - | wc -l\n"
        let output = try await site.run("shell", stdin: script).checked()
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
        #expect(output.lines.last == "\(lines)", "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stdoutText.contains(" equal\n"))
    }

    /// 65,536 addresses: memory does not grow with them, and a restore that is killed is finished by the next one.
    @Test func aLargeNetworkIsBackedUp_andRestoredAfterAKill() async throws {
        let site = try await AdminSite()
        try await site.putLargeNetwork()
        let folder = try TemporaryDirectory()
        let path = folder.file("b").path
        let environment = site.environment().merging(ProcessInfo.processInfo.environment) { given, _ in given }
        let output = try await runProcess(
            "python3",
            PythonProgram.residentSize.command(
                try BuildProducts.product("ipamctl").path, "backup", path, "--timeout", "2m"),
            environment: environment
        ).checked()
        let kibibytes = try #require(Int(output.stderrText.split(separator: "\n").last ?? ""))
        print("backup of 65,536 addresses: at most \(kibibytes / 1024) MiB resident")
        #expect(kibibytes * 1024 < 60_000_000, "\(kibibytes) KiB resident")
        #expect(output.stdoutText.hasPrefix("network big: 131073 keys "))

        let other = try await AdminSite()
        let command = try other.command(["restore", path, "--timeout", "2m"])
        let process = try SpawnedProcess(command.program, command.arguments, environment: other.environment())
        while try await other.held("big").count < 1000, !process.hasEnded {
            try await Task.sleep(for: .milliseconds(50))
        }
        process.kill()
        _ = try await process.output()
        let left = try await other.held("big")
        #expect(left.count >= 1000 && left.count < 131_072, "\(left.count)")
        let containers = left.count { $0.hasPrefix("attachments/") }
        #expect(left.count == 2 * containers, "each address has both keys or none")
        _ = try await other.run("restore", path, "--timeout", "2m").checked()
        let done = try await other.run("restore", path, "--timeout", "2m").checked()
        #expect(done.lines.last?.hasPrefix("  131073 equal") == true, "\(done.stdoutText)")
    }
}
