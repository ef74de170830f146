import Foundation
import IPAMKit
import TestSupport
import Testing

/// Which way to Kubernetes ipamctl takes.
@Suite(.needs(.etcd, .root)) struct KubeconfigSourceTests {
    /// A node as docs/examples/rbac.yaml sets it up: the CNI file's kubeconfig may get, and not list.
    private struct Node {
        let site: AdminSite
        /// As the nodes see the cluster.
        let restricted: KubernetesServer
        /// The same cluster, as an operator sees it.
        let full: KubernetesServer

        static func start() async throws -> Node {
            let authority = try CertificateAuthority()
            let restricted = try await KubernetesServer.start(authority: authority)
            let full = try await KubernetesServer.start(authority: authority)
            try full.put(uid: restricted.clusterUID)
            for path in ["/api/v1/pods", "/api/v1/nodes"] { try restricted.fail(.status(403), on: path) }
            let site = try await AdminSite()
            try site.files.write(
                """
                {"cniVersion":"0.4.0","name":"k8s","type":"macvlan","ipam":{"type":"kube-ipam",\
                "kubeConfig":"\(try restricted.kubeconfig())","etcdConfig":{"etcdURL":"\(site.server.clientURL)"},\
                "subnet":"10.188.0.0/24"}}
                """, to: "10-k8s.conf")
            try full.put(node: "n1")
            _ = try await site.add(
                "live", "default/live-0", subnets: ["10.188.0.0/24"], cluster: restricted.clusterUID)
            try full.put(pod: .init("live-0", uid: "uid-live", node: "n1", podIPs: ["10.188.0.2"]))
            return Node(site: site, restricted: restricted, full: full)
        }

        func audit(_ arguments: [String] = [], _ environment: [String: String] = [:]) async throws -> ProcessOutput {
            try await site.run(["audit", "-v"] + arguments, environment: environment)
        }
    }

    @Test func theKubeconfigOfThePersonComesBeforeTheNodes() async throws {
        let node = try await Node.start()
        let own = try node.full.kubeconfig()
        let home = try TemporaryDirectory(prefix: "home")
        try FileManager.default.createDirectory(
            at: home.file(".kube"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: own, toPath: home.file(".kube/config").path)
        let bad = "/nowhere/kubeconfig"
        let cases: [([String], [String: String], String)] = [
            (["--kubeconfig", own], ["IPAMCTL_KUBECONFIG": bad, "KUBECONFIG": bad], "--kubeconfig \(own)"),
            ([], ["IPAMCTL_KUBECONFIG": own, "KUBECONFIG": bad], "IPAMCTL_KUBECONFIG \(own)"),
            ([], ["KUBECONFIG": own, "HOME": "/nowhere"], "KUBECONFIG \(own)"),
            ([], ["HOME": home.path], "\(home.path)/.kube/config"),
        ]
        for (options, environment, origin) in cases {
            let output = try await node.audit(options, environment).checked()
            #expect(output.stdoutText.contains("1 pod,") && output.stdoutText.contains("no findings"))
            #expect(
                output.stderrText.contains("kubernetes: \(node.full.url) (\(origin)) for network k8s\n"),
                "\(output.stderrText)")
        }
        // Nothing is tried after one that is named.
        let named = try await node.audit([], ["KUBECONFIG": bad, "HOME": home.path])
        #expect(named.status == 1 && named.stderrText.contains(bad), "\(named.stderrText)")
    }

    @Test func theServiceAccountOfThePodComesBeforeTheNodes() async throws {
        let node = try await Node.start()
        let account = try TemporaryDirectory(prefix: "account")
        try account.write(KubernetesServer.token, to: "token")
        try FileManager.default.copyItem(
            atPath: node.full.authority.certificate, toPath: account.file("ca.crt").path)
        let command = try node.site.command(["audit", "-v"])
        let script = """
            set -e
            mount -t tmpfs none /run
            mkdir -p /run/secrets/kubernetes.io/serviceaccount
            mount --bind "$1" /run/secrets/kubernetes.io/serviceaccount
            shift
            exec "$@"
            """
        let output = try await runProcess(
            "unshare", ["-m", "sh", "-c", script, "sh", account.path, command.program] + command.arguments,
            environment: node.site.environment([
                "KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": String(node.full.port),
            ])
        ).checked()
        #expect(output.stdoutText.contains("no findings"), "\(output.stdoutText)")
        #expect(
            output.stderrText.contains(
                "kubernetes: https://127.0.0.1:\(node.full.port) (the service account of this pod) for network k8s\n"),
            "\(output.stderrText)")
        // Outside of a pod the variables alone are none.
        let outside = try await node.audit([], ["KUBERNETES_SERVICE_HOST": "127.0.0.1"])
        #expect(outside.stderrText.contains(", which the nodes use) for network k8s\n"), "\(outside.stderrText)")
    }

    /// The nodes' kubeconfig comes last, and may not do what an audit takes.
    @Test func withoutAnyOtherTheNodesKubeconfigIsTakenAndTheMissingRightIsNamed() async throws {
        let node = try await Node.start()
        let output = try await node.site.run("audit", environment: [:])
        #expect(output.isProperFailure && output.status == 2, "\(output.stderrText)")
        #expect(output.stderrText.contains("403"), "\(output.stderrText)")
        #expect(
            output.stderrText.contains(
                "use --kubeconfig or KUBECONFIG to name a kubeconfig that may list pods and nodes")
        )
    }

    @Test func aKubeconfigOfAnotherClusterIsRefused() async throws {
        let node = try await Node.start()
        let other = try await KubernetesServer.start()
        let path = try other.kubeconfig()
        let output = try await node.site.run("audit", environment: ["KUBECONFIG": path])
        #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
        #expect(
            output.stderrText.contains(
                "\(path) belongs to another cluster (\(other.clusterUID)) than \(try node.restricted.kubeconfig()) "
                    + "(\(node.restricted.clusterUID)), which the nodes of network k8s use"), "\(output.stderrText)")
    }
}
