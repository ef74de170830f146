import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods

/// Whether reservations leave room for the rollouts of the Deployments that they are for.
struct RolloutAdvice: Sendable {
    let network: NetworkName
    let rangeSets: [RangeSet]
    let connection: Connection

    /// So many Deployments of a plan are asked about.
    private static let mostDeployments = 16
    private static let patience = Duration.seconds(2)

    /// What is wrong with the Deployments that `orders` reserve for, on top of what is reserved already. Kubernetes is asked
    /// for them, if it can be: without a kubeconfig, without the right to look, or without an answer soon, nothing is said.
    ///
    /// - Throws: `IPAMError` where the store cannot be read.
    func warnings(on orders: [ReservationOrder], now: Timestamp) async throws -> [Rollout.Shortage] {
        var holders: [ReservationHolder] = []
        for order in orders where !holders.contains(order.reservation.holder) {
            if case .workload(_, .deployment, _) = order.reservation.holder { holders.append(order.reservation.holder) }
        }
        guard !holders.isEmpty, let client else { return [] }
        let deadline = ContinuousClock.now + min(connection.timeout, Self.patience)
        var warnings: [Rollout.Shortage] = []
        for holder in holders.prefix(Self.mostDeployments) {
            guard case .workload(let namespace, _, let name) = holder,
                let found = try? await client.deployment(
                    namespace: namespace.text, name: name.text, deadline: deadline)
            else { continue }
            let ordered = orders.filter { $0.reservation.holder == holder }.map(\.address)
            let known = try await connection.pool(network).addresses(reservedFor: holder, at: now)
            warnings += shortages(of: Rollout(found), with: Set(known).union(ordered), for: holder)
        }
        return warnings
    }

    private func shortages(of rollout: Rollout, with addresses: Set<IPAddress>, for holder: ReservationHolder)
        -> [Rollout.Shortage]
    {
        rangeSets.enumerated().compactMap { index, set in
            let count = addresses.count { set.range(containing: $0) != nil }
            // Of a set without any the pods get dynamic addresses.
            guard count > 0 else { return nil }
            return rollout.shortage(
                withAddresses: count, for: holder, rangeSet: rangeSets.count > 1 ? index : nil)
        }
    }

    private var client: KubernetesClient? {
        let source = KubeconfigSource.first(connection.options, connection.configured[network])
        guard let kubeconfig = try? source?.read(context: KubeconfigSource.context(connection.options)) else {
            return nil
        }
        return KubernetesClient(kubeconfig, userAgent: "ipamctl/\(ProductVersion.text)", loop: .current)
    }
}
