import IPAMKit

extension Connection {
    /// The other networks of the store and of the CNI files, with their ranges. Those that may not be read, or cannot be
    /// understood, are left out: they are not what was asked about.
    func places(beside network: NetworkName) async throws -> [NetworkPlace] {
        var stored: [NetworkName] = []
        do throws(IPAMError) {
            stored = try await NetworkDirectory.networks(in: store, deadline: .now + timeout)
        } catch {
            guard case .store(.denied) = error else { throw error }
        }
        var places: [NetworkPlace] = []
        for name in Set(stored).union(configured.keys).sorted(by: { $0.text < $1.text }) where name != network {
            if let sets = try await knownRangeSets(of: name) { places.append(NetworkPlace(name, sets)) }
        }
        return places
    }

    /// Nil for a network that says nothing, may not be read, or cannot be understood.
    private func knownRangeSets(of network: NetworkName) async throws(IPAMError) -> [RangeSet]? {
        if let configuration = configured[network] { return configuration.rangeSets }
        do throws(IPAMError) {
            return try await pool(network).storedRangeSets()
        } catch {
            switch error {
            case .damaged, .store(.denied): return nil
            default: throw error
            }
        }
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
