import Foundation
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct ConfigurationFileTests {
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

    /// A delegate that cannot be used does not keep those beside it from being used.
    @Test func aBadNetworkBesideAGoodOneInOneFileIsAWarning() async throws {
        let site = try await AdminSite()
        let good = AdminSite.cniFile("good", etcd: site.server.clientURL)
        let bad = AdminSite.cniFile("bad", etcd: site.server.clientURL, subnet: "10.188.0.5/22")
        let folder = try TemporaryDirectory()
        let both = try folder.write(
            #"{"cniVersion":"0.4.0","name":"multus","delegates":[\#(bad),\#(good)]}"#, to: "multus.conf"
        ).path
        let output = try await networks(site, "-c", both).checked()
        #expect(output.lines == ["good"])
        #expect(
            output.stderrText.hasPrefix(
                "warning: \(both): ipam.subnet: \"10.188.0.5/22\" is not the address of a network"))
        let alone = try await networks(site, "-c", try folder.write(bad, to: "bad.conf").path)
        #expect(alone.isProperFailure && alone.stderrText.contains("bad.conf: ipam.subnet: "), "\(alone.stderrText)")
    }

    @Test func configMayNameAFolder() async throws {
        let site = try await AdminSite()
        let folder = try TemporaryDirectory(prefix: "net.d")
        let empty = try await networks(site, "-c", folder.path)
        #expect(
            empty.isProperFailure
                && empty.stderrText.hasPrefix("ipamctl: no CNI configuration in \(folder.path) uses kube-ipam\nhint: "))
        try folder.write(AdminSite.cniFile("a", etcd: site.server.clientURL), to: "10-a.conf")
        let list =
            #"{"cniVersions":["0.4.0","1.1.0"],"name":"b","plugins":[\#(AdminSite.cniFile("x", etcd: site.server.clientURL))]}"#
        try folder.write(list, to: "20-b.conflist")
        try folder.write("{", to: "05-broken.conf")
        let output = try await networks(site, "-c", folder.path).checked()
        #expect(output.lines == ["a", "b"])
        #expect(output.stderrText.hasPrefix("warning: \(folder.path)/05-broken.conf is not valid JSON: "))
        #expect(try await networks(site, environment: ["IPAMCTL_CONFIG": folder.path]).checked().lines == ["a", "b"])
        let missing = try await networks(site, "-c", "/nowhere")
        #expect(
            missing.isProperFailure && missing.stderrText.contains("/nowhere cannot be read: No such file or directory")
        )
    }

    /// Root without its privileges: a folder of mode 0 is closed to it.
    @Test func aFolderThatCannotBeReadIsSaid_andNotTakenForEmpty() async throws {
        let site = try await AdminSite()
        try site.files.write(AdminSite.cniFile(etcd: site.server.clientURL), to: "10-k8s.conf")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: site.files.path)
        defer { try? FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: site.files.path) }
        func run(_ arguments: [String], _ environment: [String: String]) async throws -> ProcessOutput {
            let command = PrivateFolder.command(
                showing: site.files.path, at: AdminSite.folder, "setpriv",
                ["--bounding-set", "-all", "--inh-caps", "-all", try BuildProducts.product("ipamctl").path] + arguments)
            return try await runProcess(
                command.program, command.arguments, environment: site.environment(environment))
        }
        let problem = "/etc/cni/net.d cannot be read: Permission denied\n"
        let alone = try await run(["networks"], [:])
        #expect(alone.isProperFailure && alone.stderrText.hasPrefix("ipamctl: " + problem), "\(alone.stderrText)")
        let beside = try await run(["networks"], ["IPAMCTL_ENDPOINTS": site.server.clientURL])
        #expect(beside.status == 0 && beside.stderrText.hasPrefix("warning: " + problem), "\(beside.stderrText)")
        let named = try await run(["networks", "-c", AdminSite.folder], [:])
        #expect(named.isProperFailure && named.stderrText.hasPrefix("ipamctl: " + problem), "\(named.stderrText)")
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
