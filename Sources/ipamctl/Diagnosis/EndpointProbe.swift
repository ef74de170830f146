import EtcdClient
import HTTPTransport
import IPAMKit
import Machine

/// Looks at one endpoint of etcd by itself, so that the others do not matter.
struct EndpointProbe: Sendable {
    let url: String
    let configuration: EtcdConfiguration
    /// How long a request may take.
    let limit: Duration

    struct Report: Sendable {
        let url: String
        let status: Result<MemberStatus, ProbeFailure>
        let clocks: ClockComparison?
        /// nil without TLS, and if there was no handshake.
        let certificates: ServerCertificates?

        /// - Parameter hasUsers: whether ipamctl or kube-ipam authenticates as an etcd user.
        func checks(hasUsers: Bool, at now: Timestamp) -> [Check] {
            var checks = [Check.endpoint(url, status)]
            if case .success(let member) = status {
                checks.append(.version(member.version, of: url, hasUsers: hasUsers))
                checks.append(.size(member, of: url))
                checks.append(
                    clocks.map { .clock($0, of: url) }
                        ?? .skipped(.etcdClock, url, "the endpoint does not tell the time over HTTP"))
            }
            if let certificates { checks.append(.server(certificates, of: url, at: now)) }
            return checks
        }
    }

    func report() async -> Report {
        async let contact = HTTPContact(url + "/version", configuration.tls, limit)
        let status = await status()
        let heard = await contact
        let isSecure = url.lowercased().hasPrefix("https:")
        return Report(
            url: url, status: status, clocks: heard.clocks, certificates: isSecure ? heard.certificates : nil)
    }

    /// Status needs neither a user nor a leader.
    private func status() async -> Result<MemberStatus, ProbeFailure> {
        var own = configuration
        own.endpoints = [url]
        own.credentials = nil
        let client = EtcdClient(own, loop: .current)
        do throws(EtcdError) {
            let deadline = ContinuousClock.now + limit
            _ = try await client.status(endpoint: 0, deadline: deadline)
            let began = ContinuousClock.now
            let status = try await client.status(endpoint: 0, deadline: deadline)
            let latency = ContinuousClock.now - began
            return .success(MemberStatus(status, quota: await quota(status), latency: latency))
        } catch {
            return .failure(ProbeFailure(error))
        }
    }

    /// etcd 3.6 tells its quota with the status; older versions only in their metrics, which may be elsewhere.
    private func quota(_ status: EtcdStatusResponse) async -> Int64? {
        if status.dbSizeQuota > 0 { return status.dbSizeQuota }
        var request = HTTPRequest(url: url + "/metrics")
        request.tls = configuration.tls
        request.timeout = limit
        request.maximumBodySize = 8 << 20
        guard let response = try? await HTTPClient(loop: .current).send(request), response.head.status == 200 else {
            return nil
        }
        return MemberStatus.quota(inMetrics: String(decoding: response.body, as: UTF8.self))
    }
}

extension MemberStatus {
    init(_ status: EtcdStatusResponse, quota: Int64?, latency: Duration) {
        self.init(
            version: status.version, cluster: status.header.clusterID, member: status.header.memberID,
            leader: status.leader, isLearner: status.isLearner, size: status.dbSize, sizeInUse: status.dbSizeInUse,
            quota: quota, alarms: MemberStatus.alarms(inErrors: status.errors), latency: latency)
    }
}

extension ProbeFailure {
    /// The reason alone if only one endpoint was asked.
    init(_ error: EtcdError) {
        switch error {
        case .unavailable(let failures) where failures.count == 1,
            .deadlineExceeded(let failures) where failures.count == 1:
            self.init(reason: failures[0].reason)
        default: self.init(reason: error.description)
        }
    }
}
