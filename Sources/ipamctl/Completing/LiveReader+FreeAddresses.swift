import IPAMKit
import Store

/// Addresses that can be reserved.
extension LiveReader {
    /// How many are offered, of all range sets of a network.
    private static let mostFree = 20
    /// How many addresses of a network are looked at.
    private static let mostSought = 65_536
    private static let mostMatching = 4096

    /// Of each range set the first free addresses, and the last one, so that the shell inserts nothing that only the first
    /// have in common.
    func freeAddresses() async throws -> [Completion.Candidate] {
        var candidates: [Completion.Candidate] = []
        for keys in try await keyspaces() where candidates.count < Self.mostFree {
            let sets = try await rangeSets(of: keys)
            let fixed = sets.map(\.fixedSpace).filter { !$0.isEmpty }
            let spaces = fixed.isEmpty ? sets.map(\.dynamicSpace) : fixed
            let phrase = "free" + (fixed.isEmpty ? "" : ", of the fixed range") + " of \(keys.network)"
            for space in spaces {
                let free = try await free(of: space, keys, limit: max(2, Self.mostFree / spaces.count))
                candidates += free.map { .init($0.description, phrase) }
            }
        }
        return candidates
    }

    private func free(of space: DynamicSpace, _ keys: Keyspace, limit: Int) async throws -> [IPAddress] {
        let groups = Self.groups(of: space.intervals, request.prefix)
        var free: [IPAddress] = []
        for group in groups where free.count < limit { free += try await group.free(keys, self) }
        guard free.count >= limit else { return free }
        for group in groups.reversed() {
            guard let last = try await group.free(keys, self).last else { continue }
            return free.prefix(limit - 1) + [last]
        }
        return free
    }

    /// Addresses whose texts begin alike, up to the last dot or colon: those of their keys can be read at once.
    private struct Group {
        let start: String
        var addresses: [IPAddress]

        /// The addresses that are neither in use nor reserved; none if too many are to be read.
        func free(_ keys: Keyspace, _ reader: LiveReader) async throws -> [IPAddress] {
            var taken: Set<IPAddress> = []
            for prefix in [keys.usedPrefix, keys.reservationsPrefix] {
                let result = try await reader.read(
                    KeyRange(prefix: prefix + start), .keys, limit: LiveReader.mostRecords)
                guard result.count <= result.records.count else { return [] }
                taken.formUnion(result.records.compactMap { Keyspace.address(of: $0.key, in: prefix) })
            }
            return addresses.filter { !taken.contains($0) }
        }
    }

    private static func groups(of intervals: [AddressRange], _ prefix: String) -> [Group] {
        var groups: [Group] = []
        var (sought, matching) = (0, 0)
        for interval in intervals {
            var next: IPAddress? = interval.start
            while let address = next, address <= interval.end, sought < mostSought, matching < mostMatching {
                next = address.advanced(by: 1)
                sought += 1
                let text = address.description
                guard text.hasPrefix(prefix) else { continue }
                matching += 1
                let start = text.lastIndex { $0 == "." || $0 == ":" }.map { String(text[...$0]) } ?? text
                if groups.last?.start == start {
                    groups[groups.count - 1].addresses.append(address)
                } else {
                    groups.append(Group(start: start, addresses: [address]))
                }
            }
        }
        return groups
    }
}
