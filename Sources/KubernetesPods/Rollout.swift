import IPAMKit
import KubernetesClient

extension Rollout {
    /// The rollout of a Deployment.
    public init(_ deployment: KubernetesDeployment) {
        self.init(
            replicas: deployment.replicas, type: deployment.strategy, maxUnavailable: deployment.maxUnavailable,
            maxSurge: deployment.maxSurge)
    }

    /// The rollout by the fields of a Deployment's `spec`, nil if they are absent. Percentages of `maxUnavailable` are rounded
    /// down, those of `maxSurge` up; the default of both is 25 %. If both result in 0, `maxUnavailable` is 1
    /// (`ResolveFenceposts` of the deployment controller).
    ///
    /// - Parameter type: `spec.strategy.type`.
    public init(
        replicas: Int, type: String?, maxUnavailable: KubernetesDeployment.Amount?,
        maxSurge: KubernetesDeployment.Amount?
    ) {
        let replicas = max(0, replicas)
        guard type != "Recreate" else {
            self.init(replicas: replicas, strategy: .recreate)
            return
        }
        let unavailable = (maxUnavailable ?? .percent(25)).pods(of: replicas, roundingUp: false)
        let surge = (maxSurge ?? .percent(25)).pods(of: replicas, roundingUp: true)
        self.init(
            replicas: replicas,
            strategy: .rolling(maxUnavailable: unavailable == 0 && surge == 0 ? 1 : min(unavailable, replicas)))
    }
}

extension KubernetesDeployment.Amount {
    fileprivate func pods(of replicas: Int, roundingUp: Bool) -> Int {
        switch self {
        case .pods(let count): return max(0, count)
        case .percent(let percent):
            let (hundredths, overflow) = replicas.multipliedReportingOverflow(by: max(0, percent))
            guard !overflow else { return replicas }
            return hundredths / 100 + (roundingUp && hundredths % 100 > 0 ? 1 : 0)
        }
    }
}
