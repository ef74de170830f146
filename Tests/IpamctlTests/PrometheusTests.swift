import Foundation
import IPAMKit
import TestSupport
import Testing

@testable import ipamctl

@Suite struct PrometheusTests {
    /// k8s: 1019 dynamic addresses and the IPv6 subnet, one pod, one reservation.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", ip: "10.188.0.9", subnets: ["10.188.0.0/24"])
        _ = try await site.run("reserve", "10.188.0.20").checked()
        try await site.add("c2", "default/db-2", network: "other", subnets: ["fd00::/64"])
        return site
    }

    private let expected = """
        # HELP kube_ipam_addresses_total Addresses that can be given out, of the dynamic and the fixed ranges.
        # TYPE kube_ipam_addresses_total gauge
        kube_ipam_addresses_total{network="k8s"} 253
        kube_ipam_addresses_total{network="other"} 18446744073709551614
        # HELP kube_ipam_addresses_used Addresses in use.
        # TYPE kube_ipam_addresses_used gauge
        kube_ipam_addresses_used{network="k8s"} 1
        kube_ipam_addresses_used{network="other"} 1
        # HELP kube_ipam_addresses_reserved Addresses that are reserved and not in use.
        # TYPE kube_ipam_addresses_reserved gauge
        kube_ipam_addresses_reserved{network="k8s"} 1
        kube_ipam_addresses_reserved{network="other"} 0
        # HELP kube_ipam_addresses_free Addresses of the dynamic ranges that are neither used nor reserved.
        # TYPE kube_ipam_addresses_free gauge
        kube_ipam_addresses_free{network="k8s"} 251
        kube_ipam_addresses_free{network="other"} 18446744073709551613
        # HELP kube_ipam_addresses_free_fixed Addresses of the fixed ranges that are neither used nor reserved.
        # TYPE kube_ipam_addresses_free_fixed gauge
        kube_ipam_addresses_free_fixed{network="k8s"} 0
        kube_ipam_addresses_free_fixed{network="other"} 0
        # HELP kube_ipam_range_set_addresses_total Addresses of a range set that can be given out.
        # TYPE kube_ipam_range_set_addresses_total gauge
        kube_ipam_range_set_addresses_total{network="k8s",range_set="0",family="IPv4"} 253
        kube_ipam_range_set_addresses_total{network="other",range_set="0",family="IPv6"} 18446744073709551614
        # HELP kube_ipam_range_set_addresses_used Addresses of a range set in use.
        # TYPE kube_ipam_range_set_addresses_used gauge
        kube_ipam_range_set_addresses_used{network="k8s",range_set="0",family="IPv4"} 1
        kube_ipam_range_set_addresses_used{network="other",range_set="0",family="IPv6"} 1
        # HELP kube_ipam_range_set_addresses_reserved Addresses of a range set that are reserved and not in use.
        # TYPE kube_ipam_range_set_addresses_reserved gauge
        kube_ipam_range_set_addresses_reserved{network="k8s",range_set="0",family="IPv4"} 1
        kube_ipam_range_set_addresses_reserved{network="other",range_set="0",family="IPv6"} 0
        # HELP kube_ipam_range_set_addresses_free Addresses of a range set's dynamic range that are neither used nor reserved.
        # TYPE kube_ipam_range_set_addresses_free gauge
        kube_ipam_range_set_addresses_free{network="k8s",range_set="0",family="IPv4"} 251
        kube_ipam_range_set_addresses_free{network="other",range_set="0",family="IPv6"} 18446744073709551613

        """

    private func report(_ network: String, leaked: Int) -> String {
        let findings = (0..<leaked).map {
            #"{"code":"leaked","severity":"warning","address":"10.188.0.\#(50 + $0)","evidence":"x","repair":"free"}"#
        }
        let other = #"{"code":"untracked","severity":"error","evidence":"x","repair":"none"}"#
        return #"{"format":1,"network":"\#(network)","revision":5,"at":"2026-11-23T02:00:00Z","checked":9,"pods":3,"#
            + #""findings":[\#((findings + [other]).joined(separator: ","))]}"#
    }

    @Test(.needs(.etcd, .root)) func networksAreMetrics_andWhatHadLeakedOnlyWithAReport() async throws {
        let site = try await site()
        let plain = try await site.run("networks", "-o", "prometheus").checked()
        #expect(plain.stdoutText == expected && plain.stderr.isEmpty)
        let folder = try TemporaryDirectory()
        let audit = """
            # HELP kube_ipam_leaked_addresses Addresses that had leaked at the time of the last audit.
            # TYPE kube_ipam_leaked_addresses gauge
            kube_ipam_leaked_addresses{network="k8s"} 2
            # HELP kube_ipam_last_audit_timestamp_seconds The time of the last audit, in seconds since 1970.
            # TYPE kube_ipam_last_audit_timestamp_seconds gauge
            kube_ipam_last_audit_timestamp_seconds{network="k8s"} 1795399200

            """
        for text in [report("k8s", leaked: 2), "[\(report("k8s", leaked: 2)),\(report("gone", leaked: 1))]"] {
            let file = try folder.write(text, to: "audit.json").path
            let output = try await site.run("networks", "-o", "prometheus", "--report", file).checked()
            #expect(output.stdoutText == expected + audit)
        }
    }

    @Test(.needs(.etcd, .root)) func theFileIsReplacedWholeOrNotAtAll() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = try folder.write("old", to: "kube-ipam.prom").path
        let output = try await site.run("networks", "-o", "prometheus", "--output-file", path).checked()
        #expect(output.stdout.isEmpty)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["kube-ipam.prom"])
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o644, "node_exporter is another user")
        for arguments in [
            ["--endpoints", "127.0.0.1:1"], ["--report", "/no/such"],
            ["--report", try folder.write("{}", to: "x").path],
        ] {
            let failed = try await site.run(["networks", "-o", "prometheus", "--output-file", path] + arguments)
            #expect(failed.isProperFailure, "\(arguments)")
            #expect(try String(contentsOfFile: path, encoding: .utf8) == expected)
        }
        let nowhere = try await site.run("networks", "-o", "json", "--output-file", "/no/such/file")
        #expect(nowhere.isProperFailure && nowhere.status == 1)
        #expect(nowhere.stderrText.contains("/no/such/file cannot be written: No such file or directory"))
    }

    @Test(.needs(.etcd, .root)) func otherCommandsRefuse_beforeTheyDoAnything() async throws {
        let site = try await site()
        let before = try await site.dump()
        for arguments in [
            ["list"], ["show", "10.188.0.9"], ["reserve", "10.188.0.30"], ["release", "10.188.0.20"],
            ["hold", "k8s", "--reason", "x"], ["unhold", "k8s"], ["history", "10.188.0.9"], ["audit"],
        ] {
            let output = try await site.run(arguments + ["-o", "prometheus"])
            #expect(output.isProperFailure && output.status == 64, "\(arguments): \(output.stderrText)")
            #expect(output.stderrText.contains("hint: only 'ipamctl networks' has the format prometheus\n"))
        }
        #expect(try await site.dump() == before)
        let report = try await site.run("networks", "--report", "x")
        #expect(report.status == 64 && report.stderrText.contains("--report goes with -o prometheus"))
    }

    @Test func labelsAndHelpAreEscaped() {
        let metric = Metric(
            name: "m", help: "a \\ \"b\"\nc", samples: [.init(labels: [("network", "x\\\"\n")], value: "1")])
        #expect(
            PrometheusText.render([metric])
                == "# HELP m a \\\\ \"b\"\\nc\n# TYPE m gauge\nm{network=\"x\\\\\\\"\\n\"} 1\n")
        #expect(PrometheusText.render([Metric(name: "m", help: "h", samples: [])]).isEmpty)
    }
}
