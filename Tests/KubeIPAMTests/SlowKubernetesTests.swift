import Foundation
import IPAMKit
import TestSupport
import Testing

/// A Kubernetes API that takes nearly as long for each list as ipamctl waits for one, and longer for all of them: what comes
/// after it has its own time.
@Suite(.needs(.etcd, .root)) struct SlowKubernetesTests {
    private static let delay = 3_000
    private static let timeout = "5s"

    /// A cluster with a pod that nobody has recorded, so that an audit and an adoption ask the store again after the pods.
    private func cluster() async throws -> PluginCluster {
        // In an etcd of its own: what another network there has in use would not be untracked.
        let cluster = try await PluginCluster(access: .anyone, in: EtcdServer.start())
        _ = try await cluster.run("c1", PluginCluster.member("db-0", on: "n1", [:]), on: SimulatedNode("n1")).address()
        var stray = PluginCluster.member("stray-0", on: "n2", [:])
        stray.podIPs = ["10.188.0.77"]
        try cluster.api.put(pod: stray)
        try cluster.api.fail(.delay(milliseconds: Self.delay))
        return cluster
    }

    @Test func anAuditAndItsRepairOutlastSlowLists() async throws {
        let cluster = try await cluster()
        let output = try await cluster.network.ipamctl(
            "audit", "--repair", "--yes", "--include", "untracked", "--only", "untracked", "--grace", "1s", "--timeout",
            Self.timeout)
        #expect(output.status == 0, "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stdoutText.contains("10.188.0.77 "), "\(output.stdoutText)")
        #expect(try await cluster.network.show("10.188.0.77")["Reserved for"]?.contains("stray-0") == true)
    }

    /// etcd is slow as well: silent for a while at first.
    @Test func anAdoptionOutlastsASlowStoreAndSlowLists() async throws {
        let cluster = try await cluster()
        var network = cluster.network
        let relay = try await TCPRelay(to: network.etcd.port)
        network.ipam["etcdConfig"] = ["etcdURL": .string(relay.url)]
        try await relay.freeze()
        let adopting = network
        async let adoption = adopting.ipamctl("adopt", adopting.name, "--timeout", Self.timeout)
        try await Task.sleep(for: .milliseconds(Self.delay))
        try await relay.thaw()
        let output = try await adoption
        #expect(output.status == 0, "\(output.stdoutText)\(output.stderrText)")
        #expect(output.stdoutText.contains("10.188.0.77 reserved for default/stray-0"), "\(output.stdoutText)")
    }
}
