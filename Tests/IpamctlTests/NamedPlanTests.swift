import Foundation
import IPAMKit
import TestSupport
import Testing

/// Plans with a name: what they own, what they drop, and what is shown of it.
@Suite(.needs(.etcd, .root)) struct NamedPlanTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory(prefix: "plan") }

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/kv-0", ip: "10.188.0.30")
        return site
    }

    private func plan(_ entries: [String]) throws -> String {
        let list = entries.isEmpty ? "reservations: []\n" : "reservations:\n" + entries.map { "- \($0)\n" }.joined()
        return try folder.write("plan: web\n" + list, to: "plan.yaml").path
    }

    private static let first = [
        "{address: 10.188.0.9, for: default/db-0}", "{address: 10.188.0.10-10.188.0.11, for: default/sts/db}",
        "{address: 10.188.0.30, for: default/sts/kv}",
    ]
    private static let second = [
        "{address: 10.188.0.9, for: default/db-0, note: new}", "{address: 10.188.0.10, for: default/sts/db}",
        "{address: 10.188.0.12, for: default/db-2}",
    ]

    @Test func pruneDropsWhatThePlanNoLongerLists_inEveryFormat() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.50", "--for", "default/mine").checked()
        _ = try await site.run("reserve", "10.188.0.51", "--for", "default/mine", "--plan", "other").checked()
        _ = try await site.run("reserve", "-f", try plan(Self.first)).checked()
        let path = try plan(Self.second)
        let before = try await site.dump()
        let lines = [
            "10.188.0.9 reserved for default/db-0, note \"new\"", "10.188.0.10 is reserved for default/sts/db already",
            "10.188.0.12 reserved for default/db-2", "10.188.0.11 no longer reserved for default/sts/db",
            "10.188.0.30 no longer reserved for default/sts/kv, still used by default/kv-0 on n1",
        ]
        let dry = try await site.run("reserve", "-f", path, "--prune", "--dry-run").checked()
        #expect(dry.lines == lines.map { $0 + " (dry run)" }, "\(dry.stdoutText)")
        let actions = ["updated", "unchanged", "reserved", "released", "released"]
        let json = try await site.run("reserve", "-f", path, "--prune", "--dry-run", "-o", "json").checked().json.array
        #expect(json?.map { $0["action"]?.string } == actions)
        let csv = try await site.run("reserve", "-f", path, "--prune", "--dry-run", "-o", "csv").checked()
        #expect(
            csv.lines.dropFirst().map { $0.split(separator: ",")[2] } == actions.map { $0[...] }, "\(csv.stdoutText)")
        let names = try await site.run("reserve", "-f", path, "--prune", "--dry-run", "-o", "name").checked()
        #expect(names.lines.count == 5)
        #expect(try await site.dump() == before)
        // Without --prune, the others stay.
        let without = try await site.run("reserve", "-f", path, "--dry-run").checked()
        #expect(without.lines.count == 3, "\(without.stdoutText)")

        let done = try await site.run("reserve", "-f", path, "--prune").checked()
        #expect(done.lines == lines && done.stderrText.isEmpty, "\(done.stdoutText)\(done.stderrText)")
        let reserved = try await site.run("list", "--state", "reserved", "-o", "name").checked().lines
        #expect(reserved == ["10.188.0.9", "10.188.0.10", "10.188.0.12", "10.188.0.50", "10.188.0.51"])
        let after = try await site.dump()
        let again = try await site.run("reserve", "-f", path, "--prune").checked()
        #expect(again.lines.allSatisfy { $0.hasSuffix(" already") })
        #expect(again.stderrText == "nothing to do: 3 reservations of plan web exist already\n")
        #expect(try await site.dump() == after)
        let history = try await site.run("history", "10.188.0.11", "-o", "json").checked().json.array
        #expect(history?.first?["event"]?.string == "released")
        #expect(history?.first?["reservation"]?["plan"]?.string == "web")
    }

    @Test func thePlanIsShown_andTakenInByTheSameHolder() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0").checked()
        let taken = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0", "--plan", "web").checked()
        #expect(taken.stdoutText == "10.188.0.9 reserved for default/db-0, now of plan web\n")
        let show = try await site.run("show", "10.188.0.9").checked()
        #expect(show.lines.contains { $0.hasPrefix("Of plan: ") && $0.hasSuffix(" web") }, "\(show.stdoutText)")
        let list = try await site.run("list", "--columns", "address,plan", "--no-headers", "--state", "reserved")
            .checked()
        #expect(list.lines.map { $0.split(separator: " ").joined(separator: " ") } == ["10.188.0.9 web"])
        #expect(
            try await site.run("list", "--state", "reserved", "-o", "json").checked().json.array?
                .first?["reservation"]?["plan"]?.string == "web")
        let other = try await site.run("reserve", "10.188.0.9", "--for", "default/db-0", "--plan", "other")
        #expect(other.isProperFailure && other.status == 3)
        #expect(
            other.stderrText.hasPrefix("ipamctl: 10.188.0.9 is reserved for default/db-0 by plan web\n"),
            "\(other.stderrText)")
        // A plan may change its own.
        let moved = try await site.run("reserve", "10.188.0.9", "--for", "default/db-1", "--plan", "web").checked()
        #expect(moved.stdoutText == "10.188.0.9 reserved for default/db-1 (was for default/db-0)\n")
    }

    @Test func allConflictsAreShown_andNothingIsChanged() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.100-10.188.0.107", "--for", "default/deploy/x").checked()
        let entries = (100..<108).map { "{address: 10.188.0.\($0), for: default/db-\($0)}" }
        let path = try plan(entries + ["{address: 10.188.0.30, for: default/db-0}", "{address: 10.188.0.9}"])
        let before = try await site.dump()
        let lines =
            (100..<108).map { "10.188.0.\($0) conflict: is reserved for default/deploy/x" }
            + ["10.188.0.30 conflict: is in use by default/kv-0 on n1"]
        let message =
            "ipamctl: 9 of 10 addresses are in conflict; nothing was changed\nhint: see 'ipamctl show 10.188.0.100'\n"
        let output = try await site.run("reserve", "-f", path, "--yes")
        #expect(output.status == 3 && output.lines == lines, "\(output.stdoutText)")
        #expect(output.stderrText == message)
        let dry = try await site.run("reserve", "-f", path, "--dry-run")
        let all = ["10.188.0.9 reserved for any pod that requests it"] + lines
        #expect(dry.status == 3 && dry.lines == all.map { $0 + " (dry run)" }, "\(dry.stdoutText)")
        let json = try await site.run("reserve", "-f", path, "-o", "json")
        #expect(json.status == 3 && json.stderrText == message)
        #expect(try json.json.array?.count == 9)
        #expect(try json.json.array?.last?["action"]?.string == "conflict")
        #expect(try json.json.array?.last?["problem"]?.string == "is in use by default/kv-0 on n1")
        let csv = try await site.run("reserve", "-f", path, "-o", "csv")
        #expect(csv.lines.first == "NETWORK,ADDRESS,ACTION,PROBLEM,RESERVED FOR,EXPIRES,PLAN,NOTE")
        #expect(csv.lines.last == "k8s,10.188.0.30,conflict,is in use by default/kv-0 on n1,,,,")
        let names = try await site.run("reserve", "-f", path, "--dry-run", "-o", "name")
        #expect(names.status == 3 && names.stdoutText == "10.188.0.9\n")
        // On the command line, up to five are in the message.
        let few = try await site.run("reserve", "10.188.0.105-10.188.0.109")
        #expect(few.isProperFailure && few.status == 3)
        #expect(few.stderrText.hasPrefix("ipamctl: 3 of 5 addresses are in conflict: 10.188.0.105 is reserved for "))
        let many = try await site.run("reserve", "10.188.0.100-10.188.0.109")
        #expect(many.status == 3 && many.lines == Array(lines.prefix(8)), "\(many.stdoutText)")
        #expect(try await site.dump() == before)
    }

    @Test func theTerminalShowsThePlanBeforeItAsks() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "-f", try plan(Self.first)).checked()
        let path = try plan(Self.second)
        let before = try await site.dump()
        let command = try site.command(["reserve", "-f", path, "--prune"])
        let question = "Plan web in network k8s: reserve 1 address"
        let run = try await runOnScreen(
            command.program, command.arguments, environment: site.environment(), size: (80, 24),
            steps: [.wait(question), .type("n\r"), .end])
        #expect(run.status == 1)
        #expect(
            run.screen.prefix(7) == [
                "= 1 address kept as reserved already", "- 10.188.0.11 for default/sts/db",
                "- 10.188.0.30 for default/sts/kv, still used by default/kv-0 on n1",
                "~ 10.188.0.9 for default/db-0, note \"new\"", "+ 10.188.0.12 for default/db-2",
                "Plan web in network k8s: reserve 1 address, update 1 reservation, drop 2 reserva",
                "tions? [y/N] n",
            ], "\(run.text)")
        #expect(run.screen.contains("ipamctl: nothing was changed"))
        #expect(try await site.dump() == before)
        // An empty plan drops all, and asks.
        let none = try plan([])
        let refused = try await site.run("reserve", "-f", none)
        #expect(refused.isProperFailure && refused.status == 64 && refused.stderrText.contains("with --prune"))
        let drop = try site.command(["reserve", "-f", none, "--prune"])
        let dropped = try await runOnScreen(
            drop.program, drop.arguments, environment: site.environment(), size: (80, 24),
            steps: [.wait("Plan web in network k8s: drop 4 reservations\\?"), .type("y\r"), .end])
        #expect(dropped.status == 0, "\(dropped.text)")
        #expect(dropped.screen.contains("10.188.0.9 no longer reserved for default/db-0"), "\(dropped.text)")
        #expect(dropped.screen.allSatisfy { $0.count <= 80 })
        #expect(try await site.held().contains { $0.hasPrefix("reservations/") } == false)
        #expect(try await site.held().contains("used/10.188.0.30"))
        // Nothing is left to ask.
        let again = try await runOnScreen(
            drop.program, drop.arguments, environment: site.environment(), size: (80, 24), steps: [.end])
        #expect(again.screen == ["nothing to do: plan web has no reservations in network k8s"], "\(again.text)")
    }

    @Test func theNameIsThatOfTheFileOrOfTheOption() async throws {
        let site = try await site()
        let path = try plan(Self.first)
        let table = try folder.write("address,for\n10.188.0.40,default/x\n", to: "plan.csv").path
        let before = try await site.dump()
        for (arguments, message) in [
            (["-f", path, "--plan", "other"], "--plan other: \(path) is the plan web\nhint: omit --plan"),
            (
                ["-f", table, "--prune"],
                "--prune needs the name of the plan, and \(table) has none\nhint: add --plan NAME"
            ),
            (
                ["10.188.0.9", "--prune", "--plan", "web"],
                "--prune goes with -f PLAN\nhint: see 'ipamctl reserve --help'"
            ),
            (["10.188.0.9", "--plan", "a b"], "--plan: \"a b\" is not the name of a plan"),
        ] {
            let output = try await site.run(["reserve"] + arguments)
            #expect(output.isProperFailure && output.status == 64, "\(output.stderrText)")
            #expect(output.stderrText.hasPrefix("ipamctl: \(message)"), "\(output.stderrText)")
        }
        #expect(try await site.dump() == before)
        _ = try await site.run("reserve", "-f", table, "--plan", "web").checked()
        let empty = try folder.write("address,for\n", to: "empty.csv").path
        let dropped = try await site.run("reserve", "-f", empty, "--plan", "web", "--prune").checked()
        #expect(dropped.stdoutText == "10.188.0.40 no longer reserved for default/x\n")
    }

    /// What is new and what is dropped count together.
    @Test func aLargePlanNeedsBatch() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", subnets: ["10.188.0.0/18"])
        _ = try await site.run("reserve", "10.188.8.0/22", "--plan", "web").checked()
        let path = try plan(["{address: 10.188.16.0-10.188.16.9}"])
        let refused = try await site.run("reserve", "-f", path, "--prune")
        #expect(refused.isProperFailure && refused.status == 64)
        #expect(
            refused.stderrText.contains("1034 addresses are more than one transaction takes (1024)\nhint: --batch"),
            "\(refused.stderrText)")
        let done = try await site.run("reserve", "-f", path, "--prune", "--batch").checked()
        #expect(done.lines.count == 1034)
        #expect(try await site.held().count { $0.hasPrefix("reservations/") } == 10)
    }

    @Test func plansAreCompletedAndUsedInTheShell() async throws {
        let site = try await site()
        let path = try plan(Self.first)
        let script = "reserve -f \(path)\nreserve -f \(path) --prune -o name\n"
        let output = try await site.run("shell", stdin: script).checked()
        #expect(
            output.lines.suffix(4) == ["10.188.0.9", "10.188.0.10", "10.188.0.11", "10.188.0.30"],
            "\(output.stdoutText)")
        let completed = try await site.run("__complete", "reserve", "--plan", "").checked()
        #expect(completed.lines.first == "web\t4 reservations", "\(completed.stdoutText)")
    }
}
