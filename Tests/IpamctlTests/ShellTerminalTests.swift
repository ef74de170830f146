import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl shell` on a terminal: what a person types, and what then stands on the screen.
@Suite(.needs(.etcd, .root)) struct ShellTerminalTests {
    private static let prompt = "k8s@127.0.0.1:\\d+> ?$"
    private static let greeting = "Ctrl-D leaves the shell"

    /// A command is typed when the prompt is there, so that the terminal does not show it twice.
    private static func atPrompt(_ step: ScreenStep) -> [ScreenStep] {
        guard case .type(let text) = step, text.count > 3, text.first?.isLetter == true || text.hasPrefix("\u{1B}")
        else { return [step] }
        return [.wait("> ?\\Z"), step]
    }

    /// Ctrl-D at a prompt. The terminal itself would take it before that.
    private static let leave: [ScreenStep] = [.wait("> ?\\Z"), .type("\u{4}"), .end]

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c0", "default/first")
        return site
    }

    private func run(
        _ site: AdminSite, options: [String] = [], environment: [String: String] = [:],
        size: (columns: Int, rows: Int) = (80, 24), _ steps: ScreenStep...
    ) async throws -> ScreenRun {
        let home = try TemporaryDirectory(prefix: "home")
        let command = try site.command(["shell"] + options)
        let isLeft = if case .end? = steps.last { true } else { false }
        return try await runOnScreen(
            command.program, command.arguments,
            environment: ["IPAMCTL_ENDPOINTS": site.server.clientURL, "HOME": home.path]
                .merging(environment) { _, given in given },
            size: size, steps: steps.flatMap(Self.atPrompt) + (isLeft ? [] : Self.leave))
    }

    @Test(arguments: [(80, 24), (200, 50), (40, 10)])
    func aPersonTypesCommandsAndLeavesWithCtrlD(columns: Int, rows: Int) async throws {
        let run = try await run(
            try await site(), size: (columns, rows), .wait(Self.prompt), .type("networks -o name\r"), .wait("^k8s$"),
            .type("list\r"),
            .wait("^10.188.0.2 +used|^k8s +10.188.0.2 +used"))
        #expect(run.status == 0 && run.text.replacing("\n", with: "").contains(Self.greeting))
    }

    @Test(arguments: [SIGTERM, SIGHUP])
    func aSignalThatEndsTheShellLeavesTheTerminalAsItWas(signal: Int32) async throws {
        let run = try await run(
            try await site(), .wait(Self.prompt), .type("netw"), .wait("netw$"), .signal(signal), .end)
        #expect(run.status == 128 + signal && run.isCooked)
    }

    @Test func theLineIsDrawnAgainAfterCtrlZ() async throws {
        let run = try await run(
            try await site(), .wait(Self.prompt), .type("networks -o na"), .wait("-o na$"), .signal(SIGSTOP), .cook,
            .signal(SIGCONT), .type("m\t"), .wait("-o name ?\\Z"), .type("\r"), .wait("^k8s$"))
        #expect(run.status == 0)
    }

    /// The same without a terminal that can be edited on.
    @Test func aDumbTerminalWorksToo() async throws {
        let run = try await run(
            try await site(), environment: ["TERM": "dumb"], .wait(Self.prompt), .type("networks -o name\r"),
            .wait("^k8s$"), .type("exit\r"), .end)
        #expect(run.status == 0 && !run.raw.contains("\u{1B}"))
    }

    @Test func anErrorIsShownAndTheShellGoesOn() async throws {
        let run = try await run(
            try await site(), .wait(Self.prompt), .type("shwo 10.188.0.9\r"),
            .wait("hint: did you mean 'show'\\?"),
            .type("show 10.9.9.9\r"), .wait("lies in no subnet"), .type("list && x\r"), .wait("&& is not supported"),
            .type("networks -o name\r"), .wait("^k8s$"), .type("exit\r"), .end)
        #expect(run.status == 0)
    }

    @Test func theLineCanBeEditedAndFoundAgain() async throws {
        let run = try await run(
            try await site(), .wait(Self.prompt),
            // Home, a word before the others, End, a character less.
            .type("-o namex\u{1}list \u{5}\u{7F}\r"), .wait("^10.188.0.2$"),
            .type("networks -o name\r"), .wait("^k8s$"), .type("\u{1B}[A\u{1B}[A"),
            .wait("> list -o name\\Z"), .type("\u{3}"), .wait("\n\(Self.prompt)"), .type("\u{12}netw"),
            .wait("bck:netw\\Z"), .type("\r"), .wait("^k8s$[^$]*^k8s$"))
        #expect(run.status == 0)
    }

    @Test func historyLastsAndHasNoPasswords() async throws {
        let site = try await site()
        let state = try TemporaryDirectory(prefix: "state")
        let environment = ["XDG_STATE_HOME": state.path]
        _ = try await run(
            site, environment: environment, .wait(Self.prompt), .type("networks -o name\r"), .wait("^k8s$"),
            .type("list --user root:secret -o name\r"), .wait("secret -o name\n10.188.0.2$"))
        let file = state.file("ipamctl/history")
        #expect(try String(contentsOf: file, encoding: .utf8) == "networks -o name\n")
        let mode = try FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let run = try await run(
            site, environment: environment, .wait(Self.prompt), .type("\u{1B}[A"), .wait("> networks -o name$"),
            .type("\r"), .wait("^k8s$"))
        #expect(run.status == 0)
    }

    @Test func keyBindingsOfEditrcAreRespected() async throws {
        let home = try TemporaryDirectory(prefix: "home")
        try "ipamctl:bind -s ^X \"networks -o name\"\n".write(
            to: home.file(".editrc"), atomically: true, encoding: .utf8)
        let run = try await run(
            try await site(), environment: ["HOME": home.path], .wait(Self.prompt), .type("\u{18}\r"), .wait("^k8s$"))
        #expect(run.status == 0)
    }

    @Test func ctrlCDropsTheLine() async throws {
        let run = try await run(
            try await site(), .wait(Self.prompt), .type("reserve 10.188.0.9 --yes"), .wait("--yes$"),
            .type("\u{3}"), .wait("--yes(\\^C)?\n\(Self.prompt)"), .type("list -o name\r"), .wait("^10.188.0.2$"))
        #expect(run.status == 0 && !run.text.contains("10.188.0.9 reserved"))
    }

    @Test func ctrlCCancelsTheCommandAndNotTheShell() async throws {
        let site = try await site()
        let run = try await run(
            site, .wait(Self.prompt), .type("watch\r"), .wait("^TIME "), .type("\u{3}"),
            .wait("\\^C\n\(Self.prompt)"), .type("networks -o name\r"), .wait("^k8s$"))
        #expect(run.status == 0)
    }

    /// Ctrl-C at a question changes nothing, and the shell goes on, and ends well.
    @Test func ctrlCAtAQuestionIsANo() async throws {
        let site = try await site()
        let run = try await run(
            site, .wait(Self.prompt), .type("reserve 10.188.0.8\r"), .wait("\\[y/N\\]"), .type("y\r"),
            .wait("10.188.0.8 reserved"), .type("reserve 10.188.0.9\r"), .wait("10.188.0.9.*\\?(.|\n)*\\[y/N\\]"),
            .type("\u{3}"), .wait("nothing was changed"), .type("networks -o name\r"), .wait("^k8s$"))
        #expect(run.status == 0)
        #expect(try await site.held().filter { $0.hasPrefix("reservations/") } == ["reservations/10.188.0.8"])
    }

    @Test func ctrlCCancelsACountdown() async throws {
        let site = try await site()
        let kubernetes = try await KubernetesServer.start()
        try kubernetes.put(node: "n1")
        try await site.add("seen", "default/seen-0", node: "n1", ip: "10.188.0.30", cluster: "c1")
        let kubeconfig = try kubernetes.kubeconfig()
        try site.files.write(
            AdminSite.cniFile(etcd: site.server.clientURL).replacing(
                "\"ipam\":{", with: "\"ipam\":{\"kubeConfig\":\"\(kubeconfig)\",\"cluster\":\"c1\","), to: "10-k8s.conf"
        )
        let run = try await run(
            site, environment: ["IPAMCTL_ENDPOINTS": ""], .wait(Self.prompt),
            .type("audit --repair --yes --grace 1h\r"), .wait("checking again in 3\\d\\d\\d s"), .type("\u{3}"),
            .wait("ipamctl: interrupted"), .type("networks -o name\r"), .wait("^k8s$"))
        #expect(run.status == 0)
    }

    @Test func aLostEtcdIsAMessageAndTheNextCommandConnectsAgain() async throws {
        let site = try await site()
        let relay = try await TCPRelay(to: site.server.port)
        let folder = try TemporaryDirectory(prefix: "signs")
        func path(_ name: String) -> String { folder.file(name).path }
        async let shell = run(
            site, options: ["--timeout", "2s"], environment: ["IPAMCTL_ENDPOINTS": relay.url], .wait(Self.prompt),
            .type("networks -o name > \(path("answered"))\r"), .waitForFile(path("cut")), .type("list -o name\r"),
            .wait("^ipamctl: .*(.|\n)*\\[unreachable\\]> ?$"), .type("set > \(path("failed"))\r"),
            .waitForFile(path("mended")), .type("list -o name\r"), .wait("^10.188.0.2$"))
        for (sign, step, done) in [
            ("answered", { try await relay.cut() }, "cut"), ("failed", { try await relay.mend() }, "mended"),
        ] as [(String, () async throws -> Void, String)] {
            // If the shell does not come to this, its run says what stands on the screen.
            let deadline = ContinuousClock.now + .seconds(60)
            while !FileManager.default.fileExists(atPath: path(sign)), .now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
            try await step()
            try Data().write(to: folder.file(done))
        }
        #expect(try await shell.status == 0)
    }

    @Test func thePromptOfAChosenNetworkSaysThatEtcdIsUnreachable() async throws {
        let run = try await run(
            try await site(), options: ["-n", "k8s"], environment: ["IPAMCTL_ENDPOINTS": "http://127.0.0.1:1"],
            .wait("k8s@127.0.0.1:1\\[unreachable\\]> ?\\Z"))
        #expect(run.status == 0)
    }

    @Test func thePromptShowsTheNetworkAndAHold() async throws {
        let site = try await site()
        try await site.add("c1", "default/other", network: "other", subnets: ["10.9.0.0/24"])
        let run = try await run(
            site, .wait("^\\*@127.0.0.1:\\d+> ?$"), .type("use k8s\r"), .wait(Self.prompt),
            .type("hold k8s --reason moving --yes\r"), .wait("k8s@127.0.0.1:\\d+\\[on hold\\]> ?$"),
            .type("unhold --yes\r"), .wait("no longer on hold(.|\n)*\(Self.prompt)"), .type("use nothing\r"),
            .wait("network nothing is neither in the store nor"), .type("use --none\r"),
            .wait("\\*@127.0.0.1:\\d+> ?$"))
        #expect(run.status == 0)
    }

    @Test func aLongResultIsShownPageByPage() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory(prefix: "pager")
        let pager = folder.file("out")
        let run = try await run(
            site, environment: ["PAGER": "cat > '\(pager.path)'"], size: (80, 10), .wait(Self.prompt),
            .type("list -o name\r"), .wait("^10.188.0.2$"), .type("help; networks -o name\r"), .wait("^k8s$"))
        #expect(run.status == 0)
        #expect(try String(contentsOf: pager, encoding: .utf8).contains("Only in the shell:"))
    }

    @Test func wideCharactersAndResizesKeepTheLineWhole() async throws {
        let site = try await site()
        let run = try await run(
            site, size: (60, 20), .wait(Self.prompt), .type("reserve 10.188.0.9 --yes --note '数据库 größe"),
            .wait("größe$"), .resize(columns: 100, rows: 20), .type("' -o name\r"), .wait("^10.188.0.9$"),
            .type("show 10.188.0.9\r"), .wait("Note: +数据库 größe$"))
        #expect(run.status == 0)
    }

    // MARK: Tab

    @Test func tabCompletesCommandsAddressesAndOptions() async throws {
        let run = try await run(
            try await site(), .wait(Self.prompt), .type("netw\t"), .wait("> networks ?\\Z"), .type("-o na\t\r"),
            .wait("^k8s$"), .type("show 10\t"), .wait("> show 10.188.0.2 ?\\Z"), .type("\r"), .wait("^State: +used$"),
            .type("show fd\t"), .wait("> show fd00:188::2 ?\\Z"), .type("\r"), .wait("^Address: +fd00"),
            .type("list --pod 'default/f\t"), .wait("'default/first' ?\\Z"), .type("\r"),
            .wait("default/first' *\nNETWORK"),
            .type("list --no\t"), .wait("list --no(\n.*)*--node"), .type("d\t"), .wait("> list --node ?\\Z"),
            .type("\u{3}"))
        #expect(run.status == 0)
    }

    @Test func tabOffersTheShellsOwnCommandsNetworksAndFiles() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory(prefix: "plans")
        try Data().write(to: folder.file("my plan.csv"))
        let run = try await run(
            site, size: (120, 24), .wait(Self.prompt), .type("u\t"), .wait("^unhold .*\n^use NETWORK|^unhold|^use"),
            .type("se\t"),
            .wait("> use ?\\Z"), .type("\t"), .wait("> use k8s ?\\Z"), .type("\r"), .type("set -o j\t\r"),
            .type("set\r"), .wait("^output json$"), .type("reserve --dry-run -f \(folder.path)/m\t"),
            .wait("my\\\\ plan.csv ?\\Z"), .type("\r"), .wait("^ipamctl: .*my plan.csv"))
        #expect(run.status == 0)
    }

    /// Keys that follow Tab go to the shell, and not to a pager.
    @Test func aLongListOfTabLeavesTheKeysToTheShell() async throws {
        let site = try await site()
        let run = try await run(
            site, environment: ["PAGER": "cat >/dev/null; echo PAGED"], size: (60, 7), .wait(Self.prompt),
            .type("list --\t"),
            .wait("\\.\\.\\. and \\d+ more"), .type("\u{7F}-pod default/first -o name\r"), .wait("^10.188.0.2$"))
        #expect(run.status == 0 && !run.text.contains("PAGED"))
    }

    @Test func aPagerThatDoesNotExistLosesNothing() async throws {
        let site = try await site()
        let run = try await run(
            site, environment: ["PAGER": "nosuchpager"], size: (80, 5), .wait(Self.prompt), .type("help\r"),
            .wait("Only in the shell:"))
        #expect(run.status == 0)
    }

    @Test func tabWorksWithTheKeysOfVi() async throws {
        let home = try TemporaryDirectory(prefix: "home")
        try "bind -v\n".write(to: home.file(".editrc"), atomically: true, encoding: .utf8)
        let run = try await run(
            try await site(), environment: ["HOME": home.path], .wait(Self.prompt), .type("netw\t"),
            .wait("> networks ?\\Z"), .type("-o name\r"), .wait("^k8s$"))
        #expect(run.status == 0)
    }

    @Test func aNameCannotEndItsQuotes() async throws {
        let folder = try TemporaryDirectory(prefix: "plans")
        try Data().write(to: folder.file("a'; version #"))
        let run = try await run(
            try await site(), size: (160, 24), .wait(Self.prompt), .type("reserve --dry-run -f '\(folder.path)/a\t\r"),
            .wait("^ipamctl: .*a'; version #"))
        #expect(run.status == 0 && !run.text.contains("ipamctl 0.3.0\n"))
    }

    /// An answer is what was typed after the question.
    @Test func whatWasTypedAheadIsNoAnswer() async throws {
        let site = try await site()
        let run = try await run(
            site, .wait(Self.prompt), .type("reserve 10.188.0.9\ry\r"), .wait("\\[y/N\\]"), .type("\r"),
            .wait("nothing was changed|10.188.0.9 reserved"))
        #expect(run.status == 0)
        #expect(try await site.held().contains { $0.hasPrefix("reservations/") } == false)
    }

    /// Tab says nothing if etcd does not answer, and the prompt is there again.
    @Test func tabWithoutEtcdIsSilent() async throws {
        let run = try await run(
            try await site(), environment: ["IPAMCTL_ENDPOINTS": "http://127.0.0.1:1"], .wait("unreachable\\]> ?\\Z"),
            .type("show 10\t\t9\t"), .wait("> show 109\\Z"), .type("\u{3}"), .type("help use\r"), .wait("^use NETWORK$")
        )
        #expect(run.status == 0 && !run.text.contains("ipamctl:"))
    }
}
