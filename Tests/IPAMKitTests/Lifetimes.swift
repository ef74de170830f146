import TestSupport

@testable import IPAMKit
@testable import Store

/// A small cluster that lives: pods come, move, are rebuilt and go; nodes die and reboot; runtimes lose DELs. It knows
/// which sandboxes are alive, so that it can be said when one has lost its address.
struct Lifetimes {
    struct Sandbox {
        let container: String
        let pod: PodReference
        let uid: String
        let node: String
        let boot: Int
        let addresses: [IPAddress]
        /// The network namespace is there.
        var runs = true
    }

    struct Machine {
        var boot = 1
        var bootedAt = noon
        var isDead = false
    }

    let rangeSets: [RangeSet]
    let network: NetworkName
    let store = MemoryStore()
    let cluster = TestCluster()
    var generator: SeededGenerator
    var now = noon
    var machines: [String: Machine] = ["n1": Machine(), "n2": Machine(), "n3": Machine()]
    var sandboxes: [Sandbox] = []
    var pods: [PodReference: Pod] = [:]
    /// When a pod whose sandbox may still run on a node that was ready ever since was taken out of Kubernetes, by its UID.
    var removed: [String: Timestamp] = [:]
    private var counter = 0
    /// What was done, for a failure's message.
    var log: [String] = []

    init(_ rangeSets: [RangeSet], seed: UInt64?) throws {
        self.rangeSets = rangeSets
        network = try NetworkName("k8s")
        generator = SeededGenerator(seed: seed)
    }

    var pool: AddressPool { AddressPool(store: store, network: network, deadline: .now + .seconds(60)) }

    // MARK: Steps

    mutating func step() async throws {
        now = now.advanced(bySeconds: Int64.random(in: 0...25, using: &generator))
        switch Int.random(in: 0..<20, using: &generator) {
        case 0..<5: createPod()
        case 5..<9: try await startSandbox()
        case 9..<11: report()
        case 11..<14: try await stop(gracefully: true)
        case 14..<16: try await stop(gracefully: false)
        case 16: try await lateDelete()
        case 17: dieOrReturn()
        case 18: reboot()
        default: try await restartSandbox()
        }
    }

    private mutating func createPod() {
        let name = "default/db-\(Int.random(in: 0..<5, using: &generator))"
        let reference = pod(name)
        guard pods[reference] == nil else { return }
        let alive = machines.filter { !$0.value.isDead }.keys.sorted()
        guard let node = alive.randomElement(using: &generator) else { return }
        counter += 1
        let wishes: [String?] = [nil, "auto", "10.82.0.\(10 + counter % 3)"]
        var made = Pod.member(
            name, uid: "uid-\(counter)", ip: wishes.randomElement(using: &generator) ?? nil, node: node)
        made.addresses = []
        put(made)
        log.append("create \(reference) \(made.uid) on \(node)")
    }

    private mutating func put(_ pod: Pod) {
        pods[pod.reference] = pod
        cluster.put(pod)
    }

    private func observer(on node: String) -> Observer {
        let machine = machines[node] ?? Machine()
        let gone = Set(
            sandboxes.filter { $0.node == node && (!$0.runs || $0.boot != machine.boot) }
                .map { "/run/netns/\($0.container)" })
        let now = now
        return Observer(
            node: .test(node, boot: "\(node)-\(machine.boot)", bootedAt: machine.bootedAt) {
                gone.contains($0) ? .absent : .there
            }, pods: cluster, now: { now })
    }

    private mutating func startSandbox() async throws {
        let idle = pods.values.filter { pod in
            !pod.isTerminating && !(machines[pod.node ?? ""]?.isDead ?? true)
                && !sandboxes.contains { $0.uid == pod.uid && isRunning($0) }
        }.sorted { $0.uid < $1.uid }
        guard let pod = idle.randomElement(using: &generator) else { return }
        try await start(pod)
    }

    private mutating func start(_ pod: Pod) async throws {
        guard let node = pod.node, let machine = machines[node] else { return }
        counter += 1
        let container = "c\(counter)"
        var request = AddRequest(
            attachment: try reference(container),
            holder: Holder(
                pod: pod.reference, uid: pod.uid, node: node, boot: "\(node)-\(machine.boot)",
                machine: "machine-\(node)", netns: "/run/netns/\(container)", cluster: "c1"), rangeSets: rangeSets,
            now: now)
        request.annotations = .kubernetes
        do {
            let added = try await pool.add(request, observer: observer(on: node))
            sandboxes.append(
                Sandbox(
                    container: container, pod: pod.reference, uid: pod.uid, node: node, boot: machine.boot,
                    addresses: added.addresses))
            log.append("add \(container) for \(pod.uid): \(added.addresses) \(added.takeovers.map(\.evidence))")
        } catch {
            log.append("add \(container) for \(pod.uid): \(error)")
        }
    }

    /// The pod's sandbox is made anew, and the DEL of the old one is lost.
    private mutating func restartSandbox() async throws {
        guard let index = sandboxes.indices.filter({ isRunning(sandboxes[$0]) }).randomElement(using: &generator),
            let pod = pods[sandboxes[index].pod], pod.uid == sandboxes[index].uid, !pod.isTerminating
        else { return }
        sandboxes[index].runs = false
        log.append("sandbox \(sandboxes[index].container) is gone without DEL")
        try await start(pod)
    }

    /// The kubelet reports the address; it lags behind.
    private mutating func report() {
        guard let sandbox = sandboxes.filter(isRunning).randomElement(using: &generator), var pod = pods[sandbox.pod],
            pod.uid == sandbox.uid
        else { return }
        pod.addresses = sandbox.addresses
        put(pod)
    }

    private mutating func stop(gracefully: Bool) async throws {
        guard var pod = pods.values.sorted(by: { $0.uid < $1.uid }).randomElement(using: &generator) else { return }
        let own = sandboxes.indices.filter { sandboxes[$0].uid == pod.uid && isRunning(sandboxes[$0]) }
        guard gracefully else {
            // Force: Kubernetes forgets it at once, and its sandbox runs on.
            pods[pod.reference] = nil
            cluster.remove(pod.reference)
            if machines[pod.node ?? ""]?.isDead == false { removed[pod.uid] = now }
            log.append("force-delete \(pod.uid)")
            return
        }
        guard machines[pod.node ?? ""]?.isDead == false else { return }
        if Bool.random(using: &generator) {
            pod.isTerminating = true
            put(pod)
            log.append("terminating \(pod.uid)")
            return
        }
        for index in own {
            sandboxes[index].runs = false
            // One DEL in three is lost.
            guard Int.random(in: 0..<3, using: &generator) > 0 else { continue }
            _ = try await pool.delete(reference(sandboxes[index].container))
        }
        pods[pod.reference] = nil
        cluster.remove(pod.reference)
        log.append("deleted \(pod.uid)")
    }

    /// A DEL that comes late, or twice.
    private mutating func lateDelete() async throws {
        guard let sandbox = sandboxes.filter({ !$0.runs }).randomElement(using: &generator) else { return }
        _ = try await pool.delete(reference(sandbox.container))
        log.append("late DEL \(sandbox.container)")
    }

    private mutating func dieOrReturn() {
        let name = machines.keys.sorted().randomElement(using: &generator) ?? "n1"
        machines[name]?.isDead.toggle()
        cluster.put(node: name, ready: machines[name]?.isDead == false)
        // That a pod is gone and its node not ready is an assertion: who was cut off and comes back has lost.
        for sandbox in sandboxes where sandbox.node == name && machines[name]?.isDead == true {
            removed[sandbox.uid] = nil
        }
        log.append("\(name) dead: \(machines[name]?.isDead == true)")
    }

    private mutating func reboot() {
        let name = machines.keys.sorted().randomElement(using: &generator) ?? "n1"
        machines[name]?.boot += 1
        machines[name]?.bootedAt = now
        machines[name]?.isDead = false
        cluster.put(node: name)
        for index in sandboxes.indices where sandboxes[index].node == name { sandboxes[index].runs = false }
        log.append("\(name) rebooted")
    }

    // MARK: What is alive

    func isRunning(_ sandbox: Sandbox) -> Bool {
        sandbox.runs && machines[sandbox.node]?.boot == sandbox.boot
    }

    /// Whether nobody may take this sandbox's addresses: it runs, and its pod is in Kubernetes, or was taken out less than
    /// a minute ago on a node that may still be stopping it.
    func isProtected(_ sandbox: Sandbox) -> Bool {
        guard isRunning(sandbox) else { return false }
        if pods[sandbox.pod]?.uid == sandbox.uid { return true }
        guard let since = removed[sandbox.uid], machines[sandbox.node]?.isDead == false else { return false }
        return now < since.advanced(bySeconds: Suspect.confirmationSeconds)
    }

    /// What a protected sandbox has lost; nil when none has.
    func loss() async throws -> String? {
        let keys = pool.keys
        for sandbox in sandboxes where isProtected(sandbox) {
            let snapshot = try await store.read(
                [Read(keys.attachment(reference(sandbox.container)))] + sandbox.addresses.map { Read(keys.used($0)) },
                at: nil, deadline: .now + .seconds(60))
            let records = snapshot.results.map(\.records.first)
            for (address, used) in zip(sandbox.addresses, records.dropFirst())
            where used?.value != sandbox.container || records[0] == nil {
                return "\(sandbox.container) of \(sandbox.uid) lost \(address) to \(used?.value ?? "nobody")"
            }
        }
        return nil
    }

    /// An address with two attachments; nil when there is none.
    func duplicate() async throws -> String? {
        var holders: [IPAddress: String] = [:]
        for held in try await pool.snapshot().tenancies {
            for address in held.addresses {
                if let other = holders.updateValue(held.containerID, forKey: address) {
                    return "\(address) has two holders: \(other) and \(held.containerID)"
                }
            }
        }
        return nil
    }
}
