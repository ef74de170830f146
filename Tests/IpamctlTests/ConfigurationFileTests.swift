import TestSupport
import Testing

@Suite struct ConfigurationFileTests {
    private func networks(_ site: AdminSite, _ arguments: String..., environment: [String: String] = [:]) async throws
        -> ProcessOutput
    {
        try await site.run(["networks", "-o", "name"] + arguments, environment: environment)
    }

    @Test func pluginFilesListsAndDelegatesAreFound() async throws {
        let site = try await AdminSite()
        let url = site.server.clientURL
        func plugin(_ name: String) -> String { AdminSite.cniFile(name, etcd: url) }
        let unnamed = plugin("x").replacing(#""cniVersion":"0.4.0","name":"x","#, with: "")
        try site.files.write(plugin("file"), to: "10-file.conf")
        try site.files.write(
            #"{"cniVersion":"0.4.0","name":"list","plugins":[\#(unnamed),{"type":"portmap"}]}"#, to: "20-list.conflist")
        try site.files.write(
            #"{"cniVersion":"0.4.0","name":"multus","type":"multus","delegates":[\#(plugin("delegate"))]}"#,
            to: "00-multus.conf")
        try site.files.write(#"{"cniVersion":"0.4.0","name":"lo","type":"loopback"}"#, to: "99-lo.conf")
        try site.files.write(plugin("ignored"), to: "30-file.conf.bak")
        #expect(try await networks(site).checked().lines == ["delegate", "file", "list"])
    }

    @Test func aBrokenFileBesideAGoodOneIsAWarning_andAloneAnError() async throws {
        let site = try await AdminSite()
        try site.files.write("{\"name\": \"k8s\",\n  \"type\": }", to: "05-broken.conf")
        let alone = try await networks(site)
        #expect(alone.isProperFailure && alone.status == 1)
        #expect(alone.stderrText.contains("05-broken.conf is not valid JSON: line 2, column 11"), "\(alone.stderrText)")
        try site.files.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "10-k8s.conf")
        let beside = try await networks(site).checked()
        #expect(beside.lines == ["k8s"])
        #expect(beside.stderrText.hasPrefix("warning: /etc/cni/net.d/05-broken.conf is not valid JSON: "))
        #expect(beside.stderrText.split(separator: "\n").count == 1)
    }

    @Test func networksOfDifferentEtcdsAreNotMixed() async throws {
        let site = try await AdminSite()
        try site.files.write(AdminSite.cniFile("a", etcd: site.server.clientURL), to: "10-a.conf")
        try site.files.write(AdminSite.cniFile("b", etcd: "http://127.0.0.1:1"), to: "20-b.conf")
        let output = try await networks(site)
        #expect(output.isProperFailure && output.status == 64)
        #expect(
            output.stderrText == """
                ipamctl: the CNI files name different etcd clusters: a (/etc/cni/net.d/10-a.conf), b (/etc/cni/net.d/20-b.conf)
                hint: choose one with --network

                """)
        #expect(try await networks(site, "-n", "a").checked().lines == ["a"])
        #expect(try await networks(site, "-n", "b").status == 2)
    }

    @Test func withoutKubeIPAMAnywhereTheWayToEtcdIsAskedFor() async throws {
        let site = try await AdminSite()
        let output = try await networks(site)
        #expect(output.isProperFailure && output.status == 1)
        #expect(
            output.stderrText.contains(
                "no CNI configuration in /etc/cni/net.d uses kube-ipam\nhint: name etcd with --endpoints"))
        let other = try site.files.write(#"{"cniVersion":"0.4.0","name":"lo","type":"loopback"}"#, to: "lo.json")
        let named = try await networks(site, "--config", other.path)
        #expect(named.isProperFailure && named.stderrText.contains("has no plugin whose ipam.type is \"kube-ipam\""))
    }

    /// A network can be reserved from before its first pod; and from etcd alone once the plugin has made it.
    @Test func reservingBeforeTheNetworkIsInTheStoreNeedsItsFile() async throws {
        let site = try await AdminSite()
        let etcd = ["ETCDCTL_ENDPOINTS": site.server.clientURL]
        let without = try await site.run("reserve", "10.188.0.20", environment: etcd)
        #expect(
            without.isProperFailure && without.status == 4
                && without.stderrText.contains("hint: name a CNI file with --config"))
        let folder = try TemporaryDirectory()
        let file = try folder.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "k8s.conf").path
        let done = try await site.run("-c", file, "reserve", "10.188.0.20", "--for", "default/db-0", environment: [:])
            .checked()
        #expect(done.stdoutText == "10.188.0.20 reserved for default/db-0\n")
        #expect(try await site.held() == ["reservations/10.188.0.20", "claims/default/pod/db-0/10.188.0.20"])
        // The store has a reservation and no ranges now: it can be looked at and released, but not reserved from.
        let more = try await site.run("reserve", "10.188.0.21", environment: etcd)
        #expect(more.isProperFailure && more.status == 4 && more.stderrText.contains("--config"), "\(more.stderrText)")
        let show = try await site.run("show", "10.188.0.20", environment: etcd).checked()
        #expect(show.stdoutText.contains("default/db-0"))
        #expect(try await site.run("list", "-o", "name", environment: etcd).checked().lines == ["10.188.0.20"])
        #expect(
            try await site.run("list", "-o", "name", environment: ["IPAMCTL_CONFIG": file]).checked().lines == [
                "10.188.0.20"
            ])
        _ = try await site.run("release", "10.188.0.20", environment: etcd).checked()
        #expect(try await site.held().isEmpty)
    }
}
