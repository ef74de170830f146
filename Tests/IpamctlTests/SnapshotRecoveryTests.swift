import Foundation
import IPAMKit
import TestSupport
import Testing

/// docs/backup.md: the way back after etcd was restored from an older snapshot.
@Suite(.needs(.etcd, .root)) struct SnapshotRecoveryTests {
    private let cluster = "c1"

    private func start(
        _ container: String, _ name: String, _ ip: String, _ site: AdminSite, _ kubernetes: KubernetesServer
    )
        async throws -> [String]
    {
        let given = try await site.add(container, "default/\(name)", node: "n1", ip: ip, cluster: cluster)
        try kubernetes.put(
            pod: .init(name, uid: "uid-\(container)", node: "n1", podIPs: given.map(\.description)))
        return given.map(\.description)
    }

    private func stop(_ container: String, _ name: String, _ site: AdminSite, _ kubernetes: KubernetesServer)
        async throws
    {
        let reference = AttachmentReference(
            containerID: try ContainerID(container), ifname: try InterfaceName("eth0"))
        _ = try await site.pool().delete(reference)
        try kubernetes.delete(pod: name)
    }

    @Test func afterAnOlderSnapshot_liveAddressesAreFenced_leakedOnesFreed_andTheFencesEnd() async throws {
        let kubernetes = try await KubernetesServer.start()
        let site = try await AdminSite()
        try site.files.write(
            """
            {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
            "kubeConfig":"\(try kubernetes.kubeconfig())","cluster":"\(cluster)",\
            "etcdConfig":{"etcdURL":"\(site.server.clientURL)"},\
            "ranges":[[{"subnet":"10.188.0.0/22"}],[{"subnet":"fd00:188::/64"}]]}}
            """, to: "10-k8s.conf")
        func ipamctl(_ arguments: String...) async throws -> ProcessOutput {
            try await site.run(arguments, environment: [:])
        }
        try kubernetes.put(node: "n1")
        _ = try await start("old", "old-0", "10.188.0.10", site, kubernetes)
        let gone = try await start("gone", "gone-0", "10.188.0.20", site, kubernetes)
        let folder = try TemporaryDirectory()
        try site.server.saveSnapshot(to: folder.file("snapshot.db").path)

        // After the snapshot one pod ends, and another starts.
        try await stop("gone", "gone-0", site, kubernetes)
        let new = try await start("new", "new-0", "10.188.0.30", site, kubernetes)
        try site.server.restoreSnapshot(from: folder.file("snapshot.db").path)
        #expect(!(try await site.held().contains("used/10.188.0.30")))

        _ = try await ipamctl("hold", "k8s", "--reason", "etcd was restored").checked()
        let found = try await ipamctl("audit")
        #expect(found.status == 5, "\(found.stdoutText)\(found.stderrText)")
        for (code, addresses) in [("untracked", new), ("leaked", gone)] {
            let named = try await ipamctl("audit", "--only", code, "-o", "name").lines
            #expect(Set(named) == Set(addresses), "\(code): \(found.stdoutText)")
        }
        let repair = try await ipamctl("audit", "--repair", "--include", "untracked", "--yes", "--grace", "1s")
        #expect(repair.status == 0, "\(repair.stdoutText)\(repair.stderrText)")
        let held = try await site.held()
        for address in new { #expect(held.contains("reservations/\(address)") && !held.contains("used/\(address)")) }
        for address in gone { #expect(!held.contains("used/\(address)")) }
        _ = try await ipamctl("unhold", "k8s").checked()

        // No other pod gets the address of the live one.
        await #expect(throws: IPAMError.self) {
            try await site.add("thief", "default/thief-0", ip: "10.188.0.30", cluster: cluster)
        }
        #expect(try await ipamctl("audit").status == 0)

        // When its pod is gone, the fence ends.
        try await stop("new", "new-0", site, kubernetes)
        let orphaned = try await ipamctl("audit", "--only", "reservation-orphaned", "-o", "name").lines
        #expect(Set(orphaned) == Set(new))
        let ended = try await ipamctl(
            "audit", "--repair", "--include", "reservation-orphaned", "--yes", "--grace", "1s")
        #expect(ended.status == 0, "\(ended.stdoutText)\(ended.stderrText)")
        #expect(!(try await site.held().contains { $0.hasPrefix("reservations/") || $0.hasPrefix("claims/") }))
    }

    /// A backup that is newer than the snapshot brings back what was given in between.
    @Test func aNewerBackupFillsTheGap() async throws {
        let site = try await AdminSite()
        let subnets = ["10.188.0.0/22"]
        try await site.add("c1", "default/web-1", ip: "10.188.0.10", subnets: subnets)
        let folder = try TemporaryDirectory()
        try site.server.saveSnapshot(to: folder.file("snapshot.db").path)
        try await site.add("c2", "default/web-2", ip: "10.188.0.20", subnets: subnets)
        let held = try await site.held()
        let path = folder.file("b").path
        _ = try await site.run("backup", path).checked()
        try site.server.restoreSnapshot(from: folder.file("snapshot.db").path)
        // The revision of the file comes again, for something else.
        try await site.add("c3", "default/web-3", ip: "10.188.0.30", subnets: subnets)
        let refused = try await site.run("restore", path)
        #expect(
            refused.status == 3 && refused.stderrText.contains("may be newer than the backup"), "\(refused.stderrText)")
        let kept = try await site.run("restore", path, "--keep-newer").checked()
        #expect(kept.stdoutText.contains("which was restored and is now at"), "\(kept.stdoutText)")
        #expect(try await site.held().isSuperset(of: held))
        #expect(try await site.held().contains("used/10.188.0.30"))
    }
}
