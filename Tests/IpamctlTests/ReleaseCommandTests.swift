import TestSupport
import Testing

@Suite(.needs(.etcd, .root)) struct ReleaseCommandTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c0123456789abcdef", "default/db-0", node: "n1", ip: "10.188.0.9")
        try await site.add("c1123456789abcdef", "default/db-1", node: "n2", ip: "10.188.0.10")
        _ = try await site.run("reserve", "10.188.0.9", "10.188.0.20", "--for", "default/db-0").checked()
        return site
    }

    private func names(_ site: AdminSite) async throws -> Set<String> {
        Set(try await site.run("list", "-o", "name").checked().lines)
    }

    @Test func whatIsReleasedIsTold() async throws {
        let site = try await site()
        let output = try await site.run("release", "10.188.0.9", "10.188.0.20").checked()
        #expect(
            output.stdoutText == """
                10.188.0.9 no longer reserved for default/db-0, still used by default/db-0 on n1
                10.188.0.20 no longer reserved for default/db-0

                """)
        let forced = try await site.run("release", "10.188.0.9", "--force").checked()
        #expect(
            forced.stdoutText == """
                10.188.0.9 freed (was used by default/db-0 on n1)
                fd00:188::2 freed (was used by default/db-0 on n1)

                """, "an attachment is freed whole")
        #expect(try await names(site) == ["10.188.0.10", "fd00:188::3"])
    }

    /// What cannot be understood is shown as such, hides nothing else, and can be released.
    @Test func damagedValuesCanBeSeenAndReleased() async throws {
        let site = try await site()
        let network = "/etcd-cni/networks/k8s/"
        try await site.put([
            (network + "reservations/10.188.0.20", "{\"for\":5}"),
            (network + "attachments/c1123456789abcdef/eth0", "junk"),
        ])
        let list = try await site.run("list").checked()
        #expect(list.stdoutText.contains("10.188.0.20") && list.stdoutText.contains("(unreadable)"))
        #expect(list.stdoutText.contains("container c11234567"))
        #expect(list.stderrText.contains("warning: the value of \(network)reservations/10.188.0.20 cannot be used"))
        #expect(try await site.run("networks").status == 0)
        _ = try await site.run("release", "10.188.0.20").checked()
        _ = try await site.run("release", "10.188.0.10", "--force").checked()
        #expect(try await !site.held().contains("10.188.0.20"))
    }

    @Test(arguments: [
        ["--pod", "default/db-0"], ["--node", "n1"], ["--container", "c0123456789abcdef"],
        ["--container", "c01234567890".dropLast(1) + "9"],
        ["10.188.0.9"], ["fd00:188::2"],
    ]) func addressesAreChosenInEveryForm(selection: [String]) async throws {
        let site = try await site()
        let output = try await site.run(["release", "--force"] + selection)
        guard selection != ["--container", "c01234567899"] else {
            #expect(output.isProperFailure && output.status == 4)
            return
        }
        let left = try await names(site)
        #expect(output.status == 0 && !left.contains("fd00:188::2"), "\(output.stderrText)")
        #expect(left.isSuperset(of: ["10.188.0.10", "fd00:188::3"]))
        #expect(left.contains("10.188.0.20") == (selection != ["--pod", "default/db-0"]), "\(left)")
    }

    /// `--pod`, `--namespace` and `--node` apply together: to one holder, or to one reservation.
    @Test func holdersAreSelectedByAllOfTheirOptions() async throws {
        let site = try await site()
        _ = try await site.run("reserve", "10.188.0.30", "--for", "other/").checked()
        let neither = try await site.run("release", "--pod", "default/db-0", "--node", "n2", "--force")
        #expect(neither.isProperFailure && neither.status == 4, "\(neither.stderrText)")
        _ = try await site.run("release", "--namespace", "default", "--node", "n2", "--force").checked()
        #expect(try await names(site) == ["10.188.0.9", "10.188.0.20", "10.188.0.30", "fd00:188::2"])
        _ = try await site.run("release", "--namespace", "default", "--force").checked()
        #expect(try await names(site) == ["10.188.0.30"])
    }

    /// An address that is reserved for a pod, and used by another one, is not taken from that one.
    @Test func forceWithAPodFreesOnlyWhatThatPodUses() async throws {
        let site = try await site()
        try await site.put([("/etcd-cni/networks/k8s/used/10.188.0.20", "intruder")])
        let output = try await site.run("release", "--pod", "default/db-0", "--force").checked()
        #expect(
            output.stdoutText.contains(
                "10.188.0.20 no longer reserved for default/db-0, still used by container intruder"),
            "\(output.stdoutText)")
        #expect(try await site.held().contains("used/10.188.0.20"))
        #expect(try await !site.held().contains("reservations/10.188.0.20"))
    }

    @Test func containersAreNamedByTheTwelveCharactersThatTheListShows() async throws {
        let site = try await site()
        let short = try await site.run("release", "--force", "--container", "c01234567")
        #expect(short.isProperFailure && short.status == 4)
        _ = try await site.run("release", "--force", "--container", "c0123456789a").checked()
        // 10.188.0.9 stays reserved: only --pod and addresses drop reservations.
        #expect(try await names(site) == ["10.188.0.9", "10.188.0.10", "10.188.0.20", "fd00:188::3"])
    }

    @Test func ofARangeTheHeldOnesAreReleased() async throws {
        let site = try await site()
        let refused = try await site.run("release", "10.188.0.0/24")
        #expect(refused.isProperFailure && refused.status == 3, "10.188.0.10 is only used")
        _ = try await site.run("release", "10.188.0.16-10.188.0.255").checked()
        _ = try await site.run("release", "10.188.0.0/24", "--force").checked()
        #expect(try await names(site).isEmpty)
        #expect(try await site.held().isEmpty)
    }

    @Test func onATerminalItAsks() async throws {
        let site = try await site()
        for (arguments, question) in [
            (["release", "10.188.0.20"], "Release 10.188.0.20 of network k8s? [y/N] "),
            (["release", "--pod", "default/db-0", "--force"], ", 2 of them in use? [y/N] "),
            (
                ["reserve", "10.188.0.30", "--for", "default/db-0"],
                "Reserve 10.188.0.30 of network k8s for default/db-0? [y/N] "
            ),
        ] {
            let before = try await site.dump()
            for answer in ["n\n", "\n", "yess\n", ""] {
                let output = try await site.runOnTerminal(arguments, answer: answer)
                #expect(output.status == 1 && output.stdoutText.contains(question), "\(output.stdoutText)")
                #expect(output.stdoutText.contains("\nipamctl: nothing was changed"), "\(output.stdoutText)")
            }
            #expect(try await site.dump() == before)
            let done = try await site.runOnTerminal(arguments, answer: arguments[0] == "reserve" ? "yes\n" : "y\n")
            #expect(done.status == 0 && done.stdoutText.contains("10.188.0."), "\(done.stdoutText)")
            #expect(try await site.dump() != before)
        }
        // --yes, --dry-run, and nothing to be changed: no question.
        for arguments in [
            ["reserve", "10.188.0.40", "-y"], ["reserve", "10.188.0.41", "--dry-run"], ["reserve", "10.188.0.40"],
        ] {
            let output = try await site.runOnTerminal(arguments, answer: "n\n")
            #expect(output.status == 0 && !output.stdoutText.contains("[y/N]"), "\(output.stdoutText)")
        }
    }
}
