import Foundation
import IPAMKit
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct HistoryCommandTests {
    private static let base = "/etcd-cni/networks/k8s/"

    /// db-0 had 10.188.0.9 from two to three o'clock, web-0 from four to five; db-1 has it since 2026-11-18T11:06:40Z,
    /// which is later.
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", ip: "10.188.0.9")
        try await site.put([
            (
                Self.base + "history/10.188.0.9",
                """
                [{"event":"taken-over","at":"2026-11-10T05:00:00Z","by":"default/db-1 on n2","evidence":"its node n1 has \
                rebooted","attachment":{"containerID":"cw","namespace":"default","pod":"web-0","node":"n1",\
                "since":"2026-11-10T04:00:00Z","fixed":true}},\
                {"event":"deleted","at":"2026-11-10T03:00:00Z","by":"kube-ipam on n1","attachment":{"containerID":"cd",\
                "namespace":"default","pod":"db-0","uid":"u0","node":"n1","since":"2026-11-10T02:00:00Z","fixed":false}}]
                """
            )
        ])
        return site
    }

    @Test func whoHadItThen() async throws {
        let site = try await site()
        let begin = "2026-11-10T02:00:00Z to 2026-11-10T03:00:00Z"
        for (time, answer) in [
            (
                "2026-11-10T02:30:00Z",
                "2026-11-10T02:30:00Z: default/db-0 on n1, from \(begin), deleted with its pod (DEL) by kube-ipam on n1"
            ),
            (
                "2026-11-10 02:30",
                "2026-11-10T02:30:00Z: default/db-0 on n1, from \(begin), deleted with its pod (DEL) by kube-ipam on n1"
            ),
            (
                "2026-11-10T05:30:00+01:00",
                "2026-11-10T04:30:00Z: default/web-0 on n1, from 2026-11-10T04:00:00Z to 2026-11-10T05:00:00Z, taken over "
                    + "by default/db-1 on n2 (its node n1 has rebooted)"
            ),
            (
                "2026-11-10 03:30:00",
                "2026-11-10T03:30:00Z: nobody: default/db-0 on n1 had it until 2026-11-10T03:00:00Z, default/web-0 on n1 "
                    + "from 2026-11-10T04:00:00Z on"
            ),
            (
                "2026-11-19 00:00",
                "2026-11-19T00:00:00Z: default/db-1 on n1, from 2026-11-18T11:06:40Z, and still has it"
            ),
        ] {
            let output = try await site.run("history", "10.188.0.9", "--at", time).checked()
            #expect(output.stdoutText == "10.188.0.9 at \(answer)\n", "\(time)")
            #expect(output.stderr.isEmpty)
        }
        let json = try await site.run("history", "10.188.0.9", "--at", "2026-11-10 02:30", "-o", "json").checked().json
        #expect(json["state"]?.string == "held" && json["holder"]?["attachment"]?["uid"]?.string == "u0")
        let nobody = try await site.run("history", "10.188.0.9", "--at", "2026-11-10 03:30", "-o", "json").checked()
            .json
        #expect(nobody["state"]?.string == "free" && nobody["holder"] == nil)
        let now = try await site.run("history", "10.188.0.9", "--at", "1s").checked()
        #expect(now.stdoutText.contains("default/db-1 on n1"))
        let early = try await site.run("history", "10.188.0.9", "--at", "2026-11-10 01:00")
        #expect(early.isProperFailure && early.status == 4)
        #expect(early.stderrText.contains("is not known: its history begins at 2026-11-10T02:00:00Z"))
        let unheard = try await site.run("history", "10.188.0.77", "--at", "1h")
        #expect(unheard.status == 4 && unheard.stderrText.contains("is not known: it has no history"))
    }

    /// Where Go nodes may be, nobody means nobody that is recorded.
    @Test func doubtsAreSaid() async throws {
        let site = try await site()
        try await site.put([(Self.base + "config", #"{"format":1,"goNodes":true,"fixed":[]}"#)])
        let output = try await site.run("history", "10.188.0.9", "--at", "2026-11-10 03:30").checked()
        #expect(output.stdoutText.contains("(the network may have Go nodes, which write no history)"))
        try await site.put([(Self.base + "used/10.188.0.50", "gocontainer")])
        let perhaps = try await site.run("history", "10.188.0.50", "--at", "1h").checked()
        #expect(
            perhaps.stdoutText.contains(
                "perhaps container gocontainer, from a time that was not recorded, and still has it"))
    }

    @Test func everyFormatTells() async throws {
        let site = try await site()
        let names = try await site.run("history", "--since", "2026-11-01 00:00", "-o", "name").checked()
        #expect(names.lines == ["10.188.0.9", "fd00:188::2"])
        let csv = try await site.run("history", "--pod", "default/db-0", "-o", "csv").checked()
        #expect(
            csv.stdoutText == """
                NETWORK,ADDRESS,FROM,TO,EVENT,WHO,BY,CONTAINER,UID,NOTE,EXPIRES,PLAN,EVIDENCE
                k8s,10.188.0.9,2026-11-10T02:00:00Z,2026-11-10T03:00:00Z,deleted,default/db-0 on n1,kube-ipam on n1,cd,u0,,,,

                """)
        _ = try await site.run("reserve", "10.188.0.20", "--for", "default/db-0").checked()
        for (options, whos) in [
            (["--pod", "default/db-0"], ["default/db-0", "default/db-0 on n1"]),
            (["--node", "n1", "10.188.0.9"], ["default/db-1 on n1", "default/web-0 on n1", "default/db-0 on n1"]),
            (["--namespace", "default", "10.188.0.20"], ["default/db-0"]), (["--namespace", "other"], []),
        ] {
            let rows = try await site.run(["history", "-o", "csv"] + options).checked().lines.dropFirst()
            #expect(
                rows.map { String($0.split(separator: ",", omittingEmptySubsequences: false)[5]) } == whos, "\(rows)")
        }
        let yaml = try await site.run("history", "10.188.0.9", "-o", "yaml").checked()
        #expect(yaml.stdoutText.contains("event: \"taken-over\""))
        let table = try await site.run("history", "10.188.0.9").checked()
        #expect(table.lines[0].hasSuffix("  BY                  EVIDENCE"), "\(table.lines)")
        #expect(
            table.lines[1].hasSuffix("  -                   -")
                && table.lines[2].hasSuffix("  its node n1 has rebooted"))
        let wide = try await site.run("history", "10.188.0.9", "-o", "wide").checked()
        #expect(wide.lines.count == 4 && wide.lines[0].hasSuffix("EVIDENCE"))
        #expect(wide.lines[1].contains(" now ") && wide.lines[1].contains(" in-use "), "\(wide.lines)")
        let some = try await site.run("history", "10.188.0.9", "--since", "2026-11-10 04:30", "-o", "json").checked()
        #expect(try some.json.array?.map { $0["event"]?.string } == ["in-use", "taken-over"])
    }

    @Test func aDamagedHistoryIsSaid_andIsNotFatalForOthers() async throws {
        let site = try await site()
        try await site.put([(Self.base + "history/10.188.0.77", "junk")])
        let all = try await site.run("history", "--since", "2026-11-01 00:00", "-o", "json").checked()
        #expect(try all.json.array?.count == 4)
        #expect(all.stderrText.contains("warning: the value of \(Self.base)history/10.188.0.77 cannot be used"))
        let one = try await site.run("history", "10.188.0.77").checked()
        #expect(one.stderrText.contains("history/10.188.0.77 cannot be used"))
        let then = try await site.run("history", "10.188.0.77", "--at", "1h")
        #expect(then.status == 1 && then.stderrText.contains("is not known: its history cannot be read"))
        try await site.put([(Self.base + "history/10.188.0.9", "junk")])
        let held = try await site.run("history", "10.188.0.9", "--at", "2026-11-19 00:00").checked()
        #expect(held.stdoutText.contains("default/db-1 on n1"), "the present holder is known all the same")
    }

    @Test func badInputIsOneSentence() async throws {
        let site = try await site()
        for (arguments, status, message) in [
            (["history"], 64, "name an address, or use --pod, --namespace, --node or --since"),
            (["history", "10.188.0.9", "--at", "soon"], 64, "--at: \"soon\" is neither a time span nor a time"),
            (["history", "10.188.0.9", "--at", "2026"], 64, "--at: \"2026\" is neither a time span nor a time"),
            (["history", "10.188.0.9", "--at", "2146-01-01 00:00"], 64, "--at: 2146-01-01T00:00:00Z is in the future"),
            (["history", "--pod", "default/a", "--at", "1h"], 64, "--at goes with an address"),
            (
                ["history", "10.188.0.9", "--at", "1h", "--since", "1h"], 64,
                "--at excludes --since, --pod, --namespace and --node"
            ),
            (["history", "--since", "2026-13-01 00:00"], 64, "--since: \"2026-13-01 00:00\" is neither"),
            (["history", "10.188.0"], 64, "\"10.188.0\" is not an IP address"),
            (["history", "--pod", "db-0"], 64, "write NAMESPACE/NAME"),
            (["history", "10.9.0.1"], 4, "10.9.0.1 lies in no subnet of network k8s"),
            (["history", "--since", "1h", "-n", "nope"], 4, "network nope is neither"),
        ] as [([String], Int32, String)] {
            let output = try await site.run(arguments)
            #expect(output.isProperFailure && output.status == status, "\(arguments): \(output.stderrText)")
            #expect(output.stderrText.contains(message), "\(arguments): \(output.stderrText)")
        }
        let nothing = try await site.run("history", "10.188.0.200").checked()
        #expect(nothing.stderrText.contains("nothing is known about 10.188.0.200"))
    }
}
