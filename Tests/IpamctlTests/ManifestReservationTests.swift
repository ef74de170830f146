import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl reserve -f` with manifests of Kubernetes.
@Suite(.needs(.etcd)) struct ManifestReservationTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        for (index, name) in ["k8s", "storage"].enumerated() {
            try site.files.write(
                """
                {"cniVersion":"0.4.0","name":"\(name)","type":"macvlan","master":"eth0","ipam":{"type":"kube-ipam",\
                "annotations":"none","etcdConfig":{"etcdURL":"\(site.server.clientURL)"},"subnet":"10.\(188 + index).0.0/16",\
                "fixedStart":"10.\(188 + index).0.10","fixedEnd":"10.\(188 + index).0.255"}}
                """, to: "1\(index)-\(name).conf")
        }
        return site
    }

    private static let manifest = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          template:
            metadata:
              annotations:
                kube-ipam.ip: 10.188.0.20,10.188.0.21
                kube-ipam.ip/storage: 10.189.0.20
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          template: {metadata: {annotations: {kube-ipam.ip: 10.188.0.30}}}
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec:
          template: {metadata: {annotations: {kube-ipam.ip: 10.188.0.40}}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: solo, annotations: {kube-ipam.ip: 10.188.0.50}}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: any}
        spec:
          template: {metadata: {annotations: {kube-ipam.ip: auto}}}
        """

    /// With the networks of the CNI files.
    private func run(_ site: AdminSite, _ arguments: String..., stdin: String? = nil) async throws -> ProcessOutput {
        try await site.run(arguments, environment: [:], stdin: stdin)
    }

    private func reservations(_ site: AdminSite, _ network: String) async throws -> [String: String] {
        let output = try await run(
            site,
            "list", "-n", network, "-o", "csv", "--columns", "address,reserved for", "--no-headers"
        ).checked()
        return Dictionary(
            uniqueKeysWithValues: output.lines.map { line in
                let cells = line.split(separator: ",").map(String.init)
                return (cells[0], cells[1])
            })
    }

    @Test func theAddressesOfAManifestAreReservedForItsWorkloads() async throws {
        let site = try await site()
        let arguments = ["reserve", "-f", "-", "--yes", "--namespace", "shop", "-n", "k8s"]
        let output = try await site.run(arguments, environment: [:], stdin: Self.manifest).checked()
        #expect(
            output.stderrText.contains("skipped: 1 reservation of other networks"), "\(output.stderrText)")
        #expect(
            try await reservations(site, "k8s") == [
                "10.188.0.20": "shop/deploy/web", "10.188.0.21": "shop/deploy/web", "10.188.0.30": "shop/sts/db",
                "10.188.0.40": "shop/", "10.188.0.50": "shop/solo",
            ])
        let before = try await site.dump()
        let again = try await site.run(arguments, environment: [:], stdin: Self.manifest).checked()
        #expect(again.stderrText.contains("nothing to do"), "\(again.stderrText)")
        #expect(try await site.dump() == before)
        // The address of the other network is reserved there, and the others, which have an annotation of their own, are not.
        let storage = """
            apiVersion: v1
            kind: Pod
            metadata: {name: nas, annotations: {kube-ipam.ip: 10.188.0.60, kube-ipam.ip/storage: 10.189.0.60}}
            """
        _ = try await run(site, "reserve", "-f", "-", "--yes", "-n", "storage", stdin: storage).checked()
        #expect(try await reservations(site, "storage") == ["10.189.0.60": "default/nas"])
    }

    @Test func theNetworkIsFoundFromTheAddressesThatNameNone() async throws {
        let site = try await site()
        let output = try await run(site, "reserve", "-f", "-", "--yes", stdin: Self.manifest).checked()
        #expect(output.lines.count == 5, "\(output.stdoutText)")
        #expect(try await reservations(site, "k8s").count == 5)
        #expect(try await reservations(site, "storage").isEmpty)
    }

    @Test func twoObjectsThatNameOneAddressAndAConflictChangeNothing() async throws {
        let site = try await site()
        let pod = { (name: String, value: String) in
            "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name), annotations: {kube-ipam.ip: \(value)}}\n---\n"
        }
        let twice = try await run(
            site,
            "reserve", "-f", "-", "--yes", stdin: pod("a", "10.188.0.20") + pod("b", "10.188.0.20"))
        #expect(
            twice.status == 64 && twice.stderrText.contains("standard input, line 7: 10.188.0.20 occurs twice"),
            "\(twice.stderrText)")
        _ = try await run(site, "reserve", "10.188.0.21", "--for", "default/x", "-n", "k8s").checked()
        let before = try await site.dump()
        let conflict = try await run(
            site,
            "reserve", "-f", "-", "--yes", stdin: pod("a", "10.188.0.20") + pod("b", "10.188.0.21"))
        #expect(conflict.status == 3, "\(conflict.stderrText)")
        #expect((conflict.stdoutText + conflict.stderrText).contains("10.188.0.21 conflict: is reserved for default/x"))
        let foreign = try await run(
            site, "reserve", "-f", "-", "--yes", "--namespace", "shop",
            stdin:
                "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: kube-system, annotations: {kube-ipam.ip: 10.188.0.22}}\n"
        )
        #expect(
            foreign.status == 64 && foreign.stderrText.contains("line 3: metadata.namespace is kube-system, not shop"),
            "\(foreign.stderrText)")
        let objects = """
            apiVersion: apps/v1beta1
            kind: Deployment
            metadata: {name: old}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: host, annotations: {kube-ipam.ip: 10.188.0.60}}
            spec: {hostNetwork: true}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: a, annotations: {kube-ipam.ip: 10.188.0.61}}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: a, annotations: {kube-ipam.ip: 10.188.0.62}}
            """
        let skipped = try await run(site, "reserve", "-f", "-", "--dry-run", stdin: objects).checked()
        #expect(skipped.lines == ["10.188.0.62 reserved for default/a (dry run)"], "\(skipped.stdoutText)")
        for words in [
            "skipped: 1 Deployment (apps/v1beta1)", "skipped: default/host", "warning: standard input, line 10",
        ] {
            #expect(skipped.stderrText.contains(words), "\(words): \(skipped.stderrText)")
        }
        let number = try await run(site, "reserve", "-f", "-", "--yes", stdin: pod("a", "16"))
        #expect(
            number.status == 64
                && number.stderrText.contains("line 3: annotation kube-ipam.ip must be a string, not a number"),
            "\(number.stderrText)")
        let none = try await run(
            site,
            "reserve", "-f", "-", "--yes", stdin: "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n")
        #expect(none.status == 64 && none.stderrText.contains("requests no address"), "\(none.stderrText)")
        #expect(try await site.dump() == before)
    }
}
