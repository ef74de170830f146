import IPAMKit
import Store

extension Connection {
    /// The ranges of keys to watch: one range, in which all events have their order, or two if the etcd user may not read
    /// that range because it includes keys of other networks.
    ///
    /// - Parameter network: nil for all networks.
    /// - Throws: ``Failure`` if the etcd user may not watch.
    func rangesToWatch(_ network: NetworkName?) async throws -> [KeyRange] {
        let range = NetworkEvent.range(of: network)
        do throws(StoreError) {
            _ = try await store.read([Read(range, .keys, limit: 1)], at: nil, deadline: deadline)
            return [range]
        } catch {
            guard case .denied(let problem) = error else { throw IPAMError.store(error) }
            guard let network else {
                throw Failure(
                    .failed, "cannot watch all networks: \(problem)",
                    hint: "name one with --network; or let the etcd user read the prefix \(Keyspace.root)")
            }
            let (children, document) = NetworkEvent.ranges(within: network)
            return [children, document]
        }
    }
}
