import Foundation
import IPAMKit
import TestSupport
import Testing

/// Commands that change several things one after the other, and are stopped between: what was done is told.
@Suite(.needs(.etcd, .root)) struct StoppedChangeTests {
    /// Two networks, each with an address that leaked with its node.
    private struct Site {
        let admin: AdminSite
        let kubernetes: KubernetesServer

        static func start() async throws -> Site {
            let kubernetes = try await KubernetesServer.start()
            let admin = try await AdminSite()
            try kubernetes.put(node: "n1")
            for (name, subnet) in [("neta", "10.1.0.0/24"), ("netb", "10.2.0.0/24")] {
                try admin.files.write(
                    """
                    {"cniVersion":"0.4.0","name":"\(name)","type":"macvlan","ipam":{"type":"kube-ipam",\
                    "kubeConfig":"\(try kubernetes.kubeconfig())","cluster":"c1",\
                    "etcdConfig":{"etcdURL":"\(admin.server.clientURL)"},"subnet":"\(subnet)"}}
                    """, to: "\(name).conf")
                _ = try await admin.add(
                    "live-\(name)", "default/live-\(name)", network: name, subnets: [subnet], cluster: "c1")
                try kubernetes.put(pod: .init("live-\(name)", uid: "uid-live-\(name)", node: "n1"))
                _ = try await admin.add(
                    "dead-\(name)", "default/dead-\(name)", node: "n9", network: name, subnets: [subnet], cluster: "c1")
            }
            return Site(admin: admin, kubernetes: kubernetes)
        }

        func used(_ network: String) async throws -> Int {
            try await admin.held(network).count { $0.hasPrefix("used/") }
        }

        /// A report of both networks, a minute old.
        func report() async throws -> String {
            let file = admin.files.file("leaks.json").path
            #expect(try await admin.run(["audit", "--report", file], environment: [:]).status == 5)
            return file
        }
    }

    /// Networks without findings are told in one line, also where the run did not come to them.
    @Test func aNoBeforeNetworksWithoutFindingsStillTellsWhatWasRepaired() async throws {
        let site = try await Site.start()
        for (name, subnet) in [("netc", "10.3.0.0/24"), ("netd", "10.4.0.0/24")] {
            try site.admin.files.write(
                """
                {"cniVersion":"0.4.0","name":"\(name)","type":"macvlan","ipam":{"type":"kube-ipam",\
                "kubeConfig":"\(try site.kubernetes.kubeconfig())","cluster":"c1",\
                "etcdConfig":{"etcdURL":"\(site.admin.server.clientURL)"},"subnet":"\(subnet)"}}
                """, to: "\(name).conf")
        }
        let output = try await site.admin.runOnTerminal(
            ["audit", "--repair"], environment: [:], answers: [TerminalAnswer("y\n"), TerminalAnswer("n\n")])
        #expect(output.status == 1, "\(output.stdoutText)")
        #expect(output.stdoutText.contains("10.1.0.3 freed (leaked: default/dead-neta on n9: "), "\(output.stdoutText)")
        #expect(output.stdoutText.contains("ipamctl: the answer was no; done before that: "), "\(output.stdoutText)")
        #expect(try await [site.used("neta"), site.used("netb")] == [1, 2])
    }

    @Test func aNoAtTheSecondNetworkStillTellsWhatWasRepairedInTheFirst() async throws {
        let site = try await Site.start()
        let output = try await site.admin.runOnTerminal(
            ["audit", "--repair"], environment: [:], answers: [TerminalAnswer("y\n"), TerminalAnswer("n\n")])
        #expect(output.status == 1, "\(output.stdoutText)")
        #expect(output.stdoutText.contains("10.1.0.3 freed (leaked: default/dead-neta on n9: "), "\(output.stdoutText)")
        #expect(!output.stdoutText.contains("10.2.0.3 freed"), "\(output.stdoutText)")
        #expect(!output.stdoutText.contains("nothing was changed"), "\(output.stdoutText)")
        #expect(
            output.stdoutText.hasSuffix(
                "ipamctl: the answer was no; done before that: 1 finding of network neta; not done: network netb\r\n"),
            "\(output.stdoutText)")
        #expect(try await [site.used("neta"), site.used("netb")] == [1, 2])
        let first = try await site.admin.runOnTerminal(
            ["audit", "--repair"], environment: [:], answers: [TerminalAnswer("n\n")])
        #expect(first.status == 1 && first.stdoutText.hasSuffix("ipamctl: nothing was changed\r\n"))
    }

    /// Ctrl-C at the question is a no, and ends the program when all is told.
    @Test func controlCAtTheSecondNetworkStillTellsWhatWasRepairedInTheFirst() async throws {
        let site = try await Site.start()
        let output = try await site.admin.runOnTerminal(
            ["audit", "--repair", "-o", "json"], environment: [:],
            answers: [TerminalAnswer("y\n"), TerminalAnswer("\u{3}")])
        #expect(output.status == 130, "as a shell counts SIGINT: \(output.stdoutText)")
        let text = output.stdoutText
        let begin = try #require(text.range(of: "[\r\n  {\r\n"), "\(text)").lowerBound
        let end = try #require(text.range(of: "ipamctl: the answer was no; done before that: 1 finding"), "\(text)")
        let json = try JSONValue(
            parsing: text[begin..<end.lowerBound].replacingOccurrences(of: "\r\n", with: "\n"))
        #expect(json.array?.count == 2 && json.array?[0]["repaired"]?.array?.count == 1)
        #expect(
            json.array?[0]["repaired"]?.array?[0]["done"] == true && json.array?[1]["repaired"]?.array?.isEmpty == true)
        #expect(try await [site.used("neta"), site.used("netb")] == [1, 2])
    }

    @Test func anEtcdThatGoesAwayAtTheSecondNetworkStillTellsWhatWasRepairedInTheFirst() async throws {
        let site = try await Site.start()
        let victim = try #require(site.admin.server.pid)
        let output = try await site.admin.runOnTerminal(
            ["audit", "--repair", "--timeout", "2s"], environment: [:],
            answers: [TerminalAnswer("y\n"), TerminalAnswer("y\n", killing: victim)])
        #expect(output.status == 2, "\(output.stdoutText)")
        #expect(output.stdoutText.contains("10.1.0.3 freed (leaked: default/dead-neta on n9: "), "\(output.stdoutText)")
        #expect(
            output.stdoutText.contains("; done before that: 1 finding of network neta; "), "\(output.stdoutText)")
        #expect(output.stdoutText.contains("not done: network netb\r\n"), "\(output.stdoutText)")
        try await site.admin.server.restart()
        #expect(try await [site.used("neta"), site.used("netb")] == [1, 2])
    }

    @Test func aNoAtTheSecondNetworkOfAReportStillTellsWhatWasRepairedInTheFirst() async throws {
        let site = try await Site.start()
        let output = try await site.admin.runOnTerminal(
            ["release", "--from-report", site.report()], environment: [:],
            answers: [TerminalAnswer("y\n"), TerminalAnswer("n\n")])
        #expect(output.status == 1, "\(output.stdoutText)")
        #expect(output.stdoutText.contains("10.1.0.3 freed (leaked: default/dead-neta on n9: "), "\(output.stdoutText)")
        #expect(output.stdoutText.contains("done before that: 1 finding of network neta; not done: network netb\r\n"))
        #expect(try await [site.used("neta"), site.used("netb")] == [1, 2])
    }

    /// The result is told although the file of the report cannot be written.
    @Test func aReportThatCannotBeWrittenHidesNoRepair() async throws {
        let site = try await Site.start()
        let output = try await site.admin.run(
            ["audit", "--repair", "--yes", "--report", "/no/such/file"], environment: [:])
        #expect(output.status == 1 && output.stdoutText.contains("10.2.0.3 freed (leaked: "), "\(output.stdoutText)")
        #expect(
            output.stderrText.hasSuffix(
                "ipamctl: /no/such/file cannot be written: No such file or directory\n"
                    + "hint: check the folder, its permissions and the free space, or name another file\n"))
    }

    /// Of two reservations the etcd user may drop the first alone.
    @Test func aReleaseThatStopsTellsWhatWasReleased() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", subnets: ["10.188.0.0/22"])
        _ = try await site.run("reserve", "10.188.0.20", "10.188.0.21", "10.188.0.22").checked()
        let root = "/etcd-cni/networks/k8s"
        for arguments in [
            ["user", "add", "root:rootpw"], ["user", "grant-role", "root", "root"], ["user", "add", "some:pw"],
            ["role", "add", "some"], ["role", "grant-permission", "some", "--prefix=true", "read", root],
            ["role", "grant-permission", "some", "readwrite", "\(root)/reservations/10.188.0.20"],
            ["role", "grant-permission", "some", "readwrite", "\(root)/history/10.188.0.20"],
            ["user", "grant-role", "some", "some"], ["auth", "enable"],
        ] { try await site.server.etcdctl(arguments) }
        let environment = ["IPAMCTL_ENDPOINTS": site.server.clientURL, "IPAMCTL_USER": "some:pw"]
        let output = try await site.run(
            "-n", "k8s", "release", "10.188.0.20", "10.188.0.21", "10.188.0.22", environment: environment)
        #expect(output.status == 1, "\(output.stderrText)")
        #expect(
            output.stdoutText == "10.188.0.20 no longer reserved for any pod that requests it\n", "\(output.stdoutText)"
        )
        #expect(
            output.stderrText.contains("; done before that: 1 address; not done: 2 addresses\n"),
            "\(output.stderrText)")
    }
}
