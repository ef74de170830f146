import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// What a preflight says, finding by finding.
@Suite struct PreflightTests {
    private static let fixed = "10.72.0.0/24 10.72.0.100-10.72.0.200 10.72.0.10-10.72.0.13"

    private func node(_ sets: String...) throws -> TestNode {
        try TestNode.first(sets.isEmpty ? [set(Self.fixed)] : sets.map { try set($0) })
    }

    private func object(
        _ kind: PlannedObject.Kind, replicas: Int? = 1, rollout: Rollout.Strategy? = nil,
        _ annotations: [String: String] = [:]
    ) throws -> PlannedObject {
        try object(kind, "web", replicas: replicas, rollout: rollout, annotations)
    }

    private func object(
        _ kind: PlannedObject.Kind, _ name: String, replicas: Int? = 1, rollout: Rollout.Strategy? = nil,
        _ annotations: [String: String] = [:]
    ) throws -> PlannedObject {
        var object = PlannedObject(
            kind, namespace: try Namespace("default"), name: try PodName(name), place: .init(file: "a.yaml", line: 1))
        object.replicas = replicas
        if kind == .deployment { object.rollout = Rollout(replicas: replicas ?? 1, strategy: rollout ?? .recreate) }
        for (index, key) in annotations.keys.sorted().enumerated() {
            object.annotations[key] = .init(
                value: annotations[key], kind: "a string", place: .init(file: "a.yaml", line: 10 + index))
        }
        return object
    }

    private func judged(_ node: TestNode, _ objects: PlannedObject..., networks: [String] = [], limit: Int? = nil)
        async throws -> [PreflightLine]
    {
        let names = Set(try networks.map { try NetworkName($0) } + [node.pool.network])
        return Preflight(
            objects: objects, inventory: try await node.pool.pool().inventory(), rangeSets: node.pool.rangeSets,
            networks: names, autoLimit: limit, now: noon
        ).report().lines
    }

    private func reserve(_ node: TestNode, _ addresses: String..., for holder: String) async throws {
        let pool = node.pool.pool()
        let orders = try node.pool.orders(addresses.map(address), for: holder)
        let plan = try await pool.planReservations(orders, rangeSets: node.pool.rangeSets, now: noon)
        _ = try await pool.carryOut(plan)
    }

    @Test func replicasThatAreAlikeShareALine() async throws {
        let lines = try await judged(try node(), object(.deployment, replicas: 60))
        #expect(lines.count == 1 && lines[0].pods == 60 && lines[0].status == .ok)
        #expect(lines[0].pod == "default/deploy/web" && lines[0].reason == "a dynamic address")
    }

    @Test func oneAddressForSeveralReplicasIsTooFew() async throws {
        let web = try object(.deployment, replicas: 3, ["kube-ipam.ip": "10.72.0.10"])
        let lines = try await judged(try node(), web)
        #expect(lines.map(\.status) == [.ok, .error] && lines.map(\.pods) == [1, 2])
        #expect(lines[1].code == .tooFewAddresses && lines[1].place.line == 10)
        #expect(
            lines[1].reason
                == "default/deploy/web has 3 pods, and all of them request 10.72.0.10: 2 pods get no address")
        #expect(lines[1].hint?.hasSuffix("ipamctl reserve --next 3 --for default/deploy/web") == true)
    }

    @Test func theHolderOfAnAddressIsNamed_unlessItIsThisWorkload() async throws {
        let node = try node()
        _ = try await node.start("c1", .member("default/web-6d9b74fd4d-aaaaa", uid: "u1", ip: "10.72.0.10"))
        let web = try object(.deployment, ["kube-ipam.ip": "10.72.0.10"])
        let same = try await judged(node, web)
        #expect(same.map(\.status) == [.ok])
        #expect(same[0].reason.contains("default/web-6d9b74fd4d-aaaaa on n1 has it now"))
        let other = try await judged(node, object(.deployment, "api", ["kube-ipam.ip": "10.72.0.10"]))
        #expect(other.map(\.code) == [.addressInUse])
        #expect(other[0].reason == "10.72.0.10 is in use by default/web-6d9b74fd4d-aaaaa on n1")
        #expect(other[0].hint == "see 'ipamctl show 10.72.0.10'" && other[0].addresses == [address("10.72.0.10")])
    }

    @Test func anAddressOfTwoObjectsIsRefusedToTheSecond() async throws {
        let lines = try await judged(
            try node(), object(.deployment, ["kube-ipam.ip": "10.72.0.10"]),
            object(.pod, "solo", ["kube-ipam.ip": "10.72.0.10"]))
        #expect(lines.map(\.code) == [nil, .addressWantedTwice])
        #expect(lines[1].reason == "10.72.0.10 is also requested by default/deploy/web (a.yaml, line 1)")
    }

    @Test func aReservationDecides() async throws {
        let node = try node()
        try await reserve(node, "10.72.0.10", for: "default/db-0")
        try await reserve(node, "10.72.0.11", for: "default/")
        let lines = try await judged(
            node, object(.statefulSet, "db", replicas: 2), object(.deployment, ["kube-ipam.ip": "10.72.0.10"]),
            object(.pod, "solo", ["kube-ipam.ip": "10.72.0.11"]))
        #expect(lines.map(\.code) == [nil, .ordinalUnreserved, .addressReserved, nil])
        #expect(lines[0].addresses == [address("10.72.0.10")] && lines[0].reason == "reserved for default/db-0")
        #expect(lines[1].hint == "ipamctl reserve --next 1 --for default/db-1")
        #expect(lines[2].reason == "10.72.0.10 is reserved for default/db-0")
    }

    @Test func sharedReservationsAreCounted() async throws {
        let node = try node()
        try await reserve(node, "10.72.0.10", "10.72.0.11", for: "default/deploy/web")
        let enough = try await judged(node, object(.deployment, replicas: 2))
        #expect(enough.map(\.status) == [.ok] && enough[0].pods == 2)
        #expect(enough[0].choices == [address("10.72.0.10"), address("10.72.0.11")] && enough[0].addresses.isEmpty)
        let short = try await judged(node, object(.deployment, replicas: 3))
        #expect(short.map(\.code) == [nil, .tooFewAddresses])
        #expect(
            short[1].reason == "default/deploy/web has 3 replicas and 2 reserved addresses: 1 pod gets no address")
        let stuck = try await judged(
            node, object(.deployment, replicas: 2, rollout: .rolling(maxUnavailable: 0)))
        #expect(stuck.map(\.code) == [nil, .rolloutStuck] && stuck[1].pods == nil && stuck[1].status == .warning)
        #expect(stuck[1].reason.contains("2 replicas and 2 reserved addresses: with maxUnavailable 0"))
        // Another pod has one of them.
        let pool = node.pool
        try await pool.put([
            (pool.keys.used(address("10.72.0.10")), "stranger")
        ])
        let held = try await judged(node, object(.deployment, replicas: 2))
        #expect(held.map(\.code) == [nil, .addressInUse])
        #expect(held[0].choices == [address("10.72.0.11")], "\(held[0])")
        #expect(held[1].reason.contains("container stranger"), "\(held[1].reason)")
    }

    @Test func aRollingUpdateOfAFixedPodIsStuck() async throws {
        let annotations = ["kube-ipam.ip": "10.72.0.10"]
        let node = try node()
        let stuck = try await judged(
            node, object(.deployment, rollout: .rolling(maxUnavailable: 0), annotations))
        #expect(stuck.map(\.code) == [nil, .rolloutStuck])
        #expect(stuck[1].hint == "set maxUnavailable: 1 or strategy type Recreate in the Deployment")
        for strategy in [Rollout.Strategy.recreate, .rolling(maxUnavailable: 1)] {
            #expect(try await judged(node, object(.deployment, rollout: strategy, annotations)).map(\.code) == [nil])
        }
    }

    @Test func whatNoPodCanHaveIsRefused() async throws {
        let node = try node()
        for (value, code, reason) in [
            ("10.72.0.1", PreflightCode.addressNotAllowed, "is the gateway of 10.72.0.0/24"),
            ("10.72.0.255", .addressNotAllowed, "is the broadcast address"),
            ("10.72.0.50", .addressNotAllowed, "lies neither in the fixed range"),
            ("10.73.0.1", .addressNotAllowed, "lies in no subnet of network"),
            ("10.72.0.10,10.72.0.11", .addressNotAllowed, "a range set gives one address"),
            ("10.72.0.150", .addressNotReserved, "is in the dynamic range"),
            ("10.72.0", .annotationInvalid, "is not an IP address"), ("", .annotationInvalid, "is empty"),
        ] {
            let lines = try await judged(node, object(.deployment, ["kube-ipam.ip": value]))
            #expect(lines.map(\.code) == [code], "\(value): \(lines)")
            #expect(lines[0].reason.contains(reason) && lines[0].place.line == 10, "\(value): \(lines[0].reason)")
        }
        let dynamic = try await judged(node, object(.statefulSet, "db", ["kube-ipam.ip": "10.72.0.150"]))
        #expect(dynamic[0].hint == "reserve it: ipamctl reserve 10.72.0.150 --for default/sts/db")
        let job = try await judged(node, object(.job, ["kube-ipam.ip": "10.72.0.150"]))
        #expect(job[0].hint == "reserve it: ipamctl reserve 10.72.0.150 --for default/")
        let gateway = try await judged(
            node, object(.pod, ["kube-ipam.ip": "10.72.0.10", "kube-ipam.netmask": "8"]))
        #expect(gateway.map(\.code) == [.annotationInvalid] && gateway[0].place.line == 11)
    }

    @Test func autoIsForStatefulSetsAndDeployments() async throws {
        let node = try node()
        for kind in PlannedObject.Kind.allCases {
            let isFine = kind == .deployment || kind == .statefulSet
            let lines = try await judged(node, object(kind, ["kube-ipam.ip": "auto"]))
            #expect(lines.map(\.code) == [isFine ? nil : .autoRefused], "\(kind): \(lines)")
        }
        let limited = try await judged(node, object(.deployment, replicas: 3, ["kube-ipam.ip": "auto"]), limit: 2)
        #expect(limited.map(\.code) == [nil, .autoLimit] && limited.map(\.pods) == [2, 1])
        let many = try await judged(node, object(.deployment, replicas: 6, ["kube-ipam.ip": "auto"]))
        #expect(many.map(\.code) == [nil, .poolExhausted] && many.map(\.pods) == [4, 2])
        #expect(many[1].reason.contains("has 4 free fixed addresses, and 6 pods of the manifests need one each"))
    }

    @Test func freeDynamicAddressesAreCountedOverAllObjects() async throws {
        let node = try node("10.72.0.0/28 10.72.0.4-10.72.0.8")
        _ = try await node.start("c1", .member("default/web-6d9b74fd4d-aaaaa", uid: "u1"))
        try await reserve(node, "10.72.0.8", for: "default/db-0")
        // Four are left with the one that web has itself.
        let fits = try await judged(
            node, object(.deployment, replicas: 2), object(.replicaSet, "rs", replicas: 2))
        #expect(fits.map(\.status) == [.ok, .ok])
        let short = try await judged(node, object(.deployment, replicas: 2), object(.job, "job", replicas: 3))
        #expect(short.map(\.code) == [nil, nil, .poolExhausted] && short.map(\.pods) == [2, 2, 1])
        #expect(short[2].reason.contains("4 free dynamic addresses, and 5 pods"))
        let full = try await judged(node, object(.deployment, replicas: 4, rollout: .rolling(maxUnavailable: 0)))
        #expect(full.map(\.code) == [nil, .rolloutStuck])
    }

    @Test func aDaemonSetCannotHaveOneAddress_andRunsOfACronJobMayOverlap() async throws {
        let node = try node()
        let annotations = ["kube-ipam.ip": "10.72.0.10"]
        let daemon = try await judged(node, object(.daemonSet, replicas: nil, annotations))
        #expect(daemon.map(\.code) == [.tooFewAddresses] && daemon[0].pods == nil)
        #expect(
            try await judged(node, object(.daemonSet, replicas: nil)).map(\.reason) == [
                "a dynamic address on each node"
            ])
        var cron = try object(.cronJob, annotations)
        #expect(try await judged(node, cron).map(\.code) == [nil])
        cron.mayOverlap = true
        #expect(try await judged(node, cron).map(\.code) == [nil, .runsOverlap])
    }

    @Test func aHoldRefusesEveryPod_andOtherErrorsStay() async throws {
        let node = try node()
        var settings = NetworkSettings(hasGoNodes: false, fixed: [range("10.72.0.10-10.72.0.13")])
        settings.setHold(.init(by: "root@a", reason: "renumbering", since: nil))
        try await node.pool.put([(node.pool.keys.settings, settings.serialized())])
        let lines = try await judged(node, object(.deployment), object(.pod, "x", ["kube-ipam.ip": "10.72.0.1"]))
        #expect(lines.map(\.code) == [.networkOnHold, .addressNotAllowed])
        #expect(lines[0].reason.contains("on hold by root@a: renumbering"))
        #expect(lines[0].hint == "'ipamctl unhold \(node.pool.network)' lifts the hold")
    }

    @Test func anAnnotationForANetworkThatDoesNotExistIsRefused() async throws {
        let node = try node()
        let web = try object(.deployment, ["kube-ipam.ip/storage": "10.72.0.10"])
        #expect(try await judged(node, web).map(\.code) == [.annotationMisdirected])
        #expect(try await judged(node, web, networks: ["storage"]).map(\.code) == [nil])
    }

    @Test func annotationsWithoutEffectAreWarnings() throws {
        var web = try object(
            .deployment,
            [
                "kube-ipam/ip": "10.72.0.10", "kube-ipam.IP": "10.72.0.10", "kube-ipam.gateway": "10.72.0.1",
                "kube-ipam.ip/K8S": "auto", "kube-ipam.ip/k8s": "auto", "kube-ipam.adress": "x", "kubernetes.io/x": "y",
            ])
        web.ownAnnotations = [
            "kube-ipam.netmask": .init(value: "16", kind: "a string", place: .init(file: "a.yaml", line: 3))
        ]
        let lines = Preflight.manifestLines([web], networks: [try NetworkName("k8s")])
        let found = lines.map { "\($0.place.line) \($0.code?.rawValue ?? ""): \($0.hint ?? "")" }
        #expect(lines.allSatisfy { $0.status == .warning && $0.network == nil })
        #expect(
            found == [
                "3 annotation-misplaced: move it to spec.template.metadata.annotations",
                "10 annotation-ignored: did you mean kube-ipam.ip?",
                "11 annotation-ignored: kube-ipam has kube-ipam.ip, kube-ipam.netmask, kube-ipam.gateway",
                "12 annotation-ignored: add kube-ipam.ip, or remove kube-ipam.gateway",
                "13 annotation-ignored: network names are case-sensitive: write kube-ipam.ip/k8s",
                "15 annotation-ignored: did you mean kube-ipam.ip?",
            ], "\(found)")
        web.annotations = ["kube-ipam.ip": .init(value: nil, kind: "a number", place: .init(file: "a.yaml", line: 9))]
        #expect(Preflight.manifestLines([web], networks: []).map(\.code) == [.annotationMisplaced])
    }

    @Test func aLaterDefinitionReplacesAnEarlierOne() throws {
        let first = try object(.deployment, replicas: 3)
        let second = try object(.deployment, replicas: 1)
        var generated = try object(.pod, "x-")
        generated.isNameGenerated = true
        let (objects, lines) = Preflight.effective([first, generated, second, generated])
        #expect(objects.map(\.replicas) == [1, 1, 1] && lines.map(\.code) == [.definedTwice])
    }
}
