import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl doctor` on etcds in every state.
@Suite(.needs(.etcd, .root)) struct DoctorEtcdTests {
    private func report(_ site: AdminSite, _ arguments: [String] = [], endpoints: [String]? = nil) async throws
        -> DoctorReport
    {
        let named = endpoints.map { ["--endpoints", $0.joined(separator: ",")] } ?? []
        return try DoctorReport(try await site.run(["doctor", "-o", "json"] + named + arguments))
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aHealthyEtcdHasNoFailedCheck_andNothingIsChanged(version: EtcdServer.Version) async throws {
        let site = try await AdminSite(try await EtcdServer.start(version: version))
        try await site.add("c1", "default/db-0")
        let before = try await site.dump()
        let report = try await report(site)
        #expect(report.exit == 0 && report.failed.isEmpty, "\(report)")
        for code in [
            "etcd-access", "etcd-endpoint", "etcd-size", "etcd-clock", "etcd-cluster", "etcd-alarms", "etcd-read",
            "etcd-compaction", "etcd-rights", "network-overlap",
        ] { #expect(report.status(code) == ["ok"], "\(code): \(report)") }
        #expect(report.seen("etcd-endpoint").contains("; it is the leader"))
        // Both have faults that are known.
        #expect(
            report.status("etcd-version") == ["warning"] && report.next("etcd-version").hasPrefix("upgrade etcd to"))
        #expect(report.seen("etcd-rights", "k8s") == "this client may read and write all keys of the network")
        for code in ["cni-file", "kubeconfig", "cluster-identity"] { #expect(report.status(code) == ["skipped"]) }
        #expect(try await site.dump() == before)
        let status = try await site.server.etcdctl(["endpoint", "status", "-w", "json"])
        let after = try await site.report(["doctor"])
        #expect(after.exit == 0)
        // Not even the revision is another one.
        func revision(_ text: String) -> Substring? { text.firstMatch(of: #/"revision":(\d+)/#)?.1 }
        #expect(revision(try await site.server.etcdctl(["endpoint", "status", "-w", "json"])) == revision(status))
    }

    @Test func oneDeadAndOneFrozenEndpointDoNotHideTheOthers() async throws {
        let site = try await AdminSite()
        let frozen = try await EtcdServer.start()
        let dead = try await EtcdServer.start()
        dead.stop()
        try frozen.freeze()
        let urls = [frozen.clientURL, dead.clientURL, site.server.clientURL]
        let report = try await report(site, endpoints: urls)
        try frozen.thaw()
        #expect(report.exit == 1)
        #expect(report.status("etcd-endpoint", urls[0]) == ["failed"], "\(report)")
        #expect(report.seen("etcd-endpoint", urls[0]).contains("timed out"), "\(report)")
        #expect(report.status("etcd-endpoint", urls[1]) == ["failed"], "\(report)")
        #expect(report.seen("etcd-endpoint", urls[1]).contains("Couldn't connect"), "\(report)")
        #expect(report.status("etcd-endpoint", urls[2]) == ["ok"], "\(report)")
        #expect(report.seen("etcd-cluster") == "1 of 3 endpoints answered, of one cluster")
        #expect(report.status("etcd-read") == ["ok"], "\(report)")
    }

    @Test func endpointsOfTwoClustersAreAFailure() async throws {
        let site = try await AdminSite()
        let other = try await EtcdServer.start()
        let report = try await report(site, endpoints: [site.server.clientURL, other.clientURL])
        #expect(report.exit == 1 && report.failed == ["etcd-cluster"], "\(report)")
    }

    @Test func aClusterWithoutAQuorumHasNoLeader() async throws {
        let cluster = try await EtcdCluster.start()
        let site = try await AdminSite(cluster.members[0])
        for member in cluster.members.dropFirst() { try member.kill() }
        // The member still knows its leader until its next election.
        while try cluster.members[0].metric("etcd_server_has_leader") != 0 {
            try await Task.sleep(for: .milliseconds(50))
        }
        let report = try await report(site, endpoints: cluster.endpoints)
        #expect(report.exit == 1)
        #expect(report.seen("etcd-endpoint", cluster.endpoints[0]).contains("has no leader"), "\(report)")
        #expect(report.status("etcd-read") == ["failed"], "\(report)")
        #expect(report.status("etcd-rights") == ["skipped"] && report.seen("etcd-rights") == "etcd cannot be read")
        #expect(report.status("etcd-alarms") == ["ok"], "\(report)")
    }

    @Test func aLearnerAmongTheEndpointsIsAWarning() async throws {
        let site = try await AdminSite()
        let learner = try await site.server.addLearner()
        let report = try await report(site, endpoints: [site.server.clientURL, learner.clientURL])
        #expect(report.status("etcd-endpoint", learner.clientURL) == ["warning"], "\(report)")
        #expect(report.seen("etcd-endpoint", learner.clientURL).contains("it is a learner"), "\(report)")
        #expect(report.next("etcd-endpoint", learner.clientURL).contains("member promote"))
        #expect(report.status("etcd-endpoint", site.server.clientURL) == ["ok"])
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func aFullDatabaseIsAFailure(version: EtcdServer.Version) async throws {
        let site = try await AdminSite(
            try await EtcdServer.start(version: version, arguments: ["--quota-backend-bytes", "\(1 << 20)"]))
        try await site.add("c1", "default/db-0")
        let value = String(repeating: "x", count: 100_000)
        var isFull = false
        for round in 0..<100 where !isFull {
            do { try await site.put([("/filling/\(round)", value)]) } catch { isFull = true }
        }
        let report = try await report(site)
        #expect(report.exit == 1 && report.status("etcd-alarms") == ["failed"], "\(report)")
        #expect(report.seen("etcd-alarms") == "alarm NOSPACE: the database is full, and no pod gets an address")
        #expect(report.next("etcd-alarms").contains("etcdctl alarm disarm"))
        #expect(report.status("etcd-size") == ["warning"], "\(report)")
        #expect(report.seen("etcd-size").contains("of the quota of 1.0 MiB"), "\(report)")
        #expect(report.status("etcd-rights") == ["skipped"], "\(report)")
    }

    // MARK: Users

    private func siteWithUsers(_ version: EtcdServer.Version) async throws -> AdminSite {
        let site = try await AdminSite(try await EtcdServer.start(version: version, arguments: ["--bcrypt-cost", "4"]))
        for (network, subnet) in [("k8s", "10.1.0.0/24"), ("other", "10.3.0.0/24")] {
            try await site.add("c-\(network)", "default/db-0", network: network, subnets: [subnet])
        }
        let key = "/etcd-cni/networks/k8s"
        let permission = ["role", "grant-permission"]
        for arguments in [
            ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"], ["user", "add", "k8s:pw"],
            ["user", "add", "reader:pw"], ["role", "add", "k8s"], ["role", "add", "reader"],
            permission + ["k8s", "readwrite", key], permission + ["k8s", "--prefix=true", "readwrite", key + "/"],
            permission + ["reader", "--prefix=true", "read", key],
            permission + ["reader", "readwrite", key + "/config"],
            ["user", "grant-role", "k8s", "k8s"], ["user", "grant-role", "reader", "reader"], ["auth", "enable"],
        ] { try await site.server.etcdctl(arguments) }
        return site
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func theRightsOfTheUserAreCheckedOnEachPrefix(version: EtcdServer.Version) async throws {
        let site = try await siteWithUsers(version)
        func report(_ user: String, _ network: String?) async throws -> DoctorReport {
            let named = network.map { ["-n", $0] } ?? []
            return try await self.report(site, ["--user", user] + named, endpoints: [site.server.clientURL])
        }
        let good = try await report("k8s:pw", "k8s")
        #expect(good.exit == 0 && good.status("etcd-rights") == ["ok"], "\(good)")
        #expect(good.seen("etcd-rights") == "user k8s may read and write all keys of the network")
        #expect(good.seen("network-overlap").hasPrefix("the other networks cannot be read: "), "\(good)")
        #expect(good.seen("etcd-version").contains("CVE-2026-33343"), "\(good)")

        let reader = try await report("reader:pw", "k8s")
        #expect(reader.exit == 1 && reader.status("etcd-rights") == ["failed"], "\(reader)")
        #expect(
            reader.seen("etcd-rights")
                == "user reader may not write /etcd-cni/networks/k8s and 7 other key ranges", "\(reader)")
        #expect(reader.next("etcd-rights").contains("on the prefix /etcd-cni/networks/k8s/"))

        let other = try await report("k8s:pw", "other")
        #expect(
            other.seen("etcd-rights").hasPrefix(
                "user k8s may not read /etcd-cni/networks/other and 8 other key ranges, ")
                && other.status("etcd-read") == ["ok"], "\(other)")

        let all = try await report("k8s:pw", nil)
        #expect(all.status("etcd-rights", "/etcd-cni/networks/") == ["warning"], "\(all)")
        #expect(all.next("etcd-rights").contains("--network"))

        let stranger = try await report("k8s:wrong", "k8s")
        #expect(stranger.exit == 1 && stranger.status("etcd-read") == ["failed"], "\(stranger)")
        #expect(stranger.next("etcd-read").contains("password") && stranger.status("etcd-endpoint") == ["ok"])

        let nobody = try await self.report(site, endpoints: [site.server.clientURL])
        #expect(nobody.status("etcd-read") == ["failed"] && nobody.next("etcd-read").contains("--user"), "\(nobody)")
    }
}

extension AdminSite {
    fileprivate func report(_ arguments: [String]) async throws -> DoctorReport {
        try DoctorReport(try await run(arguments + ["-o", "json"]))
    }
}
