import IPAMKit
import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct HoldCommandTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        return site
    }

    @Test func aTerminalIsAsked() async throws {
        let site = try await site()
        let before = try await site.dump()
        for answer in ["n\n", ""] {
            let output = try await site.runOnTerminal(["hold", "k8s", "--reason", "moving"], answer: answer)
            #expect(output.status == 1 && output.stdoutText.contains("nothing was changed"), "\(output.stdoutText)")
        }
        #expect(try await site.dump() == before)
        let yes = try await site.runOnTerminal(["hold", "k8s", "--reason", "moving"], answer: "y\n")
        #expect(yes.status == 0 && yes.stdoutText.contains("network k8s on hold: moving"), "\(yes.stdoutText)")
        let held = try await site.dump()
        let no = try await site.runOnTerminal(["unhold", "k8s"], answer: "n\n")
        #expect(no.status == 1 && no.stdoutText.contains("Lift the hold of network k8s by "), "\(no.stdoutText)")
        #expect(try await site.dump() == held)
        _ = try await site.runOnTerminal(["unhold", "k8s", "--yes"], answer: "n\n").checked()
        #expect(try await site.dump() != held)
    }

    @Test func everyFormatTells() async throws {
        let site = try await site()
        func run(_ format: String) async throws -> String {
            try await site.run("hold", "k8s", "--reason", "moving", "--dry-run", "-o", format).checked().stdoutText
        }
        #expect(try await run("table") == "network k8s on hold: moving (dry run)\n")
        #expect(try await run("name") == "k8s\n")
        #expect(try await run("csv") == "NETWORK,ACTION,HOLD\nk8s,held,moving\n")
        #expect(try await run("yaml").contains("reason: \"moving\""))
        let json = try #require(try JSONValue(parsing: try await run("json")).array?.first)
        #expect(json["dryRun"]?.bool == true && json["hold"]?.object?.keys == ["by", "reason", "since"])
        _ = try await site.run("hold", "k8s", "--reason", "moving").checked()
        let wide = try await site.run("networks", "-o", "wide").checked()
        #expect(wide.lines[0].hasSuffix("HOLD    CHANGED") && wide.lines[1].hasSuffix("moving  -"), "\(wide.lines)")
    }

    /// Without a name it is the only network there is; of several one must be chosen.
    @Test func whichNetworkMustBeClear() async throws {
        let site = try await site()
        #expect(try await site.run("hold", "--reason", "x", "--dry-run").checked().stdoutText.hasPrefix("network k8s "))
        try await site.add("c1", "default/db-1", network: "other", subnets: ["10.5.0.0/24"])
        let output = try await site.run("hold", "--reason", "x")
        #expect(output.isProperFailure && output.status == 64)
        #expect(output.stderrText.contains("several networks match: k8s, other"))
        _ = try await site.run("-n", "other", "hold", "--reason", "x").checked()
        #expect(
            try await site.run("networks", "-o", "json").checked().json.array?.map { $0["hold"] != nil } == [
                false, true,
            ])
    }
}
