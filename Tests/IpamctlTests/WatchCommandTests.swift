import Foundation
import IPAMKit
import Store
import TestSupport
import Testing

/// `ipamctl watch` as a process of its own.
@Suite(.needs(.etcd, .root)) struct WatchCommandTests {
    /// A watch that runs; what it prints goes to files.
    private final class Watch: Sendable {
        private let process: SpawnedProcess
        private let folder: TemporaryDirectory

        init(_ site: AdminSite, _ arguments: [String], endpoints: String? = nil) async throws {
            folder = try TemporaryDirectory(prefix: "watch")
            let command = try site.command(["watch", "-v"] + arguments)
            let script = #"out=$1 err=$2; shift 2; exec "$@" >"$out" 2>"$err""#
            process = try SpawnedProcess(
                "sh",
                ["-c", script, "sh", folder.file("out").path, folder.file("err").path, command.program]
                    + command.arguments,
                environment: site.environment(endpoints.map { ["ETCDCTL_ENDPOINTS": $0] }))
            try await waitFor("the watch to begin") { $0.stderr.contains("watching ") }
        }

        var stdout: String { (try? String(contentsOf: folder.file("out"), encoding: .utf8)) ?? "" }
        var stderr: String { (try? String(contentsOf: folder.file("err"), encoding: .utf8)) ?? "" }
        var lines: [String] { stdout.split(separator: "\n").map(String.init) }

        var events: [JSONValue] {
            get throws { try lines.map { try JSONValue(parsing: $0) } }
        }

        func waitFor(
            _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ condition: (Watch) throws -> Bool
        ) async throws {
            let deadline = ContinuousClock.now + .seconds(60)
            while try !condition(self), ContinuousClock.now < deadline, !process.hasEnded {
                try await Task.sleep(for: .milliseconds(10))
            }
            try #require(try condition(self), "\(what): \(stdout) \(stderr)", sourceLocation: sourceLocation)
        }

        func end(by signal: Int32) async throws -> ProcessOutput {
            process.kill(signal)
            return try await process.output()
        }
    }

    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c0", "default/first")
        return site
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func linesAppearAsItRunsAndASignalEndsIt(signal: Int32) async throws {
        let site = try await site()
        let watch = try await Watch(site, ["-o", "json"])
        #expect(watch.stderr.contains("watching all networks from revision "))
        let given = try await site.add("c1", "default/db-0")
        try await watch.waitFor("what was given") { $0.lines.count == 2 }
        for (event, address) in zip(try watch.events, given) {
            #expect(event["event"] == "given" && event["network"] == "k8s")
            #expect(event["address"]?.string == address.description)
            #expect(event["attachment"]?["pod"] == "db-0" && event["attachment"]?["node"] == "n1")
            #expect(event["time"]?.string.flatMap(Timestamp.init) != nil && (event["revision"]?.int ?? 0) > 0)
        }
        try await site.run("reserve", "10.188.0.216", "--for", "default/db-1", "--note", "x").checked()
        try await watch.waitFor("the reservation") { $0.lines.count == 3 }
        #expect(try watch.events[2]["reservation"]?["for"] == "default/db-1")
        let ended = try await watch.end(by: signal)
        #expect(ended.signal == signal)
    }

    @Test func everyFormatIsReadableLineByLine() async throws {
        let site = try await site()
        let formats = ["table", "wide", "csv", "yaml", "name"]
        var watches: [String: Watch] = [:]
        for format in formats { watches[format] = try await Watch(site, ["-o", format, "-n", "k8s"]) }
        try await site.add("c1", "default/db-0")
        try await site.run("release", "--yes", "--force", "10.188.0.3").checked()
        func lines(_ format: String, _ count: Int) async throws -> [String] {
            let watch = try #require(watches[format])
            try await watch.waitFor("\(format)") { $0.lines.count >= count }
            let lines = watch.lines
            _ = try await watch.end(by: SIGINT)
            return lines
        }
        let table = try await lines("table", 5)
        #expect(table.count == 5)
        #expect(table[0].split(separator: " ") == ["TIME", "NETWORK", "EVENT", "ADDRESS", "WHO"])
        #expect(
            table[1].split(separator: " ").dropFirst() == ["k8s", "given", "10.188.0.3", "default/db-0", "on", "n1"])
        #expect(table[3].contains("freed") && table[3].contains("default/db-0 on n1 (freed by "))
        #expect(table[1].range(of: "given")?.lowerBound == table[0].range(of: "EVENT")?.lowerBound)
        #expect(try await lines("wide", 5)[1].contains("c1"))
        let csv = try await lines("csv", 5)
        #expect(csv[0].hasPrefix("TIME,NETWORK,EVENT,ADDRESS,WHO,FROM,HOW,NODE,CONTAINER"))
        #expect(csv.allSatisfy { $0.split(separator: ",", omittingEmptySubsequences: false).count == 13 })
        #expect(try await lines("name", 4) == ["10.188.0.3", "fd00:188::3", "10.188.0.3", "fd00:188::3"])
        let yaml = try #require(watches["yaml"])
        try await yaml.waitFor("yaml") { $0.stdout.components(separatedBy: "---\n").count == 5 }
        #expect(
            yaml.lines.filter { $0.hasPrefix("event: ") } == [
                #"event: "given""#, #"event: "given""#, #"event: "freed""#, #"event: "freed""#,
            ])
    }

    @Test func filtersLeaveOutWhatDoesNotConcernThem() async throws {
        let site = try await site()
        var watches: [Watch] = []
        for filter in [["--pod", "default/db-0"], ["--namespace", "kube-system"], ["--node", "n2"]] {
            watches.append(try await Watch(site, ["-o", "json"] + filter))
        }
        let all = try await Watch(site, ["-o", "name"])
        try await site.add("c1", "default/db-0", subnets: ["10.188.0.0/22"])
        try await site.add("c2", "kube-system/dns", subnets: ["10.188.0.0/22"])
        try await site.add("c3", "default/web", node: "n2", subnets: ["10.188.0.0/22"])
        try await all.waitFor("all") { $0.lines.count == 3 }
        for (watch, pod) in zip(watches, ["db-0", "dns", "web"]) {
            try await watch.waitFor("\(pod)") { !$0.lines.isEmpty }
            #expect(try watch.events.map { $0["attachment"]?["pod"]?.string } == [pod])
        }
    }

    @Test func whenNobodyReadsItEnds() async throws {
        let site = try await site()
        let command = try site.command(["watch", "-o", "name"])
        // The reader goes at once: nothing ever happens.
        let output = try await runProcess(
            "bash", ["-c", #"set -o pipefail; "$@" | true"#, "bash", command.program] + command.arguments,
            environment: site.environment(), timeout: .seconds(30))
        #expect(output.status == 0, "\(output.stderrText)")
    }

    @Test func itBeginsAfterARevisionAndSaysWhatIsNotKept() async throws {
        let site = try await site()
        let added = try await site.add("c1", "default/db-0")
        let records = try await site.dump()
        let last = try #require(records.compactMap { Int($0.split(separator: " ")[1]) }.max())
        let watch = try await Watch(site, ["-o", "json", "--since-revision", "\(last - 1)"])
        try await watch.waitFor("the last ADD") { $0.lines.count == 2 }
        #expect(try watch.events.map { $0["address"]?.string } == added.map(\.description))
        try await site.server.etcdctl(["compact", "\(last - 1)"])
        let late = try await Watch(site, ["-o", "json", "--since-revision", "1"])
        try await late.waitFor("what is left") { $0.lines.count == 3 }
        let lost = try late.events[0]
        #expect(lost["event"] == "lost" && lost["fromRevision"]?.int == 2 && lost["toRevision"]?.int == last - 1)
        #expect(late.stderr.contains("events between revision 2 and \(last - 1) were lost"))
        #expect(try late.events.dropFirst().map { $0["address"]?.string } == added.map(\.description))
        let future = try await site.run("watch", "--since-revision", "\(last + 100)")
        #expect(future.isProperFailure && future.status == 64, "\(future.stderrText)")
    }

    @Test(arguments: EtcdServer.Version.allCases)
    func whatWasCompactedWhileItWasCutOffIsSaid(_ version: EtcdServer.Version) async throws {
        let site = try await AdminSite(try await EtcdServer.start(version: version))
        try await site.add("c0", "default/first")
        let relay = try await TCPRelay(to: site.server.port)
        let watch = try await Watch(site, ["-o", "json"], endpoints: relay.url)
        try await site.add("c1", "default/a")
        try await watch.waitFor("the first") { $0.lines.count == 2 }
        let seen = try #require(try watch.events[1]["revision"]?.int)
        try await relay.cut()
        try await watch.waitFor("the cut") { $0.stderr.contains("; trying again\n") }
        for container in ["c2", "c3"] { try await site.add(container, "default/b") }
        try await site.server.etcdctl(["compact", "\(seen + 2)"])
        try await site.add("c4", "default/c")
        try await relay.mend()
        try await watch.waitFor("the rest") { $0.lines.count == 5 }
        let lost = try watch.events[2]
        #expect(lost["event"] == "lost" && lost["fromRevision"]?.int == seen + 1 && lost["toRevision"]?.int == seen + 2)
        #expect(try watch.events.suffix(2).map { $0["attachment"]?["containerID"]?.string } == ["c4", "c4"])
        #expect(watch.stderr.contains("etcd can be reached again\n"))
        #expect(watch.stderr.contains("events between revision \(seen + 1) and \(seen + 2) were lost"))
    }

    @Test func onATerminalItSaysFirstWhatItDoes() async throws {
        let site = try await site()
        // What Ctrl-C types.
        let output = try await site.runOnTerminal(
            ["watch", "-n", "k8s"], question: " (Ctrl-C to stop)", answer: "\u{3}")
        #expect(output.stdoutText.hasPrefix("watching network k8s from revision "), "\(output.stdoutText)")
    }

    @Test func whatCannotBeWatchedIsSaidAtOnce() async throws {
        let site = try await site()
        let unknown = try await site.run("watch", "-n", "nowhere")
        #expect(unknown.isProperFailure && unknown.status == 4, "\(unknown.stderrText)")
        let negative = try await site.run("watch", "--since-revision=-1")
        #expect(negative.isProperFailure && negative.status == 64, "\(negative.stderrText)")
        let dead = try MisbehavingServer(.refuse)
        let unreachable = try await site.run("watch", environment: ["ETCDCTL_ENDPOINTS": dead.url])
        #expect(unreachable.isProperFailure && unreachable.status == 2, "\(unreachable.stderrText)")
    }

    /// While the connection is cut again and again, pods come and go and addresses are reserved: what is printed is what
    /// happened, each once.
    @Test(arguments: [81, 82] as [UInt64])
    func nothingIsLostOrToldTwiceOverACutConnection(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let site = try await site()
        let relay = try await TCPRelay(to: site.server.port)
        let watch = try await Watch(site, ["-o", "json"], endpoints: relay.url)
        let breaking = Task { [seed = generator.next()] in
            var generator = SeededGenerator(seed: seed)
            while !Task.isCancelled {
                try? await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &generator)))
                try await relay.cut()
                try? await Task.sleep(for: .milliseconds(Int.random(in: 0...500, using: &generator)))
                try await relay.mend()
            }
        }
        var expected: [String] = []
        var held: [String: [IPAddress]] = [:]
        for round in 0..<120 {
            let container = "p\(Int.random(in: 0..<6, using: &generator))"
            if let addresses = held.removeValue(forKey: container) {
                let reference = AttachmentReference(
                    containerID: try ContainerID(container), ifname: try InterfaceName("eth0"))
                _ = try await site.pool().delete(reference)
                expected += addresses.map { "freed \($0) \(container)" }
            } else if Bool.random(using: &generator) {
                let addresses = try await site.add(container, "default/\(container)")
                held[container] = addresses
                expected += addresses.map { "given \($0) \(container)" }
            } else {
                let address = try IPAddress("10.188.3.\(round)")
                let reservation = Reservation(for: .anyone, by: "root@a", note: "\(round)")
                let pool = try site.pool()
                try await pool.carryOut(
                    pool.planReservations(
                        [ReservationOrder(address: address, reservation: reservation)],
                        rangeSets: AdminSite.rangeSets(), now: Timestamp(seconds: 1_795_000_000)))
                expected.append("reserved \(address) ")
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...40, using: &generator)))
        }
        breaking.cancel()
        _ = await breaking.result
        try await relay.mend()
        expected += try await site.add("last", "default/last").map { "given \($0) last" }
        try await watch.waitFor("the last one, \(generator)") {
            $0.stdout.hasSuffix("\n") && $0.lines.count { $0.contains(#""last""#) } == 2
        }
        let events = try watch.events
        let seen = events.map { event in
            let container = event["attachment"]?["containerID"]?.string ?? ""
            return "\(event["event"]?.string ?? "") \(event["address"]?.string ?? "") \(container)"
        }
        #expect(seen == expected, "\(generator)")
        let revisions = events.compactMap { $0["revision"]?.int }
        #expect(revisions == revisions.sorted(), "\(generator)")
        print("\(generator): \(seen.count) events; \(watch.stderr.split(separator: "\n").count) remarks")
    }
}
