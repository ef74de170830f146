import Foundation
import IPAMKit
import TestSupport
import Testing

/// An etcd user whose role is for the keys of one network.
@Suite(.needs(.etcd, .root)) struct RoleTests {
    /// Networks k8s, k8s-net and other; user `k8s` may do everything to the first, and nothing else.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite(try await EtcdServer.start(arguments: ["--bcrypt-cost", "4"]))
        for (network, subnet) in [("k8s", "10.1.0.0/24"), ("k8s-net", "10.2.0.0/24"), ("other", "10.3.0.0/24")] {
            _ = try await site.add("c-\(network)", "default/db-0", network: network, subnets: [subnet])
        }
        let key = "/etcd-cni/networks/k8s"
        for arguments in [
            ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"], ["user", "add", "k8s:pw"],
            ["role", "add", "k8s"], ["role", "grant-permission", "k8s", "readwrite", key],
            ["role", "grant-permission", "k8s", "--prefix=true", "readwrite", key + "/"],
            ["user", "grant-role", "k8s", "k8s"], ["auth", "enable"],
        ] { try await site.server.etcdctl(arguments) }
        return site
    }

    private func environment(_ site: AdminSite) -> [String: String] {
        ["IPAMCTL_ENDPOINTS": site.server.clientURL, "IPAMCTL_USER": "k8s:pw"]
    }

    @Test func everyCommandWorksOnTheNetworkThatTheRoleIsFor() async throws {
        let site = try await site()
        let cache = try TemporaryDirectory()
        for (arguments, status) in [
            (["networks"], 0), (["list"], 0), (["list", "--state", "free"], 0), (["show", "10.1.0.2"], 0),
            (["reserve", "10.1.0.20", "--for", "default/db-1"], 0), (["history", "10.1.0.20"], 0),
            (["history", "--since", "1h"], 0), (["hold", "--reason", "moving"], 0), (["unhold"], 0),
            (["release", "10.1.0.20"], 0), (["release", "10.1.0.2", "--force"], 0),
            (["audit", "--node-local", "--cni-cache", cache.path], 0), (["show", "10.9.0.1"], 4),
        ] {
            let output = try await site.run(["-n", "k8s"] + arguments, environment: environment(site))
            #expect(output.status == status, "\(arguments): \(output.stderrText)")
        }
        let used = ["--user", "root:rootpw", "get", "--prefix", "/etcd-cni/networks/k8s/used"]
        #expect(try await site.server.etcdctl(used).isEmpty)
    }

    /// Neither what lies between the network's key and its children, nor the revision, takes a right of another network.
    @Test func watchFollowsTheNetworkThatTheRoleIsFor() async throws {
        let site = try await site()
        let environment = environment(site)
        let folder = try TemporaryDirectory(prefix: "watch")
        let command = try site.command(["watch", "-n", "k8s", "-o", "json", "--since-revision", "0"])
        let process = try SpawnedProcess(
            "sh",
            ["-c", #"out=$1; shift; exec "$@" >"$out""#, "sh", folder.file("out").path, command.program]
                + command.arguments, environment: site.environment(environment))
        func waitFor(_ words: String...) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while true {
                let text = (try? String(contentsOf: folder.file("out"), encoding: .utf8)) ?? ""
                if words.allSatisfy({ text.contains("\"event\":\"\($0)\"") }) { return }
                try #require(ContinuousClock.now < deadline && !process.hasEnded, "\(words): \(text)")
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        try await waitFor("given", "configured")
        _ = try await site.run("-n", "k8s", "reserve", "10.1.0.20", "--for", "default/db-1", environment: environment)
            .checked()
        try await waitFor("reserved")
        process.kill()
        #expect(try await process.output().stderrText.isEmpty)
    }

    @Test(arguments: [["networks"], ["list"], ["show", "10.1.0.2"], ["hold", "--reason", "x"], ["watch"]])
    func withoutANetworkTheErrorSaysWhichRightIsMissing(arguments: [String]) async throws {
        let site = try await site()
        let output = try await site.run(arguments, environment: environment(site))
        #expect(output.isProperFailure && output.status == 1, "\(output.stderrText)")
        #expect(output.stderrText.contains("permission denied"), "\(output.stderrText)")
        #expect(
            output.stderrText.contains("--network; or let the etcd user read the prefix /etcd-cni/networks/\n"),
            "\(output.stderrText)")
    }

    @Test func anotherNetworkIsRefused() async throws {
        let site = try await site()
        for arguments in [
            ["list"], ["show", "10.3.0.2"], ["reserve", "10.3.0.20"], ["watch"], ["history", "10.3.0.2"],
        ] {
            let output = try await site.run(["-n", "other"] + arguments, environment: environment(site))
            #expect(output.isProperFailure && output.status == 1, "\(arguments): \(output.stderrText)")
            #expect(output.stderrText.contains("permission denied"), "\(output.stderrText)")
        }
    }
}
