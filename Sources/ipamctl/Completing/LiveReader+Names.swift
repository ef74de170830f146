import IPAMKit
import Store

/// Networks, pods and what belongs to pods.
extension LiveReader {
    /// For more networks, nothing is said about how full they are.
    private static let mostDescribed = 16

    func networks() async throws -> [Completion.Candidate] {
        let names = try await allNetworks().filter { $0.text.hasPrefix(request.prefix) }
        var candidates: [Completion.Candidate] = []
        for name in names {
            let phrase = names.count <= Self.mostDescribed ? try? await fullness(of: Keyspace(name)) : nil
            candidates.append(.init(name.text, phrase))
        }
        return candidates
    }

    /// `12 of 1020 addresses in use`
    private func fullness(of keys: Keyspace) async throws -> String? {
        let used = try await read(KeyRange(prefix: keys.usedPrefix), .count).count
        let sets = try await rangeSets(of: keys)
        guard !sets.isEmpty else { return "\(used.counted("address")) in use" }
        let total = sets.reduce(UInt128(0)) { $0 + $1.dynamicSpace.count + $1.fixedSpace.count }
        return total > 1_000_000_000 ? "\(used.counted("address")) in use" : "\(used) of \(total) addresses in use"
    }

    func pods() async throws -> [Completion.Candidate] {
        let users = try await users()
        return named(users.pods.mapValues(\.phrase) + users.reservedPods.map { ($0, "reserved") })
    }

    func namespaces() async throws -> [Completion.Candidate] {
        named(try await users().namespaces.map { ($0, nil) })
    }

    func nodes() async throws -> [Completion.Candidate] {
        named(try await users().all.compactMap(\.holder.node).map { ($0, nil) })
    }

    func workloads() async throws -> [Completion.Candidate] {
        named(try await users().workloads.map { ($0, nil) })
    }

    /// The plans that have reservations, and how many each has.
    func plans() async throws -> [Completion.Candidate] {
        var counts: [String: Int] = [:]
        for keys in try await keyspaces() {
            for plan in try await storedReservations(of: keys).compactMap(\.reservation.plan) {
                counts[plan.text, default: 0] += 1
            }
        }
        return named(counts.map { ($0.key, $0.value.counted("reservation")) })
    }

    /// Pods, then workloads, then namespaces.
    func holders() async throws -> [Completion.Candidate] {
        let users = try await users()
        return named(users.pods.mapValues(\.phrase) + users.reservedPods.map { ($0, "reserved") })
            + named(users.workloads.map { ($0, nil) })
            + named(users.namespaces.map { ($0 + "/", "any pod of the namespace that asks for it") })
    }

    // MARK: Users

    /// Who uses addresses, and for whom they are reserved.
    private struct Users {
        var all: [Attachment] = []
        var reserved: [(address: IPAddress, holder: ReservationHolder)] = []
        /// False if a network has too many attachments to read them all.
        var areComplete = true

        /// `default/db-0`: its addresses and its node. Of an incomplete list the shell would make a wrong choice, so there
        /// are none then.
        var pods: [(String, Attachment)] {
            guard areComplete else { return [] }
            return all.compactMap { attachment in attachment.holder.pod.map { ($0.description, attachment) } }
        }

        var namespaces: [String] {
            all.compactMap(\.holder.namespace?.text) + reserved.compactMap(\.holder.namespace?.text)
        }

        /// `default/deploy/web`
        var workloads: [String] {
            var workloads = reserved.map(\.holder).filter { if case .workload = $0 { true } else { false } }
            for user in all {
                guard let pod = user.holder.pod else { continue }
                let workload: Workload? =
                    switch user.holder.owner {
                    case .workload(let workload): workload
                    case .other: nil
                    case .unknown: Workload(derivedFrom: pod)
                    }
                if let workload { workloads.append(.workload(pod.namespace, workload.kind, workload.name)) }
            }
            return workloads.map(\.description)
        }

        var reservedPods: [String] {
            reserved.compactMap { if case .pod = $0.holder { $0.holder.description } else { nil } }
        }
    }

    private func users() async throws -> Users {
        var users = Users()
        for keys in try await keyspaces() {
            let attachments = try await attachments(of: keys)
            users.all += attachments.all.map(\.attachment)
            users.areComplete = users.areComplete && attachments.areComplete
            users.reserved += try await reservations(of: keys)
        }
        return users
    }

    /// Each name once, sorted, with its first description.
    private func named(_ names: [(name: String, description: String?)]) -> [Completion.Candidate] {
        var descriptions: [String: String?] = [:]
        for (name, description) in names where name.hasPrefix(request.prefix) && descriptions[name] == nil {
            descriptions[name] = .some(description)
        }
        return CommonStarts.candidates(
            descriptions.map { Completion.Candidate($0.key, $0.value) }.sorted { $0.value < $1.value },
            limit: request.limit, noun: "name")
    }
}

extension Attachment {
    /// `10.188.0.7 on n1`
    fileprivate var phrase: String {
        addresses.map(\.description).joined(separator: ", ") + (holder.node.map { " on \($0)" } ?? "")
    }
}

extension [(String, Attachment)] {
    fileprivate func mapValues(_ phrase: (Attachment) -> String) -> [(name: String, description: String?)] {
        map { ($0.0, phrase($0.1)) }
    }
}
