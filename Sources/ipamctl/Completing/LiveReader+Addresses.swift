import IPAMKit
import Store

/// Addresses, and containers: what is a part of a key can be read by its first characters, in a network of any size.
extension LiveReader {
    func addresses() async throws -> [Completion.Candidate] {
        var found: [IPAddress: String?] = [:]
        var starts: [String: Int] = [:]
        for keys in try await keyspaces() {
            let reserved = try await scan(keys.reservationsPrefix)
            let used = try await scan(keys.usedPrefix)
            starts.merge(reserved.starts, uniquingKeysWith: +)
            starts.merge(used.starts, uniquingKeysWith: +)
            for record in reserved.records {
                guard let address = Keyspace.address(of: record.key, in: keys.reservationsPrefix) else { continue }
                let holder = (try? Reservation(stored: record.value))?.holder
                found[address] = .some(holder.map { $0 == .anyone ? "reserved" : "reserved for \($0.phrase)" })
            }
            let users = (try? await users(of: used.records, keys)) ?? [:]
            for record in used.records {
                guard let address = Keyspace.address(of: record.key, in: keys.usedPrefix) else { continue }
                found[address] = .some(users[address] ?? "container \(record.value.prefix(12))")
            }
        }
        let complete = found.filter { entry in !starts.keys.contains { entry.key.description.hasPrefix($0) } }
            .sorted { $0.key < $1.key }.map { Completion.Candidate($0.key.description, $0.value) }
        return starts.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.counted("address"), isComplete: false) }
            + CommonStarts.candidates(complete, limit: request.limit, noun: "address")
    }

    /// If there are more, the attachments are read at once.
    private static let mostSingleReads = 16

    /// `default/db-0 on n1` for the addresses of used keys, as far as attachments have them.
    private func users(of used: [Record], _ keys: Keyspace) async throws -> [IPAddress: String] {
        var attachments: [(reference: AttachmentReference, attachment: Attachment)] = []
        if used.count <= Self.mostSingleReads {
            for container in Set(used.map(\.value)).compactMap({ try? ContainerID($0) }) {
                attachments += parsed(
                    try await read(KeyRange(prefix: keys.attachmentsPrefix(of: container))).records, keys)
            }
        } else {
            attachments = try await self.attachments(of: keys).all
        }
        var users: [IPAddress: String] = [:]
        for (_, attachment) in attachments {
            guard let name = attachment.holder.phrase else { continue }
            let phrase = name + (attachment.holder.node.map { " on \($0)" } ?? "")
            for address in attachment.addresses { users[address] = phrase }
        }
        return users
    }

    /// The characters of an ID that other tools print, and that `--container` needs.
    private static let shortID = ContainerPrefix.shortest

    func containers() async throws -> [Completion.Candidate] {
        var complete: [String: String?] = [:]
        var starts: [String: Int] = [:]
        for keys in try await keyspaces() {
            let found = try await scan(keys.attachmentsPrefix)
            starts.merge(found.starts, uniquingKeysWith: +)
            for (reference, attachment) in parsed(found.records, keys) {
                let id = reference.containerID.text
                let text = request.prefix.utf8.count > Self.shortID ? id : String(id.prefix(Self.shortID))
                complete[text] = .some(attachment.holder.phrase)
            }
        }
        return starts.sorted { $0.key < $1.key }.map { .init($0.key, $0.value.counted("interface"), isComplete: false) }
            + complete.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) }
    }

    // MARK: Keys by their first characters

    /// The records whose keys begin with a text, or how many begin with each longer one.
    private struct Scan {
        var records: [Record] = []
        var starts: [String: Int] = [:]
    }

    /// The characters of addresses and of most container IDs, then the other characters of container IDs.
    private static let characters = "0123456789abcdef.:-ghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

    /// Reads the keys that begin with `base` and the prefix of the request. If there are more than the limit, finds what all
    /// have in common, and counts them by the character after it.
    ///
    /// etcd goes through all keys of a range, even if only the first is wanted, and needs about 10 ms for 65,536 of them.
    /// Therefore no key is in more than a few of the ranges.
    private func scan(_ base: String) async throws -> Scan {
        guard !request.prefix.contains("/") else { return Scan() }
        let typed = base + request.prefix
        let all = KeyRange(prefix: typed)
        let result = try await read(all, limit: request.limit + 1)
        guard result.count > request.limit, let end = all.end else { return Scan(records: result.records) }
        var stem = CommonStarts.common(to: result.records.map(\.key.text))
        // The first keys may have more in common than all keys have.
        while stem.utf8.count > typed.utf8.count, stem.utf8.allSatisfy({ $0 < 0x7F }),
            let after = KeyRange(prefix: stem).end,
            let other = try await read(KeyRange(from: after, to: end), .keys, limit: 1).records.first
        {
            stem = CommonStarts.common(to: [stem, other.key.text])
        }
        var scan = Scan(records: try await read(KeyRange(Key(stem))).records)
        var counted = scan.records.count
        for character in Self.characters where counted < result.count {
            let start = stem + String(character)
            let found = try await read(KeyRange(prefix: start), limit: 1)
            counted += found.count
            if found.count == 1 {
                scan.records += found.records
            } else if found.count > 1 {
                scan.starts[String(start.dropFirst(base.count))] = found.count
            }
        }
        return scan
    }
}
