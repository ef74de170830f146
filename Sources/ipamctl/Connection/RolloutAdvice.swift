import HTTPTransport
import IPAMKit
import KubernetesClient
import KubernetesPods

/// Checks whether reservations for Deployments leave room for their rolling updates.
struct RolloutAdvice: Sendable {
    let network: NetworkName
    let rangeSets: [RangeSet]
    let connection: Connection

    /// How many Deployments of a plan are read from Kubernetes.
    private static let mostDeployments = 16
    /// How long all of these reads may take.
    private static let longestWait = Duration.seconds(2)

    /// The shortages of the Deployments that `orders` reserve for, with what is reserved already. There are none without a
    /// kubeconfig, without the right to read Deployments, and without a fast answer from Kubernetes.
    ///
    /// - Throws: `IPAMError` if the store cannot be read.
    func warnings(on orders: [ReservationOrder], now: Timestamp) async throws -> [Rollout.Shortage] {
        var holders: [ReservationHolder] = []
        for order in orders where !holders.contains(order.reservation.holder) {
            if case .workload(_, .deployment, _) = order.reservation.holder { holders.append(order.reservation.holder) }
        }
        guard !holders.isEmpty, let client else { return [] }
        let deadline = ContinuousClock.now + min(connection.timeout, Self.longestWait)
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
            // From a range set without reservations the pods get dynamic addresses.
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
