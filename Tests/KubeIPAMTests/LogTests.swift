import Foundation
import IPAMKit
import TestSupport
import Testing

/// The log: one whole line an operation, and never a reason to fail.
@Suite(.needs(.etcd)) struct LogTests {
    private var line: Regex<Substring> { #/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z info ADD network=.* ms=[0-9]+/# }

    @Test func eachOperationAppendsOneLine() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/30"])
        _ = try await network.add("c1", arguments: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=db-0").result()
        _ = try await network.add("c2")
        _ = try await network.delete("c1")
        let lines = try network.logLines().map { $0.drop { $0 != " " }.dropFirst() }
            .map { $0.replacing(#/ ms=[0-9]+$/#, with: " ms=N") }
        #expect(
            lines == [
                "info ADD network=\(network.name) container=c1 ifname=eth0 pod=default/db-0 addresses=10.188.0.2 ms=N",
                "error ADD failed container=c2 ifname=eth0 code=100 "
                    + "error=\"network \(network.name) has no free address: all 1 of 10.188.0.2-10.188.0.2 are in use\"",
                "info DEL network=\(network.name) container=c1 ifname=eth0 addresses=10.188.0.2 ms=N",
            ])
    }

    @Test func manyWritersLeaveOnlyWholeLines() async throws {
        let network = try await PluginNetwork()
        try "first\n".write(to: network.log, atomically: false, encoding: .utf8)
        let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=" + String(repeating: "a", count: 250)
        let answers = try await inParallel(64, atATime: 32) { try await network.add("pod\($0)", arguments: pod) }
        #expect(answers.filter { $0.output.status != 0 }.isEmpty)
        let text = try String(contentsOf: network.log, encoding: .utf8)
        #expect(text.hasSuffix("\n"))
        let lines = try network.logLines()
        #expect(lines.first == "first")
        #expect(lines.dropFirst().filter { $0.wholeMatch(of: line) == nil }.isEmpty)
        let containers = lines.compactMap { $0.firstMatch(of: #/ container=(pod[0-9]+) /#)?.output.1 }
        #expect(Set(containers).count == 64)
    }

    @Test(arguments: ["/dev/full", "/etc", "/nowhere/kube-ipam.log", "/proc/version"])
    func unwritableLogNeverFailsAnAdd(path: String) async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "logFile": .string(path)])
        #expect(try await network.add("c1").address() == "10.188.0.2")
        #expect(try await network.delete("c1").isSilentSuccess)
    }

    @Test func logThatNobodyReadsBlocksNothing() async throws {
        let folder = try TemporaryDirectory()
        let pipe = folder.file("pipe").path
        try #require(mkfifo(pipe, 0o600) == 0)
        let network = try await PluginNetwork(["subnet": "10.188.0.0/24", "logFile": .string(pipe)])
        #expect(try await network.add("c1").address() == "10.188.0.2")
    }

    @Test func levelErrorIsSilentOnSuccess() async throws {
        let network = try await PluginNetwork(["subnet": "10.188.0.0/30", "logLevel": "error"])
        _ = try await network.add("c1").result()
        #expect(try network.logLines().isEmpty)
        _ = try await network.add("c2")
        #expect(try network.logLines().count == 1)
    }

    @Test func containersCannotInjectLines() async throws {
        let network = try await PluginNetwork()
        let forged = "2026-01-01T00:00:00Z info DEL container=x"
        let previous: JSONObject = [
            "prevResult": ["cniVersion": "1.0.0", "ips": [["address": .string("1\n\(forged)")]]]
        ]
        _ = try await network.add("c1\n\(forged)")
        _ = try await network.add("c1", ifname: "e\n\(forged)")
        _ = try await network.add("c1", arguments: "K8S_POD_NAMESPACE=a\n\(forged);K8S_POD_NAME=b")
        _ = try await network.add("c1", arguments: "K8S_POD_NAMESPACE=default;K8S_POD_NAME=b\u{2028}\(forged)")
        _ = try await network.add("c1", arguments: "K8S_POD_UID=u\n\(forged);K8S_POD_NAMESPACE=d;K8S_POD_NAME=b")
        _ = try await network.call("CHECK", "c1", previous)
        try await network.put("config", "{\n\"\(forged)")
        _ = try await network.add("c2")
        let lines = try network.logLines()
        #expect(!lines.isEmpty)
        #expect(lines.filter { $0.hasPrefix("2026-01-01") }.isEmpty, "\(lines)")
    }
}
