import IPAMKit

/// One check of `ipamctl doctor`: what was looked at, and the result.
struct Check: Hashable, Sendable {
    enum Status: String, CaseIterable, Sendable {
        /// Nothing has to be done.
        case ok
        /// It works now, and something should be done.
        case warning
        /// It does not work.
        case failed
        /// It could not be checked; ``Check/seen`` says why.
        case skipped
    }

    let code: CheckCode
    /// What was checked, such as an endpoint, a file or a network.
    let subject: String
    let status: Status
    /// What was seen: a clause.
    let seen: String
    /// What to do next: an imperative clause; nil if nothing.
    let next: String?

    private init(_ status: Status, _ code: CheckCode, _ subject: String, _ seen: String, next: String?) {
        (self.code, self.subject, self.status, self.seen, self.next) = (code, subject, status, seen, next)
    }

    static func ok(_ code: CheckCode, _ subject: String, _ seen: String) -> Check {
        Check(.ok, code, subject, seen, next: nil)
    }

    static func warning(_ code: CheckCode, _ subject: String, _ seen: String, next: String) -> Check {
        Check(.warning, code, subject, seen, next: next)
    }

    static func failed(_ code: CheckCode, _ subject: String, _ seen: String, next: String) -> Check {
        Check(.failed, code, subject, seen, next: next)
    }

    static func skipped(_ code: CheckCode, _ subject: String, _ reason: String, next: String? = nil) -> Check {
        Check(.skipped, code, subject, reason, next: next)
    }

    var json: JSONValue {
        var object: JSONObject = [
            "check": .string(code.rawValue), "subject": .string(subject), "status": .string(status.rawValue),
            "seen": .string(seen),
        ]
        object["next"] = next.map(JSONValue.string)
        return .object(object)
    }
}

/// The kinds of checks. Their texts are stable; docs/output.md explains them.
enum CheckCode: String, CaseIterable, Sendable {
    case etcdAccess = "etcd-access"
    case etcdEndpoint = "etcd-endpoint"
    case etcdVersion = "etcd-version"
    case etcdSize = "etcd-size"
    case etcdClock = "etcd-clock"
    case serverCertificate = "server-certificate"
    case clientCertificate = "client-certificate"
    case authorityCertificate = "ca-certificate"
    case etcdCluster = "etcd-cluster"
    case etcdAlarms = "etcd-alarms"
    case etcdRead = "etcd-read"
    case etcdCompaction = "etcd-compaction"
    case etcdRights = "etcd-rights"
    case cniFile = "cni-file"
    case configDrift = "config-drift"
    case networkOverlap = "network-overlap"
    case kubeconfig
    case kubernetesRights = "kubernetes-rights"
    case clusterIdentity = "cluster-identity"
    case pluginBinary = "plugin-binary"
    case resultCache = "result-cache"
    case logFile = "log-file"
    case nodeName = "node-name"
}

extension Duration {
    /// `3 ms`, or `less than 1 ms`.
    var inMilliseconds: String {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        return milliseconds == 0 ? "less than 1 ms" : "\(milliseconds) ms"
    }
}
