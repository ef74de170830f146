import Foundation
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
        #expect(kibibytes * 1024 < 100_000_000, "\(kibibytes) KiB resident")
        #expect(Set(output.lines).count == 65_536 && output.lines.count == 65_536)
        let wide = try await site.run("list", "-o", "wide", "--timeout", "2m").checked().lines
        #expect(wide.count == 65_537 && wide.dropFirst().allSatisfy { $0.contains(" default/web-") })
        #expect(
            try await site.run("networks", "-o", "json", "--timeout", "2m").checked().json.array?.first?["free"]?.int
                == 0)
    }
}
