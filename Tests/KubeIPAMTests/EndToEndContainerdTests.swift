import Foundation
import IPAMKit
import TestSupport
import Testing

/// kube-ipam end to end: Debian's containerd and runc, whose containers ctr attaches to a network.
@Suite(
    .needs(.etcd, .root),
    .enabled(
        if: PrivateMachine.obstacle == nil,
        "this machine cannot run containers within the tests: \(PrivateMachine.obstacle ?? "")"))
struct EndToEndContainerdTests {
    private func host(_ ipam: JSONObject = ["subnet": "10.188.0.0/24"]) async throws -> ContainerHost {
        try await ContainerHost(PluginNetwork(ipam))
    }

    @Test func containersHaveTheirOwnAddressesAndReachEachOther() async throws {
        let host = try await host()
        let first = try await host.start("web")
        let second = try await host.start("db")
        #expect(try await host.network.used() == ["10.188.0.2": "default-web", "10.188.0.3": "default-db"])
        let attachments = try await host.network.attachments()
        #expect(attachments.keys.sorted() == ["default-db/eth0", "default-web/eth0"])
        for (container, other) in [(first, second), (second, first)] {
            let attachment = attachments["\(container.cniID)/eth0"]
            #expect(attachment?["netns"] == .string("/proc/\(container.process)/ns/net"))
            let address = try #require(attachment?["addresses"]?.array?.first?.string)
            #expect(try await host.addresses(in: container.name) == ["\(address)/24"])
            let ping = try await host.containerd.execute(other.name, ["ping", "-c", "1", "-w", "30", address])
            #expect(ping.status == 0, "\(ping.stdoutText)\(ping.stderrText)")
        }
    }

    @Test func endOfAContainerFreesItsAddress() async throws {
        let host = try await host()
        // One ends by itself, the other one is killed.
        let brief = try await host.containerd.run("brief", ContainerHost.showAddresses)
        #expect(ContainerHost.addresses(try brief.checked().stdoutText) == ["10.188.0.2/24"])
        #expect(try await host.network.used().isEmpty)
        let lasting = try await host.start("lasting")
        #expect(try await host.network.used() == ["10.188.0.3": "default-lasting"])
        try await host.end(lasting)
        #expect(try await host.network.used().isEmpty)
        #expect(try await host.network.attachments().isEmpty)
        #expect(try await host.containerd.ctr(["container", "list", "--quiet"]).checked().stdoutText.isEmpty)
    }

    @Test func containersStartedAtOnceInTwoNamespacesShareNoAddress() async throws {
        let host = try await host()
        // Each of containerd's namespaces may have a container of one name.
        for space in ["left", "right"] { try await host.containerd.importImage(into: space) }
        let all = ["left", "right"].flatMap { space in ["c1", "c2", "c3"].map { (space, $0) } }
        let containers = try await inParallel(all.count, atATime: all.count) { index in
            try await host.start(all[index].1, in: all[index].0)
        }
        let used = try await host.network.used()
        #expect(used.values.sorted() == containers.map(\.cniID).sorted())
        for container in containers {
            let seen = try await host.addresses(in: container.name, of: container.space)
            #expect(seen == used.filter { $0.value == container.cniID }.map { "\($0.key)/24" })
        }
        try await host.end(containers[0])
        #expect(try await host.network.used() == used.filter { $0.value != containers[0].cniID })
    }

    @Test func reservedAddressIsNotGivenAndAFullPoolIsToldToTheUser() async throws {
        let host = try await host(["subnet": "10.188.0.0/24", "rangeEnd": "10.188.0.3"])
        try await host.network.reserve("10.188.0.2", for: "default/db-0", claim: "default/pod/db-0")
        let first = try await host.start("first")
        #expect(try await host.addresses(in: "first") == ["10.188.0.3/24"])
        let contents = try await host.network.contents()
        let refused = try await host.containerd.run("second", ContainerHost.showAddresses)
        #expect(refused.status == 1)
        #expect(
            refused.stderrText.contains("network \(host.network.name) has no free address"), "\(refused.stderrText)")
        #expect(try await host.network.contents() == contents)
        try await host.end(first)
        let third = try await host.containerd.run("third", ContainerHost.showAddresses)
        #expect(ContainerHost.addresses(try third.checked().stdoutText) == ["10.188.0.3/24"])
    }

    @Test func addressesOutliveAKilledRuntimeUntilTheirContainersAreGone() async throws {
        let host = try await host()
        try await host.containerd.runDetached("web", ["sleep", "86400"]).checked()
        let job = try await host.start("job")
        let web = try #require(try await host.containerd.processes()["web"])
        let used = ["10.188.0.2": "default-web", "10.188.0.3": "default-job"]

        // ctr first: it would still detach the container when it loses containerd.
        job.runtime.kill()
        _ = try await job.runtime.output()
        try host.containerd.kill()
        var answer = try await host.collectGarbage()
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await host.network.used() == used, "GC freed the address of a container that runs")

        try await host.strike(job.process)
        #expect(try await host.network.used() == used, "nobody called DEL")
        answer = try await host.collectGarbage()
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await host.network.used() == ["10.188.0.2": "default-web"])
        #expect(try await host.network.attachments().keys.sorted() == ["default-web/eth0"])

        try await host.containerd.start()
        #expect(try await host.containerd.processes() == ["web": web])
        #expect(try await host.addresses(in: "web") == ["10.188.0.2/24"])
        let next = try await host.start("next")
        #expect(try await host.addresses(in: "next") == ["10.188.0.4/24"])

        try await host.strike(web)
        for _ in 1...2 {
            answer = try await host.call("DEL", "bridge", container: "default-web")
            #expect(answer.isSilentSuccess, "\(answer)")
            #expect(try await host.network.used() == ["10.188.0.4": next.cniID])
        }
    }
    @Test func containerThatComesBackUnderItsNameHasItsAddressAgain() async throws {
        let host = try await host()
        let crashed = try await host.start("web")
        crashed.runtime.kill()
        _ = try await crashed.runtime.output()
        try await host.strike(crashed.process)
        for arguments in [["task", "delete"], ["container", "delete"]] {
            // ctr says with its status how the container ended.
            _ = try await host.containerd.ctr(arguments + ["web"])
        }
        let again = try await host.start("web")
        #expect(try await host.network.used() == ["10.188.0.2": "default-web"])
        #expect(try await host.addresses(in: "web") == ["10.188.0.2/24"])

        // The attachment still names the network namespace of the container that crashed.
        #expect(
            try await host.network.attachments()["default-web/eth0"]?["netns"]
                == .string("/proc/\(again.process)/ns/net"))
        let answer = try await host.collectGarbage()
        #expect(answer.isSilentSuccess, "\(answer)")
        #expect(try await host.network.used() == ["10.188.0.2": "default-web"], "GC freed a live address")
    }
}
