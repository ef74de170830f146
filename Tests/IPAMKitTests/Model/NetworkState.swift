@testable import IPAMKit
@testable import Store

/// All that the store has of a network at one moment, as values.
struct NetworkState {
    struct Held {
        let container: String
        let value: String
        let attachment: IPAMKit.Attachment
    }

    struct Reserved {
        let value: String
        let reservation: Reservation
    }

    var used: [IPAddress: Record] = [:]
    var attachments: [Key: Held] = [:]
    var reservations: [IPAddress: Reserved] = [:]
    var claims: Set<String> = []
    var suspects: [IPAddress: Suspect] = [:]
    var histories: [IPAddress: String] = [:]
    var lock: String?
    var settings: NetworkSettings?
    var document: String?
    /// What should never stand there; nil if everything can be read.
    var damage: String?
    /// Whether one of the spaces that addresses are chosen from has no free address left.
    var isFull = false

    init(_ records: [Key: Record], _ keys: Keyspace, spaces: [[IPAddress]]) {
        for (key, record) in records { read(key, record, keys) }
        isFull = spaces.contains { space in space.allSatisfy { used[$0] != nil || reservations[$0] != nil } }
    }

    private mutating func read(_ key: Key, _ record: Record, _ keys: Keyspace) {
        let text = key.text
        if let address = Keyspace.address(of: key, in: keys.usedPrefix) {
            used[address] = record
        } else if let reference = keys.attachmentReference(of: key), let value = try? Attachment(stored: record.value) {
            attachments[key] = Held(container: reference.containerID.text, value: record.value, attachment: value)
        } else if let address = Keyspace.address(of: key, in: keys.reservationsPrefix),
            let value = try? Reservation(stored: record.value)
        {
            reservations[address] = Reserved(value: record.value, reservation: value)
        } else if text.hasPrefix(keys.document.text + "/claims/") {
            claims.insert(text)
        } else if let address = Keyspace.address(of: key, in: keys.suspectsPrefix),
            let value = try? Suspect(stored: record.value)
        {
            suspects[address] = value
        } else if let address = Keyspace.address(of: key, in: keys.historyPrefix) {
            histories[address] = record.value
        } else if key == keys.lock {
            lock = record.value
        } else if key == keys.settings, let value = try? NetworkSettings(stored: record.value) {
            settings = value
        } else if key == keys.document {
            document = record.value
        } else if !text.hasPrefix(keys.document.text + "/lastReserved/") {
            damage = "\(key) has \(record.value)"
        }
    }

    /// The container that has `address` by its used key.
    func container(_ address: IPAddress) -> String? { used[address]?.value }

    /// The attachment that has `address`, of the container that its used key names.
    func holder(of address: IPAddress) -> Held? {
        guard let container = container(address) else { return nil }
        return attachments.values.first { $0.container == container && $0.attachment.addresses.contains(address) }
    }
}

/// What may never be, in any state, and in any step from one state to the next.
extension Scenario {
    /// What is wrong with a state; nil if nothing is.
    func problem(_ state: NetworkState) -> String? {
        if let damage = state.damage { return damage }
        var holders: [IPAddress: String] = [:]
        for held in state.attachments.values {
            let container = held.container
            for address in held.attachment.addresses where !mayDangle.contains(container) {
                if let other = holders.updateValue(container, forKey: address) {
                    return "\(address) has two holders: \([other, container].sorted().joined(separator: " and "))"
                }
                if state.container(address) != container {
                    return "the attachment of \(container) has \(address), and its used key is "
                        + (state.container(address).map { "\($0)'s" } ?? "not there")
                }
            }
        }
        for (address, used) in state.used where !goContainers.contains(used.value) && state.holder(of: address) == nil {
            return "\(address) is used by \(used.value), which has no attachment with it"
        }
        let claims = state.reservations.compactMap { address, reserved in
            reserved.reservation.holder.claimOwner.map { pool.keys.claim($0, address).text }
        }
        if Set(claims) != state.claims {
            return "the claims are \(state.claims.sorted()), and the reservations' \(claims.sorted())"
        }
        if !hasGoNodes {
            for (address, suspect) in state.suspects where state.used[address]?.modified != suspect.revision {
                return "the suspect of \(address) is not its holder"
            }
        }
        return nil
    }

    /// What is wrong with a step; nil if nothing is.
    ///
    /// - Parameter first: the attachments before the first step.
    func problem(
        from before: NetworkState, to after: NetworkState, by operation: ModelOperation, _ first: [Key: String]
    ) -> String? {
        problemOfEndings(before, after, operation, first) ?? problemOfReservations(before, after, operation)
            ?? (operation.kind == .go ? nil : problemOfGiving(before, after, operation))
            ?? problemOfRecords(before, after, operation)
    }

    /// Nobody loses an address to an operation that does not know him.
    private func problemOfEndings(
        _ before: NetworkState, _ after: NetworkState, _ operation: ModelOperation, _ first: [Key: String]
    ) -> String? {
        let isReckless = operation.kind == .go && goOutlivesItsLease
        for (address, used) in before.used where after.container(address) != used.value {
            if !operation.ends.contains(used.value), !isReckless { return "\(used.value) has lost \(address)" }
            if let suspect = operation.takesOnlySuspects, suspect == address, before.suspects[address] == nil {
                return "\(address) was taken from \(used.value), which was no suspect any more"
            }
        }
        for (key, held) in before.attachments {
            let isOwn = operation.attachment.map { pool.keys.attachment($0) == key } ?? false
            if let now = after.attachments[key] {
                if now.attachment != held.attachment, !isOwn || now.attachment.addresses != held.attachment.addresses {
                    return "the attachment of \(held.container) has changed"
                }
            } else if !operation.ends.contains(held.container) {
                return "the attachment of \(held.container) is lost"
            } else if !isOwn, held.value != first[key] {
                // Who ends what others hold does so by what he has seen of them.
                return "the attachment of \(held.container) is lost, which is another than before"
            }
        }
        return nil
    }

    /// No reservation is lost but the one that an operation was shown.
    private func problemOfReservations(_ before: NetworkState, _ after: NetworkState, _ operation: ModelOperation)
        -> String?
    {
        for (address, old) in before.reservations where after.reservations[address]?.value != old.value {
            let isSameHolder = after.reservations[address]?.reservation.holder == old.reservation.holder
            if isSameHolder, operation.kind == .reserve { continue }
            if old.reservation.isExpired(at: noon) || operation.drops(address, old.reservation) { continue }
            return "the reservation of \(address) for \(old.reservation.holder.phrase) is lost"
        }
        for (address, new) in after.reservations where before.reservations[address]?.value != new.value {
            guard after.used[address] != nil, before.reservations[address]?.reservation.holder != new.reservation.holder
            else { continue }
            if !new.reservation.holder.admits(after.holder(of: address)?.attachment.holder) {
                return "\(address) was reserved for \(new.reservation.holder.phrase) while "
                    + "\(after.container(address) ?? "") has it"
            }
        }
        return nil
    }

    /// Nobody gets an address that is not his to get.
    private func problemOfGiving(_ before: NetworkState, _ after: NetworkState, _ operation: ModelOperation) -> String?
    {
        for (address, used) in after.used where before.container(address) != used.value {
            if before.lock != nil { return "\(address) was given to \(used.value) while a Go node had the lock" }
            guard let held = after.holder(of: address) else { continue }
            let reserved = before.reservations[address].flatMap { $0.reservation.isExpired(at: noon) ? nil : $0 }
            for reservation in [reserved, after.reservations[address]].compactMap({ $0?.reservation.holder })
            where !reservation.admits(held.attachment.holder) {
                return "\(address), reserved for \(reservation.phrase), was given to \(used.value)"
            }
            if !held.attachment.isFixed, before.reservations[address] != nil {
                return "\(address), which is reserved, was given to \(used.value) as a dynamic address"
            }
        }
        for (key, held) in after.attachments where before.attachments[key] == nil {
            if before.settings?.hold != nil, operation.kind != .adopt {
                return "\(held.container) has got \(held.attachment.addresses) while the network was on hold"
            }
            guard operation.kind == .add, !held.attachment.isFixed, let pod = held.attachment.holder.pod else {
                continue
            }
            for (address, reserved) in before.reservations where before.used[address] == nil {
                let holder = reserved.reservation.holder
                if holder.claimOwner != nil, holder.admits(held.attachment.holder) {
                    return "\(pod) has got a dynamic address although \(address) is reserved for \(holder.phrase)"
                }
            }
        }
        return nil
    }

    /// Nothing that was recorded is forgotten.
    private func problemOfRecords(_ before: NetworkState, _ after: NetworkState, _ operation: ModelOperation) -> String?
    {
        for (address, old) in before.histories where after.histories[address] != old {
            let former = (try? History(stored: old))?.entries ?? []
            let now = after.histories[address].flatMap { try? History(stored: $0) }?.entries ?? []
            if Array(now.suffix(former.count)) != former { return "the history of \(address) has lost an entry" }
        }
        if let hold = before.settings?.hold, after.settings?.hold != hold, operation.kind != .hold {
            return "the hold is lost"
        }
        if before.settings == nil, before.document != nil, after.settings?.hasGoNodes == false {
            return "a network with Go nodes was recorded as one without"
        }
        if before.settings?.hasGoNodes == false, after.settings?.hasGoNodes == true {
            return "what was recorded about Go nodes is lost"
        }
        if before.settings?.rangesChange != nil, after.settings?.rangesChange == nil {
            return "the change of the ranges is lost"
        }
        return nil
    }
}
