import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl reserve --for NS/deploy/NAME` tells when the addresses leave no room for a rolling update.
@Suite(.needs(.etcd, .root)) struct RolloutAdviceTests {
    private struct Site {
        let admin: AdminSite
        let kubernetes: KubernetesServer
        let kubeconfig: String

        init(_ subnets: [String] = ["10.188.0.0/22"]) async throws {
            admin = try await AdminSite()
            try await admin.add("c1", "default/p-0", subnets: subnets)
            kubernetes = try await KubernetesServer.start()
            kubeconfig = try kubernetes.kubeconfig()
        }

        func reserve(_ arguments: String...) async throws -> ProcessOutput {
            try await admin.run(["reserve", "--kubeconfig", kubeconfig] + arguments).checked()
        }
    }

    private static let stuck =
        "warning: default/deploy/web has 3 replicas and 3 reserved addresses: with maxUnavailable 0, a rolling update starts a "
        + "new pod before an old one ends, and that pod gets no address\nhint: set maxUnavailable: 1 or strategy type "
        + "Recreate in the Deployment, or reserve one more address: ipamctl reserve --next 1 --for default/deploy/web\n"

    @Test func asManyAddressesAsReplicasAreTooFewForARollingUpdate() async throws {
        let site = try await Site()
        try site.kubernetes.put(deployment: "web", replicas: 3)
        let range = ["10.188.0.20-10.188.0.22", "--for", "default/deploy/web"]
        let dry = try await site.reserve(range[0], range[1], range[2], "--dry-run")
        #expect(dry.stderrText == Self.stuck)
        let done = try await site.reserve(range[0], range[1], range[2])
        #expect(done.stderrText == Self.stuck && done.lines.count == 3)
        #expect(site.kubernetes.requests.last == "GET /apis/apps/v1/namespaces/default/deployments/web")
        // What is reserved already counts: one more is enough.
        #expect(try await site.reserve("--next", "1", "--for", "default/deploy/web").stderrText.isEmpty)
    }

    @Test func fewerAddressesThanReplicasLeavePodsWithoutOne() async throws {
        let site = try await Site()
        try site.kubernetes.put(deployment: "web", replicas: 3, strategy: .recreate)
        let output = try await site.reserve("10.188.0.20", "--for", "default/deploy/web")
        #expect(
            output.stderrText
                == "warning: default/deploy/web has 3 replicas and 1 reserved address: 2 pods get no address\n"
                + "hint: reserve more: ipamctl reserve --next 2 --for default/deploy/web\n")
        #expect(try await site.reserve("--next", "2", "--for", "default/deploy/web").stderrText.isEmpty)
    }

    @Test func eachRangeSetIsCountedByItself() async throws {
        let site = try await Site(["10.188.0.0/22", "fd00:188::/64"])
        try site.kubernetes.put(deployment: "web", replicas: 1, maxUnavailable: "0", maxSurge: "1")
        // In the other set its pods get dynamic addresses.
        let one = try await site.reserve("10.188.0.20", "10.188.0.21", "--for", "default/deploy/web")
        #expect(one.stderrText.isEmpty)
        let both = try await site.reserve("fd00:188::20", "--for", "default/deploy/web")
        #expect(
            both.stderrText.hasPrefix(
                "warning: default/deploy/web has 1 replica and 1 reserved address of range set 1: with maxUnavailable 0"
            ))
        #expect(
            both.stderrText.hasSuffix("ipamctl reserve --next 1 --range-set 1 --for default/deploy/web\n"),
            "\(both.stderrText)")
    }

    @Test func roomForARolloutIsNoWarning() async throws {
        let site = try await Site()
        for (name, replicas, strategy, unavailable) in [
            ("recreate", 3, .recreate, nil), ("one", 3, .rollingUpdate, "1"), ("four", 4, .rollingUpdate, nil),
            ("none", 0, .rollingUpdate, "0"),
        ] as [(String, Int, KubernetesServer.Strategy, String?)] {
            try site.kubernetes.put(
                deployment: name, replicas: replicas, strategy: strategy, maxUnavailable: unavailable)
            let count = String(max(1, replicas))
            let output = try await site.reserve("--next", count, "--for", "default/deploy/\(name)")
            #expect(output.stderrText.isEmpty, "\(name): \(output.stderrText)")
        }
    }

    @Test func plansAreLookedAtDeploymentByDeployment() async throws {
        let site = try await Site()
        try site.kubernetes.put(deployment: "web", replicas: 3)
        let plan = "10.188.0.20-10.188.0.22,default/deploy/web\n10.188.0.30,default/db-0\n10.188.0.31,default/sts/db\n"
        let output = try await site.admin.run(
            "reserve", "--kubeconfig", site.kubeconfig, "-f", "-", stdin: "address,for\n" + plan
        ).checked()
        #expect(output.stderrText == Self.stuck, "\(output.stderrText)")
        #expect(site.kubernetes.requests.count == 1, "\(site.kubernetes.requests)")
    }

    enum Silence: CaseIterable {
        case forbidden, absent, another, unreachable, noKubeconfig, damagedKubeconfig, otherHolder
    }

    @Test(arguments: Silence.allCases)
    func withoutAnAnswerNothingIsSaid(why: Silence) async throws {
        let site = try await Site()
        if why != .absent { try site.kubernetes.put(deployment: "web", replicas: 3) }
        var arguments = [
            "reserve", "--next", "3", "--for", why == .otherHolder ? "default/sts/web" : "default/deploy/web",
        ]
        switch why {
        case .forbidden: try site.kubernetes.fail(.status(403))
        case .another: try site.kubernetes.fail(.notFoundPage)
        case .unreachable: try site.kubernetes.fail(.refuseConnections)
        case .absent, .otherHolder, .noKubeconfig: break
        case .damagedKubeconfig: arguments += ["--kubeconfig", try site.kubernetes.folder.write("{", to: "bad").path]
        }
        if why != .noKubeconfig, why != .damagedKubeconfig { arguments += ["--kubeconfig", site.kubeconfig] }
        let output = try await site.admin.run(arguments).checked()
        #expect(output.stderrText.isEmpty && output.lines.count == 3, "\(output.stderrText)")
        if why == .otherHolder { #expect(site.kubernetes.requests.isEmpty) }
    }
}
