import EtcdClient
import HTTPTransport
import IPAMKit
import Machine
import Testing

@testable import ipamctl

/// What `ipamctl doctor` says about values, without servers.
@Suite struct DoctorJudgementTests {
    private static let url = "http://10.0.0.1:2379"
    private static let now = Timestamp(seconds: 1_795_000_000)

    private func member(
        cluster: UInt64 = 1, leader: UInt64 = 7, isLearner: Bool = false, size: Int64 = 1 << 20, inUse: Int64 = 1 << 19,
        quota: Int64? = 2 << 30, alarms: [String] = [], latency: Duration = .milliseconds(3)
    ) -> MemberStatus {
        MemberStatus(
            version: "3.5.29", cluster: cluster, member: 7, leader: leader, isLearner: isLearner, size: size,
            sizeInUse: inUse, quota: quota, alarms: alarms, latency: latency)
    }

    // MARK: etcd

    @Test func anEndpointIsJudgedByItsStatus() {
        func check(_ member: MemberStatus) -> Check { .endpoint(Self.url, .success(member)) }
        #expect(check(member()).seen == "etcd 3.5.29 answered in 3 ms; it is the leader")
        #expect(check(member(leader: 8)).seen == "etcd 3.5.29 answered in 3 ms")
        #expect(check(member(leader: 0)).status == .failed && check(member(leader: 0)).seen.contains("no leader"))
        #expect(check(member(isLearner: true)).status == .warning)
        let slow = check(member(latency: .milliseconds(100)))
        #expect(slow.status == .warning && slow.seen == "etcd 3.5.29 answered in 100 ms, which is slow")
        let dead = Check.endpoint(Self.url, .failure(ProbeFailure(reason: "Connection refused")))
        #expect(dead.status == .failed && dead.seen == "Connection refused" && dead.next != nil)
    }

    @Test func theSizeIsComparedWithTheQuota() {
        let small = Check.size(member(), of: Self.url)
        #expect(
            small.seen == "the database has 1.0 MiB, 512.0 KiB of it in use, 0 % of the quota of 2.0 GiB"
                && small.status == .ok)
        #expect(Check.size(member(quota: nil), of: Self.url).seen.hasSuffix("0 % of the default quota of 2.0 GiB"))
        let full = Check.size(member(size: 900, inUse: 800, quota: 1000), of: Self.url)
        #expect(full.status == .warning && full.next?.hasPrefix("run 'etcdctl compact'") == true)
        let fragmented = Check.size(member(size: 900, inUse: 100, quota: 1000), of: Self.url)
        #expect(fragmented.status == .warning && fragmented.next?.hasPrefix("run 'etcdctl defrag'") == true)
    }

    @Test func theQuotaIsReadFromMetrics() {
        let text = "# TYPE etcd_server_quota_backend_bytes gauge\netcd_server_quota_backend_bytes 2.147483648e+09\n"
        #expect(MemberStatus.quota(inMetrics: text) == 2 << 30)
        #expect(MemberStatus.quota(inMetrics: "<html>") == nil)
        #expect(MemberStatus.quota(inMetrics: "etcd_server_quota_backend_bytes NaN") == nil)
    }

    @Test func alarmsAreReadFromTheErrorsOfTheStatus() {
        let errors = ["memberID:10501334649042878790 alarm:NOSPACE ", "etcdserver: no leader"]
        #expect(MemberStatus.alarms(inErrors: errors) == ["NOSPACE"])
        #expect(Check.alarms([member()]).status == .ok)
        #expect(Check.alarms([]).status == .skipped)
        let full = Check.alarms([member(alarms: ["NOSPACE"]), member(alarms: ["NOSPACE"])])
        #expect(
            full.status == .failed && full.seen == "alarm NOSPACE: the database is full, and no pod gets an address")
        #expect(Check.alarms([member(alarms: ["CORRUPT"])]).next?.hasPrefix("replace the corrupt member") == true)
    }

    @Test func endpointsOfTwoClustersAreFound() {
        func check(_ members: [MemberStatus]) -> Check {
            .cluster(members.enumerated().map { ("http://m\($0):2379", $1) }, of: 3)
        }
        #expect(check([member(), member()]).seen == "2 of 3 endpoints answered, of one cluster")
        let two = check([member(), member(cluster: 2)])
        #expect(two.status == .failed)
        #expect(two.seen == "http://m1:2379 and http://m0:2379 belong to different clusters")
        #expect(check([member(), member(leader: 9)]).status == .warning)
        #expect(check([member(), member(leader: 0)]).status == .ok)
        #expect(check([]).status == .skipped)
    }

    @Test(arguments: [
        ("3.2.32", Check.Status.failed, "no nested transactions"), ("3.4.20", .warning, "14370"),
        ("3.4.23", .warning, "17612"), ("3.4.31", .ok, "no known fault"), ("3.5.1", .warning, "13766"),
        ("3.5.4", .warning, "14110"), ("3.5.12", .warning, "17612"), ("3.5.13", .ok, "no known fault"),
        ("3.6.0", .ok, "no known fault"), ("4.0.0-rc.1", .ok, "no known fault"), ("unknown", .skipped, "not known"),
    ])
    func versionsWithKnownFaultsAreNamed(version: String, status: Check.Status, text: String) {
        let check = Check.version(version, of: Self.url, hasUsers: false)
        #expect(check.status == status && check.seen.contains(text), "\(check)")
    }

    @Test func theNextVersionIsTheOneWithoutAnyOfTheFaults() {
        #expect(Check.version("3.5.1", of: "", hasUsers: false).next == "upgrade etcd to 3.5.13 or newer")
        #expect(Check.version("3.5.1", of: "", hasUsers: true).next == "upgrade etcd to 3.5.13 or newer")
        #expect(Check.version("3.6.8", of: "", hasUsers: true).next == "upgrade etcd")
        #expect(Check.version("3.6.8", of: "", hasUsers: false).status == .ok)
        #expect(Check.version("3.7.0", of: "", hasUsers: false).status == .ok)
    }

    @Test func clocksAreComparedAsFarAsSecondsCanTell() {
        func check(_ server: Int64) -> Check {
            let server = Timestamp(seconds: Self.now.seconds + server)
            return .clock(
                ClockComparison(server: server, sent: Self.now, received: Self.now.advanced(bySeconds: 1)), of: Self.url
            )
        }
        for difference in -1...2 as ClosedRange<Int64> { #expect(check(difference).seen.contains("agree")) }
        #expect(check(10).status == .warning && check(10).seen == "its clock is 8 s ahead of this machine's")
        #expect(check(-20).status == .warning && check(-20).seen == "its clock is 19 s behind this machine's")
        #expect(check(400).status == .failed && check(-400).status == .failed)
        #expect(check(4).status == .ok)
    }

    @Test func theDateOfAResponseIsRead() {
        #expect(ClockComparison.time(inDate: "Thu, 26 Nov 2026 21:12:59 GMT") == Timestamp("2026-11-26T21:12:59Z"))
        #expect(ClockComparison.time(inDate: "Sun, 06 Jan 2030 08:49:37 GMT") == Timestamp("2030-01-06T08:49:37Z"))
        for text in [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Thu, 26 Nov 2026 21:12:59 CET", "Thu, 99 Nov 2026 21:12:59 GMT",
        ] {
            #expect(ClockComparison.time(inDate: text) == nil, "\(text)")
        }
    }

    @Test func revisionsThatNobodyCompactsAreFound() {
        #expect(Check.compaction(revision: 100, keepsOldRevisions: false).status == .ok)
        #expect(Check.compaction(revision: 500_000, keepsOldRevisions: false).seen.contains("compacted"))
        #expect(Check.compaction(revision: 500_000, keepsOldRevisions: true).status == .warning)
    }

    @Test func whatStopsAReadIsSaid() {
        let noUser = Check.read(failed: .unauthenticated("user name is empty"), user: nil)
        #expect(noUser.status == .failed && noUser.next?.contains("--user") == true)
        let lost = Check.read(failed: .deadlineExceeded([]), user: nil)
        #expect(lost.next?.contains("endpoints show") == true)
    }

    // MARK: Kubernetes and the node

    @Test func rightsThatAreMissingAreNamedWithTheirLoss() {
        let needs = KubernetesProbe.Role.person.needs
        #expect(Check.rights(missing: [], of: .person, "f").seen.hasPrefix("its user may list pods, list nodes, get "))
        let both = Check.rights(missing: Array(needs.prefix(2)), of: .person, "f")
        #expect(both.status == .failed)
        #expect(both.seen == "its user may not list pods, list nodes: 'ipamctl audit' does not work")
        #expect(Check.rights(missing: [needs[3]], of: .person, "f").status == .warning)
    }

    @Test func clustersAreCompared() {
        #expect(Check.identity(.known("a"), nodes: .known("b"), named: nil).status == .failed)
        #expect(Check.identity(.known("a"), nodes: .known("b"), named: "c").status == .failed)
        #expect(Check.identity(.known("a"), nodes: .known("a"), named: nil).seen.contains("the cluster is a"))
        #expect(Check.identity(.withheld("no right"), nodes: nil, named: nil).status == .warning)
        #expect(Check.identity(.withheld("no right"), nodes: nil, named: "c").status == .ok)
        #expect(Check.identity(nil, nodes: nil, named: nil).status == .skipped)
    }

    @Test func thePluginIsComparedByItsVersion() {
        func check(_ answer: PluginProgram.Answer?) -> Check { .plugin("/opt/cni/bin/kube-ipam", answer) }
        #expect(check(.line("kube-ipam \(ProductVersion.text)")).status == .ok)
        #expect(check(.line("kube-ipam 0.0.1")).status == .warning)
        #expect(check(.line("")).seen == "it is another plugin: '--version' prints nothing")
        #expect(check(nil).status == .failed && check(.tooSlow).status == .failed)
        #expect(check(.notStarted("Exec format error")).seen == "it cannot be started: Exec format error")
    }

    @Test func theLogFileIsJudgedByWhatIsThere() {
        func check(_ hasFolder: Bool, _ kind: FileReader.Kind?, _ isWritable: Bool, _ isRoot: Bool = true) -> Check {
            .log("/l/k.log", folder: "/l", hasFolder: hasFolder, kind: kind, isWritable: isWritable, isRoot: isRoot)
        }
        #expect(check(true, .file, true).status == .ok && check(true, nil, true).seen == "it can be created")
        #expect(check(false, nil, false).next == "create it: mkdir -p /l")
        #expect(check(true, .folder, true).status == .failed)
        #expect(check(true, .file, false).status == .failed)
        #expect(check(true, .file, false, false).status == .skipped)
    }

    @Test func theNodeMustBeInKubernetes() {
        #expect(Check.node("n1", Node(name: "n1", isReady: true, isOutOfService: false)).status == .ok)
        #expect(Check.node("n1", Node(name: "n1", isReady: false, isOutOfService: false)).status == .warning)
        #expect(Check.node("n1", nil).status == .failed)
    }

    // MARK: The list

    @Test func theSummaryCountsByStatus() {
        let checks: [Check] = [
            .ok(.etcdRead, "etcd", "x"), .ok(.etcdRead, "etcd", "x"), .warning(.etcdRead, "etcd", "x", next: "y"),
            .failed(.etcdRead, "etcd", "x", next: "y"), .skipped(.etcdRead, "etcd", "x"),
        ]
        #expect(CheckList(checks: checks).summary == "5 checks: 2 ok, 1 warning, 1 failed, 1 skipped")
        #expect(CheckList(checks: checks).failure?.status == .failed)
        #expect(CheckList(checks: Array(checks.prefix(3))).failure == nil)
    }
}
