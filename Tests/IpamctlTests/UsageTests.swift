import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct UsageTests {
    @Test func failuresAreOneLineAndAHint_withTheStatusOfTheirKind() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", ip: "10.188.0.9")
        _ = try await site.run("reserve", "10.188.0.20", "--for", "default/db-0").checked()
        let cases: [([String], Int32, String, String?)] = [
            (["lst"], 64, "unknown command \"lst\"", "did you mean 'ipamctl list'?"),
            (["resreve", "10.188.0.1"], 64, "unknown command", "did you mean 'ipamctl reserve'?"),
            (["delete", "10.188.0.9"], 64, "unknown command", "did you mean 'ipamctl release'?"),
            (["config", "chek"], 64, "unknown command \"config chek\"", "did you mean 'ipamctl config check'?"),
            (
                ["config", "x"], 64, "unknown command \"config x\"",
                "the commands are 'ipamctl config check', 'ipamctl config show'"
            ),
            (["config", "view"], 64, "unknown command \"config view\"", "did you mean 'ipamctl config show'?"),
            (["config", "get"], 64, "unknown command \"config get\"", "did you mean 'ipamctl config show'?"),
            (["config", "validate"], 64, "unknown command", "did you mean 'ipamctl config check'?"),
            (["config", "check", "--frob"], 64, "unknown option '--frob'", "see 'ipamctl config check --help'"),
            (["validate", "x.conf"], 64, "unknown command", "did you mean 'ipamctl config check'?"),
            (
                ["list", "--nad", "x"], 64, "--nad: \"x\" is not a NetworkAttachmentDefinition",
                "see 'ipamctl list --help'"
            ),
            (["frobnicate"], 64, "unknown command", "see 'ipamctl --help'"),
            (["help", "relaese"], 64, "unknown command", "did you mean 'ipamctl release'?"),
            (["get", "ip", "10.188.0.9"], 64, "unexpected", "'ipamctl show 10.188.0.9' shows one address"),
            (["get", "networks"], 64, "unexpected", "did you mean 'ipamctl networks'?"),
            (["list", "--frob"], 64, "unknown option '--frob'", "see 'ipamctl list --help'"),
            (["list", "-o", "xml"], 64, "table, wide, json, yaml, csv, name", "see 'ipamctl list --help'"),
            (["list", "--pod", "db-0"], 64, "write NAMESPACE/NAME", "see 'ipamctl list --help'"),
            (
                ["list", "--timeout", "soon"], 64, "--timeout: \"soon\" is not valid: write a time span",
                "see 'ipamctl list --help'"
            ),
            (["list", "-n", "a/b"], 64, "-n: \"a/b\" is not a valid network name: ", nil),
            (
                ["list", "-n", "nope"], 4, "network nope is neither in the store nor in a CNI file",
                "see 'ipamctl networks'"
            ),
            (["networks", "-n", "nope"], 4, "network nope is neither", "see 'ipamctl networks'"),
            (["show"], 64, "missing expected argument '<address>'", "see 'ipamctl show --help'"),
            (["show", "10.188"], 64, "\"10.188\" is not an IP address", nil),
            (["show", "10.9.0.1"], 4, "10.9.0.1 lies in no subnet of network k8s", "see 'ipamctl networks'"),
            (["reserve"], 64, "name what to reserve", "see 'ipamctl reserve --help'"),
            (["reserve", "10.188.0.5", "--next", "3"], 64, "exclude each other", "see 'ipamctl reserve --help'"),
            (["reserve", "--next", "0"], 64, "--next takes a number from 1 to 1024", "see 'ipamctl reserve --help'"),
            (["reserve", ","], 64, "names no address", "write an address, a range a-b, or a CIDR"),
            (["reserve", "10.188.0.9-10.188.0.5"], 64, "10.188.0.9", "write an address, a range a-b, or a CIDR"),
            (["reserve", "10.188.0.5", "--for", "db-0"], 64, "--for: \"db-0\" is not a holder", nil),
            (["reserve", "10.188.0.5", "--for", "DEFAULT/x"], 64, "--for: Kubernetes cannot have \"DEFAULT/x\"", nil),
            (["reserve", "10.188.0.5", "--expires", "soon"], 64, "--expires: \"soon\" is neither", "write 72h or 7d"),
            (["reserve", "10.188.0.5", "--expires", "2001-01-01T00:00:00Z"], 64, "is in the past", nil),
            (
                ["reserve", "10.188.0.1"], 64, "10.188.0.1 is the gateway of 10.188.0.0/22",
                "'ipamctl list --state free' lists free addresses"
            ),
            (["reserve", "10.9.0.1"], 64, "10.9.0.1 lies in no subnet of network k8s", nil),
            (["reserve", "10.188.0.20", "--for", "default/db-1"], 3, "10.188.0.20 is reserved for default/db-0", nil),
            (["reserve", "10.188.0.9", "--for", "default/db-0"], 3, "10.188.0.9 is in use by default/db-1 on n1", nil),
            (["reserve", "0.0.0.0/0"], 64, "more than 65536 addresses", nil),
            (["reserve", "-f", "/no/such"], 1, "/no/such cannot be read: No such file", nil),
            (["release"], 64, "name what to release", "see 'ipamctl release --help'"),
            (
                ["release", "10.188.0.9"], 3, "10.188.0.9 is in use by default/db-1 on n1",
                "make sure that the pod is gone"
            ),
            (
                ["release", "10.188.0.50"], 4, "10.188.0.50 is neither reserved nor in use in network k8s",
                "'ipamctl list' lists the addresses"
            ),
            (["release", "--node", "n9"], 4, "network k8s has no matching address", "see 'ipamctl list'"),
            (
                ["list", "--endpoints", "127.0.0.1:1"], 2, "etcd is not reachable (http://127.0.0.1:1:",
                "check the endpoints"
            ),
            (["list", "--endpoints", "ftp://x"], 64, "--endpoints: ", nil),
            (["list", "--cert", "/x"], 64, "a client certificate and its key go together", "give both"),
            (["list", "--user", "root"], 64, "--user: the password is missing", "write --user NAME:PASSWORD"),
            (["list", "--config", "/no/such"], 1, "/no/such cannot be read", "check the path"),
            (["watch", "--since-revision", "9999999"], 64, "is in the future", "leave out --since-revision"),
            (["audit"], 64, "there is no kubeconfig for reading the pods", "name one with --kubeconfig"),
            (["release", "--from-report", "/etc/hostname"], 1, "/etc/hostname is not valid JSON", "correct the file"),
        ]
        let before = try await site.dump()
        for (arguments, status, message, hint) in cases {
            let output = try await site.run(arguments)
            let said: Comment = "\(arguments): \(output.status) \(output.stderrText)\(output.stdoutText)"
            #expect(output.isProperFailure, said)
            #expect(output.status == status, said)
            #expect(output.stderrText.contains(message), said)
            #expect(output.stderrText.contains("\nhint: "), said)
            if let hint { #expect(output.stderrText.contains("\nhint: \(hint)"), said) }
        }
        #expect(try await site.dump() == before)
    }

    @Test func helpIsAResult() async throws {
        let site = try await AdminSite()
        for arguments in [[], ["help"], ["--help"], ["help", "reserve"], ["reserve", "--help"], ["list", "-h"]] {
            let output = try await site.run(arguments).checked()
            #expect(output.stderr.isEmpty && output.stdoutText.contains("USAGE: ipamctl"), "\(arguments)")
            #expect(
                output.lines.allSatisfy { $0.count <= 80 }, "\(arguments): \(output.lines.filter { $0.count > 80 })")
        }
        #expect(try await site.run("--version").checked().stdoutText.hasPrefix("ipamctl "))
    }

    @Test func globalOptionsStandBeforeOrBehindTheCommand() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        try await site.add("c1", "default/db-1", network: "other", subnets: ["10.5.0.0/24"])
        for arguments in [
            ["-n", "other", "list", "-o", "name"], ["list", "-n", "other", "-o", "name"],
            ["-nother", "-oname", "list"],
            ["--network=other", "--output", "name", "ls"], ["-o", "name", "-v", "list", "--network", "other"],
        ] {
            #expect(try await site.run(arguments).checked().lines == ["10.5.0.2"], "\(arguments)")
        }
        // A network is found by its subnets where the address tells it, and asked for where it does not.
        #expect(try await site.run("show", "10.5.0.2", "-o", "json").checked().json["network"]?.string == "other")
        let ambiguous = try await site.run("release", "--node", "n1", "--force", "--yes")
        #expect(ambiguous.isProperFailure && ambiguous.status == 64)
        #expect(ambiguous.stderrText.contains("several networks match: k8s, other"))
    }

    @Test func aReaderThatGoesAwayAndAFullDiskAreTakenAsTheyAre() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        let ipamctl = try BuildProducts.product("ipamctl").path
        for (tail, status, message) in [
            ("| head -1", 0, ""), ("| true", 0, ""), (">&-", 1, "cannot be written"),
            ("> /dev/full", 1, "No space left"),
        ] {
            let script = "set -o pipefail; '\(ipamctl)' list --state free \(tail)"
            let output = try await runProcess("bash", ["-c", script], environment: site.environment())
            #expect(output.status == Int32(status), "\(tail): \(output.stderrText)")
            #expect(
                message.isEmpty ? !output.stderrText.contains("ipamctl:") : output.stderrText.contains(message),
                "\(tail)")
        }
    }

    @Test(arguments: [
        ("reserve 10.188.0.60 --for sts/db", "--for: \"sts/db\" has no namespace", "write NAMESPACE/sts/NAME"),
        ("list --pod sts/db", "--pod: \"sts/db\" has no namespace", "write NAMESPACE/sts/NAME"),
        ("list --nod n1", "unknown option '--nod'", "did you mean '--node'?"),
        ("reserve 10.188.0.60 --reason x", "unknown option '--reason'", "see 'ipamctl reserve --help'"),
        ("release 10.188.0.9 --for default/db-0", "unknown option '--for'", "write the addresses, or --pod,"),
        ("release 10.188.0.9 --forc", "unknown option '--forc'", "see 'ipamctl release --help'"),
        ("apply -f plan.yaml", "unknown command \"apply\"", "'ipamctl reserve -f FILE' makes"),
        ("diff -f plan.yaml", "unknown command \"diff\"", "'ipamctl reserve -f FILE --dry-run' shows"),
        ("reserve 10.188.0.9 --dry-run=client", "", "write --dry-run without a value"),
        ("list --expired", "unknown option '--expired'", "'ipamctl list --expiring 0s' lists"),
        ("list --state expired", "", "'ipamctl list --expiring 0s' lists"),
        ("extend 10.188.0.9 72h", "\"72h\"", "write --expires 72h"),
        ("note 10.188.0.9 two words", "unexpected argument 'words'", "put the note in quotes"),
        ("get -A", "unknown option '-A'", "all namespaces are covered"),
        ("get -w", "unknown option '-w'", "'ipamctl watch'"),
        ("get pods", "unexpected argument 'pods'", "'ipamctl list --pod"),
        ("list --node n1,n2", "--node: \"n1,n2\" is not one name", "write one name"),
        ("show default/web-3", "\"default/web-3\" is not an IP address", "see 'ipamctl show --help'"),
        ("list --limit -1", "--limit takes a number from 1", "see 'ipamctl list --help'"),
        ("shell commands.txt", "unexpected argument 'commands.txt'", "a script is read from standard input"),
    ])
    func whatUsersOfOtherToolsWriteIsExplained(line: String, message: String, hint: String) async throws {
        let run = try await runProcess(
            BuildProducts.product("ipamctl").path, line.split(separator: " ").map(String.init))
        #expect(run.status == 64 && run.isProperFailure)
        #expect(
            run.stderrText.hasPrefix("ipamctl: \(message)") && run.stderrText.contains("\nhint: \(hint)"),
            "\(run.stderrText)")
    }
}
