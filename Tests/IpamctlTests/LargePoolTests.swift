import Foundation
import IPAMKit
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct LargePoolTests {
    /// 65,536 addresses in use, each with its attachment, are listed and counted; none is missing.
    @Test func sixtyFiveThousandAddressesAreListed() async throws {
        let site = try await AdminSite()
        try await site.putLargeNetwork()
        let ipamctl = try BuildProducts.product("ipamctl").path
        let environment = site.environment().merging(ProcessInfo.processInfo.environment) { given, _ in given }
        let output = try await runProcess(
            "python3", PythonProgram.residentSize.command(ipamctl, "list", "-o", "name", "--timeout", "2m"),
            environment: environment
        ).checked()
        let kibibytes = try #require(Int(output.stderrText.split(separator: "\n").last ?? ""))
        print("list of 65,536 addresses: at most \(kibibytes / 1024) MiB resident")
        #expect(kibibytes * 1024 < 60_000_000, "\(kibibytes) KiB resident")
        #expect(Set(output.lines).count == 65_536 && output.lines.count == 65_536)
        let wide = try await site.run("list", "-o", "wide", "--timeout", "2m").checked().lines
        #expect(wide.count == 65_537 && wide.dropFirst().allSatisfy { $0.contains(" default/web-") })
        #expect(
            try await site.run("networks", "-o", "json", "--timeout", "2m").checked().json.array?.first?["free"]?.int
                == 0)
    }

    /// More text than is kept in memory: it comes back from the temporary file complete and in order.
    @Test func aLongListIsOrderedInATemporaryFile() async throws {
        let site = try await AdminSite()
        try await site.putLargeNetwork()
        let folder = try TemporaryDirectory()
        let list = ["list", "-o", "json", "--timeout", "2m"]
        func environment(_ temporary: String) -> [String: String] {
            site.environment().merging(["TMPDIR": temporary]) { _, given in given }
        }
        let run = try await site.run(list, environment: environment(folder.path)).checked()
        let addresses = try run.json.array.map { entries in
            try entries.map { try IPAddress($0["address"]?.string ?? "") }
        }
        #expect(addresses?.count == 65_536 && addresses == addresses?.sorted())
        #expect(try run.json.array?.allSatisfy { $0["attachment"]?["pod"] != nil } == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let descending = try await site.run(
            list + ["--sort-by", "-address", "--limit", "3"], environment: environment(folder.path)
        ).checked()
        #expect(
            try descending.json.array?.compactMap { $0["address"]?.string }
                == ["10.20.255.255", "10.20.255.254", "10.20.255.253"])
        let failed = try await site.run(list, environment: environment(folder.path + "/missing"))
        #expect(failed.isProperFailure && failed.status == 1 && failed.stdout.isEmpty)
        #expect(failed.stderrText.contains(folder.path + "/missing cannot be written: No such file or directory"))
        #expect(failed.stderrText.contains("hint: TMPDIR"))
    }
}
