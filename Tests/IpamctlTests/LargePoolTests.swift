import Foundation
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct LargePoolTests {
    /// 65,536 addresses in use, each with its attachment, are listed and counted; none is missing.
    @Test func sixtyFiveThousandAddressesAreListed() async throws {
        let site = try await AdminSite()
        let base = "/etcd-cni/networks/big"
        let document =
            #"[[{"rangeStart":"10.20.0.0","rangeEnd":"10.20.255.255","subnet":"10.16.0.0/12","gateway":"10.16.0.1"}]]"#
        var keys = [(base, document)]
        for index in 0..<65_536 {
            let container = "c" + String(repeating: "0", count: 50) + "\(index)"
            let address = "10.20.\(index / 256).\(index % 256)"
            keys.append(("\(base)/used/\(address)", container))
            keys.append(
                (
                    "\(base)/attachments/\(container)/eth0",
                    #"{"addresses":["\#(address)"],"namespace":"default","pod":"web-\#(index)","node":"n\#(index % 50)","since":"2026-11-23T02:00:00Z","fixed":false}"#
                ))
        }
        try await site.put(keys)
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
