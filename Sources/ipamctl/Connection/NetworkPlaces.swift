import IPAMKit

extension Connection {
    /// The other networks of the store and of the CNI files, with their ranges. Those that may not be read, or cannot be
    /// understood, are left out: they are not what was asked about.
    func places(beside network: NetworkName) async throws -> [NetworkPlace] {
        let stored: [NetworkName]
        do throws(IPAMError) {
            stored = try await NetworkDirectory.networks(in: store, deadline: .now + timeout)
        } catch .store(.denied) {
            stored = []
        }
        var places: [NetworkPlace] = []
        for name in Set(stored).union(configured.keys).sorted(by: { $0.text < $1.text }) where name != network {
            do throws(IPAMError) {
                var sets = configured[name]?.rangeSets
                if sets == nil { sets = try await pool(name).storedRangeSets() }
                if let sets { places.append(NetworkPlace(name, sets)) }
            } catch .damaged {
                continue
            } catch .store(.denied) {
                continue
            }
        }
        return places
    }

    /// Says on standard error which of the networks that a command shows overlap with another one.
    func warn(ofOverlapsAmong shown: [NetworkPlace]) async throws {
        guard shown.count == 1, let only = shown.first else {
            return Terminal.warn(NetworkOverlap.all(among: shown).map(\.description))
        }
        let others = try await places(beside: only.name)
        Terminal.warn(others.compactMap { NetworkOverlap(only, $0)?.description })
    }
}
