import Foundation
import IPAMKit
import TestSupport
import Testing

@testable import ipamctl

/// What `ipamctl __complete` finds in etcd.
@Suite(.needs(.etcd, .root)) struct CompletionValuesTests {
    /// Enough for a machine that is busy with other tests.
    static let patience = ["IPAMCTL_COMPLETION_TIMEOUT": "60s"]

    static func lines(_ site: AdminSite, _ line: String, _ environment: [String: String]? = nil) async throws
        -> [String]
    {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        let environment = (environment ?? ["IPAMCTL_ENDPOINTS": site.server.clientURL]).merging(patience) { $1 }
        let output = try await site.run(["__complete", "--"] + words, environment: environment).checked()
        #expect(output.stderr.isEmpty, "\(line): \(output.stderrText)")
        return output.lines
    }

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-0", ip: "10.188.0.9")
        try await site.add("4b1fd2a0c3e94b1fd2a0", "default/web-6d9b74fd4d-xjhek", node: "n2", ip: "10.188.1.7")
        try await site.add("c3", "kube-system/dns-0", network: "other", subnets: ["10.9.0.0/24"])
        _ = try await site.run("reserve", "10.188.0.20", "--for", "prod/sts/mysql", "-n", "k8s").checked()
        _ = try await site.run("reserve", "10.188.0.21", "-n", "k8s").checked()
        return site
    }

    @Test func addressesInUseOrReservedAreFoundByTheirFirstCharacters() async throws {
        let site = try await site()
        let all = [
            "10.9.0.2\tkube-system/dns-0 on n1", "10.188.0.9\tdefault/db-0 on n1",
            "10.188.0.20\treserved for prod/sts/mysql", "10.188.0.21\treserved",
            "10.188.1.7\tdefault/web-6d9b74fd4d-xjhek on n2", "fd00:188::2\tdefault/db-0 on n1",
            "fd00:188::3\tdefault/web-6d9b74fd4d-xjhek on n2",
        ]
        #expect(try await Self.lines(site, "show ") == all + [":36"])
        #expect(try await Self.lines(site, "show 10.188.0.2") == Array(all[2...3]) + [":36"])
        #expect(try await Self.lines(site, "release fd00:188::3") == [all[6], ":4"])
        #expect(try await Self.lines(site, "-n other show ") == [all[0], ":4"])
        #expect(try await Self.lines(site, "show 172.") == [":4"])
    }

    @Test func networksPodsNamespacesNodesWorkloadsAndContainersAreFound() async throws {
        let site = try await site()
        #expect(
            try await Self.lines(site, "hold ") == [
                "k8s\t4 addresses in use", "other\t1 of 253 addresses in use", ":36",
            ])
        #expect(
            try await Self.lines(site, "list --pod default/") == [
                "default/db-0\t10.188.0.9, fd00:188::2 on n1",
                "default/web-6d9b74fd4d-xjhek\t10.188.1.7, fd00:188::3 on n2", ":36",
            ])
        #expect(try await Self.lines(site, "list --pod=kube") == ["kube-system/dns-0\t10.9.0.2 on n1", ":4"])
        #expect(try await Self.lines(site, "list --namespace ") == ["default", "kube-system", "prod", ":36"])
        #expect(try await Self.lines(site, "list --node n") == ["n1", "n2", ":36"])
        let holders = try await Self.lines(site, "reserve 10.188.0.30 --for ").map { $0.split(separator: "\t")[0] }
        #expect(
            holders == [
                "default/db-0", "default/web-6d9b74fd4d-xjhek", "kube-system/dns-0", "default/deploy/web",
                "default/sts/db", "kube-system/sts/dns", "prod/sts/mysql", "default/", "kube-system/", "prod/", ":36",
            ])
        #expect(
            try await Self.lines(site, "release --container 4b") == [
                "4b1fd2a0c3e9\tdefault/web-6d9b74fd4d-xjhek", ":4",
            ])
        #expect(
            try await Self.lines(site, "release --container 4b1fd2a0c3e94") == [
                "4b1fd2a0c3e94b1fd2a0\tdefault/web-6d9b74fd4d-xjhek", ":4",
            ])
    }

    @Test func freeAddressesToReserveAreThoseOfTheFixedRange() async throws {
        let site = try await AdminSite()
        try site.files.write(
            AdminSite.cniFile(etcd: site.server.clientURL).replacing(
                #""subnet""#, with: #""fixedStart":"10.188.0.200","fixedEnd":"10.188.0.255","subnet""#),
            to: "10-k8s.conf")
        try await site.add("c1", "default/db-0", ip: "10.188.0.9")
        _ = try await site.run("reserve", "10.188.0.201-10.188.0.203").checked()
        let lines = try await Self.lines(site, "reserve ", [:])
        #expect(lines.first == "10.188.0.200\tfree, of the fixed range of k8s", "\(lines)")
        #expect(lines.count == 21 && lines[1].hasPrefix("10.188.0.204"), "\(lines)")
        #expect(lines[19].hasPrefix("10.188.0.255"), "the last one, so that no shell inserts 10.188.0.2 and more")
        #expect(
            try await Self.lines(site, "reserve 10.188.0.200,10.188.0.20", [:]).first?.hasPrefix(
                "10.188.0.200,10.188.0.204\t") == true)
        #expect(try await Self.lines(site, "reserve 10.188.0.9", [:]) == [":4"], "it is not of the fixed range")
    }

    @Test func contextsComeFromTheKubeconfigThatTheCommandLineNames() async throws {
        let site = try await AdminSite()
        let file = try site.files.write(
            """
            apiVersion: v1
            kind: Config
            contexts:
            - {name: staging, context: {cluster: a}}
            - {name: production, context: {cluster: b}}
            """, to: "kubeconfig")
        #expect(
            try await Self.lines(site, "audit --kubeconfig \(file.path) --context ") == [
                "production", "staging", ":36",
            ])
        #expect(
            try await Self.lines(site, "audit --context st", ["KUBECONFIG": "/no/such:\(file.path)"]) == [
                "staging", ":4",
            ])
        #expect(try await Self.lines(site, "audit --kubeconfig /no/such --context ") == [":4"])
    }

    @Test func theEtcdThatTheCommandLineNamesIsAsked() async throws {
        let site = try await site()
        let dead = ["IPAMCTL_ENDPOINTS": "http://127.0.0.1:1"]
        #expect(
            try await Self.lines(site, "--endpoints \(site.server.clientURL) show 10.9", dead).first?.hasPrefix(
                "10.9.0.2")
                == true)
        #expect(
            try await Self.lines(site, "show --endpoints=\(site.server.clientURL) 10.9", dead).first?.hasPrefix(
                "10.9.0.2")
                == true)
    }

    /// As a program keeps it that completes often.
    @Test func aKeptConnectionAnswersOneRequestAfterTheOther() async throws {
        let site = try await site()
        let options = try GlobalOptions.parse(["--endpoints=\(site.server.clientURL)"])
        let values = StoreValues(try Connection(options, notes: { _ in }), patience: .seconds(60))
        func found(_ kind: LiveKind, _ prefix: String, _ network: String? = nil) throws -> [String] {
            let network = try network.map { try NetworkName($0) }
            return values.candidates(for: LiveRequest(kind, startingWith: prefix, network: network)).map(\.value)
        }
        #expect(try found(.networks, "") == ["k8s", "other"])
        #expect(try found(.addresses, "10.", "other") == ["10.9.0.2"])
        #expect(try found(.addresses, "10.188.1") == ["10.188.1.7"])
        #expect(try found(.pods, "default/d", "k8s") == ["default/db-0"])
        site.server.stop()
        let stopped = StoreValues(try Connection(options, notes: { _ in }))
        #expect(stopped.candidates(for: LiveRequest(.networks, startingWith: "")).isEmpty)
    }

    /// A person waits for it: neither an error nor a long silence.
    @Test(arguments: [true, false]) func withoutAnEtcdNothingIsFoundAndNothingIsSaid(isFrozen: Bool) async throws {
        let site = try await site()
        if isFrozen { try site.server.freeze() } else { site.server.stop() }
        for line in ["show ", "list --pod ", "-n k8s reserve ", "hold "] {
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            let output = try await site.run(["__complete", "--"] + words).checked()
            #expect(output.stdoutText == ":4\n" && output.stderr.isEmpty, "\(line): \(output.stderrText)")
        }
        #expect(try await site.run("__complete", "--", "versi").checked().lines.first == "version\tPrint the version")
        for wrong in [
            ["--endpoints", "ftp://x", "show", ""], ["-n", "a/b", "show", ""], ["--cert", "/x", "show", ""],
        ] {
            let output = try await site.run(["__complete", "--"] + wrong, environment: [:]).checked()
            #expect(output.stdoutText == ":4\n" && output.stderr.isEmpty, "\(wrong): \(output.stderrText)")
        }
        if isFrozen { try site.server.thaw() }
    }

    /// A file of which nothing can be read stands for all that knows no deadline, such as a file on a server.
    @Test func whatNeverEndsIsNotWaitedFor() async throws {
        let site = try await AdminSite()
        let pipe = site.files.file("pipe")
        try #require(mkfifo(pipe.path, 0o600) == 0)
        let output = try await site.run("__complete", "--", "--config", pipe.path, "show", "").checked()
        #expect(output.stdoutText == ":4\n" && output.stderr.isEmpty, "\(output.stderrText)")
    }

    @Test func problemsOfTheConfigurationAreSilent() async throws {
        let site = try await AdminSite()
        try site.files.write("{", to: "10-broken.conf")
        #expect(try await Self.lines(site, "show ", [:]) == [":4"])
        #expect(try await Self.lines(site, "show ", ["IPAMCTL_NETWORK": "a/b"]) == [":4"])
    }

    @Test func aPoolOf65536AddressesAnswersWithTheirFirstCharacters() async throws {
        let site = try await AdminSite()
        let base = "/etcd-cni/networks/big"
        var keys: [(String, String)] = []
        for index in 0..<65_536 {
            let container = String(index * 2_654_435_761 % 4_294_967_296, radix: 16) + "-\(index)"
            let address = "10.20.\(index / 256).\(index % 256)"
            keys.append(("\(base)/used/\(address)", container))
            keys.append(
                (
                    "\(base)/attachments/\(container)/eth0",
                    #"{"addresses":["\#(address)"],"namespace":"default","pod":"web-\#(index)","node":"n\#(index % 50)"}"#
                ))
        }
        try await site.put(keys)
        let starts = try await Self.lines(site, "show ")
        #expect(starts.count == 11 && starts.last == ":38", "\(starts)")
        #expect(starts.first == "10.20.0\t256 addresses" && starts[1] == "10.20.1\t28416 addresses", "\(starts)")
        #expect(try await Self.lines(site, "show 10.20.17.").count == 257)
        #expect(try await Self.lines(site, "show 10.20.17.250") == ["10.20.17.250\tdefault/web-4602 on n2", ":4"])
        #expect(try await Self.lines(site, "list --node n4").count == 12, "n4, n40 to n49, and the directive")
        let containers = try await Self.lines(site, "release --container ")
        #expect(containers.last == ":38" && containers.allSatisfy { !$0.hasPrefix("/") }, "\(containers)")
        #expect(try await Self.lines(site, "list --pod default/web-1") == [":4"], "a part of them would mislead")
        #expect(try await Self.lines(site, "hold ") == ["big\t65536 addresses in use", ":4"])
    }
}
