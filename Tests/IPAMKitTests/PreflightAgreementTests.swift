import Foundation
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

/// What a preflight says about a pod is what the ADD of this pod then does.
@Suite struct PreflightAgreementTests {
    /// One random network with its holders and reservations, and the objects that are to be deployed there.
    private struct World {
        let node: TestNode
        var random: SeededGenerator
        /// The containers of present pods that the objects' new pods replace, and those pods.
        var own: [(container: String, pod: PodReference)] = []

        private static let namespaces = ["default", "shop"]

        init(_ random: SeededGenerator) throws {
            var random = random
            let layouts = [
                ["10.9.0.0/27 10.9.0.16-10.9.0.21 10.9.0.3-10.9.0.7"], ["10.9.0.0/27 10.9.0.4-10.9.0.9"],
                ["10.9.0.0/28"], ["10.9.0.0/27 10.9.0.10-10.9.0.14 10.9.0.10-10.9.0.12"],
                ["10.9.0.0/27 10.9.0.16-10.9.0.22 10.9.0.3-10.9.0.7", "fd09::/64 fd09::10-fd09::ffff fd09::1-fd09::f"],
                ["10.9.0.0/27 10.9.0.16-10.9.0.21 10.9.0.3-10.9.0.7 10.9.0.4,10.9.0.17-10.9.0.18"],
                ["10.9.0.0/28 - - 10.9.0.3-10.9.0.5"],
            ]
            let layout = layouts.randomElement(using: &random) ?? layouts[0]
            node = try TestNode.first(try layout.map { try set($0) })
            self.random = random
        }

        mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

        mutating func pick<Value>(_ values: [Value]) -> Value {
            values[Int.random(in: 0..<values.count, using: &random)]
        }

        mutating func address() -> IPAddress {
            if node.pool.rangeSets.count > 1, chance(20) {
                return IPAMKitTests.address("fd09::\(Int.random(in: 1...18, using: &random))")
            }
            // A few addresses are wanted by many.
            let range = chance(50) ? 3...7 : 0...26
            return IPAMKitTests.address("10.9.0.\(Int.random(in: range, using: &random))")
        }

        /// Reservations by hand, and pods that are there already.
        mutating func furnish() async throws {
            // The network's own keys; without them it counts as one of the Go plugin.
            _ = try await node.start("first", .member("default/first-0", uid: "first"))
            _ = try await node.pool.pool().delete(reference("first"))
            let holders = [
                "", "default/", "shop/", "default/db-0", "default/db-1", "default/db-2", "default/sts/db",
                "default/deploy/web", "default/deploy/web", "default/solo", "default/other-0", "shop/deploy/web",
                "(nobody)",
            ]
            var pairs: [(Key, String)] = []
            var taken: Set<IPAddress> = []
            let favourite = chance(40) ? pick(["default/deploy/web", "default/sts/db"]) : nil
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let address = address()
                guard taken.insert(address).inserted else { continue }
                let other = pick(holders)
                let holder = try ReservationHolder(chance(70) ? favourite ?? other : other)
                var reservation = Reservation(for: holder, since: noon)
                if chance(10) { reservation.expires = Timestamp(seconds: noon.seconds - 10_000) }
                if chance(10) { reservation.ifname = try InterfaceName(pick(["eth0", "net1"])) }
                let keys = node.pool.keys
                pairs.append((keys.reservation(address), reservation.json.serialized()))
                if let owner = holder.claimOwner { pairs.append((keys.claim(owner, address), "")) }
            }
            try await node.pool.put(pairs)
            let present = [
                "default/other-0", "default/other-1", "shop/else-7", "default/db-0", "default/db-1", "default/solo",
                "default/web-6d9b74fd4d-aaaaa", "default/web-6d9b74fd4d-bbbbb", "shop/web-6d9b74fd4d-ccccc",
            ]
            for (index, name) in present.enumerated() where chance(45) {
                let ip: String? = chance(40) ? pick(["auto", address().description]) : nil
                var pod = Pod.member(name, uid: "present-\(index)", ip: ip, node: "n2")
                if name == "default/solo" { pod.controller = nil }
                node.cluster.put(pod)
                let container = "present\(index)"
                do {
                    _ = try await node.other("n2").add(container, pod)
                } catch is IPAMError {
                    node.cluster.remove(pod.reference)
                    continue
                }
                own.append((container, pod.reference))
            }
        }

        mutating func objects() throws -> [PlannedObject] {
            let kinds: [(PlannedObject.Kind, String)] = [
                (.deployment, "web"), (.statefulSet, "db"), (.pod, "solo"), (.pod, "gen-"), (.daemonSet, "agent"),
                (.replicaSet, "rs"), (.job, "job"), (.cronJob, "cron"), (.deployment, "api"),
            ]
            var objects: [PlannedObject] = []
            for (line, (kind, name)) in kinds.shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random))
                .enumerated()
            {
                let place = PlannedObject.Place(file: "x.yaml", line: line + 1)
                var object = PlannedObject(
                    kind, namespace: try Namespace(chance(85) ? "default" : "shop"), name: try PodName(name),
                    place: place)
                object.isNameGenerated = name == "gen-"
                if kind == .daemonSet { object.replicas = nil }
                if [.deployment, .statefulSet, .replicaSet, .job].contains(kind) {
                    object.replicas = Int.random(in: 0...5, using: &random)
                }
                if kind == .statefulSet, chance(20) { object.firstOrdinal = 1 }
                for (key, value) in annotations() {
                    object.annotations[key] = .init(value: value, kind: "a string", place: place)
                }
                objects.append(object)
            }
            return objects
        }

        private mutating func annotations() -> [(String, String)] {
            let network = node.pool.network
            switch Int.random(in: 0..<20, using: &random) {
            case 0..<7: return []
            case 7..<12: return [("kube-ipam.ip", address().description)]
            case 12, 13: return [("kube-ipam.ip", "auto")]
            case 14: return [("kube-ipam.ip/\(network)", "auto"), ("kube-ipam.ip", "10.77.0.1")]
            case 15: return [("kube-ipam.ip", "dynamic")]
            case 16: return [("kube-ipam.ip", "\(address()), \(address())")]
            case 17: return [("kube-ipam.ip/other", address().description)]
            case 18:
                return [
                    ("kube-ipam.ip", address().description),
                    ("kube-ipam.netmask", pick(["27", "16", "255.255.255.0"])),
                    ("kube-ipam.gateway", pick(["10.9.0.1", "10.9.0.17", "10.9.0.30"])),
                ]
            default:
                return [("kube-ipam.ip", pick(["", "10.9.0", "auto,auto", "10.9.0.5/27", "10.77.0.1", "fd09::1"]))]
            }
        }

        /// The pod as Kubernetes has it once it exists.
        mutating func real(_ pod: Pod, _ object: PlannedObject, uid: String) -> Pod {
            let letters = Array("bcdfghjklm")
            var pod = pod
            func completed(_ text: String) -> String {
                var text = text
                let isDeployment = object.kind == .deployment
                if isDeployment { text = text.replacing("-*", with: "-6d9b74fd4d", maxReplacements: 1) }
                return text
            }
            let tail = String((0..<5).map { _ in pick(letters) })
            var name = completed(pod.reference.name.text)
            if object.kind == .cronJob { name = name.replacing("-*", with: "-29011", maxReplacements: 1) }
            name = name.replacing("*", with: tail)
            pod.reference = IPAMKitTests.pod("\(pod.reference.namespace)/\(name)")
            pod.uid = uid
            if object.kind == .deployment { pod.templateHash = "6d9b74fd4d" }
            pod.controller = pod.controller.map {
                Pod.Controller(kind: $0.kind, name: completed($0.name).replacing("*", with: "29011"))
            }
            pod.node = "n1"
            return pod
        }
    }

    @Test func whatIsSaidAboutAPodIsWhatItsADDDoes() async throws {
        var counts: [String: Int] = [:]
        for round in 0..<Repetitions.of(600) {
            let random = SeededGenerator(seed: UInt64(7_000_000 + round))
            var world = try World(random)
            try await world.furnish()
            let objects = try world.objects()
            let limit = world.chance(15) ? world.pick([0, 1, 2]) : nil
            let node = world.node
            let inventory = try await node.pool.pool().inventory()
            var judge = PreflightJudge(
                Preflight(
                    objects: objects, inventory: inventory, rangeSets: node.pool.rangeSets,
                    networks: [node.pool.network], autoLimit: limit, now: noon))
            let lines = judge.lines()
            #expect(
                lines.filter(\.isOfPods).reduce(0) { $0 + ($1.pods ?? 1) }
                    == objects.reduce(0) { $0 + ($1.replicas ?? 1) }, "\(random)")
            // The present pods of the objects go, as in a rollout.
            for (container, pod) in world.own {
                let holder = inventory.entries.first { $0.tenancy?.containerID == container }?.tenancy?.holder
                guard let holder, objects.contains(where: { $0.owns(holder) }) else { continue }
                _ = try await node.pool.pool().delete(reference(container))
                node.cluster.remove(pod)
            }
            var number = 0
            for pod in Self.order(judge.pods) {
                number += 1
                let object = objects[pod.object]
                let real = world.real(try object.pod(pod.index), object, uid: "new-\(number)")
                node.cluster.put(real)
                let said: Comment = "\(random): \(object) \(object.annotations.mapValues(\.value)): \(pod)"
                do {
                    let added = try await node.add("new\(number)", real, autoLimit: limit)
                    #expect(!pod.isRefused, "\(said), but the ADD gave \(added.addresses)")
                    if !pod.isRefused { try await check(added.addresses, pod.sources, node, said) }
                    for source in pod.sources { counts["\(source)".prefix { $0 != "(" }.description, default: 0] += 1 }
                } catch let error as IPAMError {
                    #expect(pod.finding.map { Self.isMeant(error, by: $0.code) } == true, "\(said), but: \(error)")
                    counts[pod.finding?.code.rawValue ?? "", default: 0] += 1
                    if case .fenced = error { counts["fenced", default: 0] += 1 }
                    if "\(error)".contains("excluded") { counts["excluded", default: 0] += 1 }
                    node.cluster.remove(real.reference)
                }
            }
        }
        // The worlds have everything.
        let expected = [
            "named", "reserved", "shared", "automatic", "dynamic", "annotation-invalid", "annotation-misdirected",
            "address-not-allowed", "address-not-reserved", "address-reserved", "address-in-use", "address-wanted-twice",
            "too-few-addresses", "auto-refused", "auto-limit", "pool-exhausted", "fenced", "excluded",
        ]
        if !Need.areLeftOut { for name in expected { #expect(counts[name, default: 0] > 0, "\(name): \(counts)") } }
    }

    /// Named and reserved addresses first, then `auto`, then dynamic ones, and last those for which nothing is left.
    private static func order(_ pods: [PlannedPod]) -> [PlannedPod] {
        func phase(_ pod: PlannedPod) -> Int {
            switch pod.finding?.code {
            case .poolExhausted?, .autoLimit?: 3
            case nil where pod.sources.contains(.automatic): 1
            case nil where !pod.sources.contains(where: \.isFixed): 2
            default: 0
            }
        }
        return (0...3).flatMap { number in pods.filter { phase($0) == number } }
    }

    private func check(_ given: [IPAddress], _ sources: [PlannedSource], _ node: TestNode, _ said: Comment) async throws
    {
        #expect(given.count == sources.count, said)
        let entries = try await node.pool.pool().inventory().entries
        for (index, (address, source)) in zip(given, sources).enumerated() {
            let reservation = entries.first { $0.address == address }?.reservation
            let set = node.pool.rangeSets[index]
            switch source {
            case .named(let named): #expect(address == named, said)
            case .reserved(let reserved, let holder):
                #expect(address == reserved && reservation?.holder == holder, "\(said): \(address)")
            case .shared(let shared, let holder):
                #expect(shared.contains(address) && reservation?.holder == holder, "\(said): \(address)")
            case .automatic:
                #expect(
                    AllocationRules.automaticSpace(of: set).contains(address) && reservation?.by == "kube-ipam",
                    "\(said): \(address)")
            case .dynamic: #expect(set.dynamicSpace.contains(address) && reservation == nil, "\(said): \(address)")
            }
        }
    }

    private static func isMeant(_ error: IPAMError, by code: PreflightCode) -> Bool {
        switch (error, code) {
        // A pod that was counted against the limit may have got nothing, so that another one is not refused by the limit.
        case (.exhausted, .autoLimit): true
        case (.annotation, .annotationInvalid), (.annotation, .addressNotAllowed), (.notAllowed, .addressNotAllowed),
            (.notInNetwork, .addressNotAllowed), (.misdirected, .annotationMisdirected),
            (.reserved, .addressReserved), (.fenced, .addressReserved), (.dynamicNotReserved, .addressNotReserved),
            (.held, .addressInUse), (.held, .addressWantedTwice), (.held, .tooFewAddresses),
            (.reservationsInUse, .addressInUse), (.reservationsInUse, .tooFewAddresses),
            (.notForAutomatic, .autoRefused), (.automaticLimit, .autoLimit), (.exhausted, .poolExhausted):
            true
        default: false
        }
    }
}
