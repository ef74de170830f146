/// A version of etcd, such as 3.5.1; a suffix such as `-rc.1` does not count.
struct EtcdVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    let major: Int
    let minor: Int
    let patch: Int

    init(_ major: Int, _ minor: Int, _ patch: Int) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// nil for a text that does not begin with three numbers.
    init?(_ text: String) {
        let parts = text.prefix { $0 != "-" && $0 != "+" }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let major = Int(parts[0]), let minor = Int(parts[1]), let patch = Int(parts[2]) else {
            return nil
        }
        self.init(major, minor, patch)
    }

    var description: String { "\(major).\(minor).\(patch)" }

    static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    fileprivate func isOfSameMinor(as other: EtcdVersion) -> Bool { major == other.major && minor == other.minor }
}

/// A fault of some versions of etcd, in what this project uses.
struct EtcdFault: Sendable {
    /// What can happen: a clause, with the number of etcd's issue or of the CVE.
    let effect: String
    /// The first version that has the fault.
    var since = EtcdVersion(3, 0, 0)
    /// The first versions without the fault, one for each minor version that was corrected; empty if none is known.
    let fixed: [EtcdVersion]
    /// Whether only clusters with users are concerned.
    var needsUsers = false

    static let all: [EtcdFault] = [
        EtcdFault(
            effect: "members can hold different data after one was killed (etcd issue 13766)",
            since: EtcdVersion(3, 5, 0), fixed: [EtcdVersion(3, 5, 3)]),
        EtcdFault(
            effect: "a cluster of one member can lose a confirmed write if it is killed (etcd issue 14370)",
            fixed: [EtcdVersion(3, 4, 21), EtcdVersion(3, 5, 5)]),
        EtcdFault(
            effect: "a member can panic if a client gives up a read (etcd issue 14110)",
            since: EtcdVersion(3, 5, 0), fixed: [EtcdVersion(3, 5, 5)]),
        EtcdFault(
            effect: "a watch can miss events after a compaction (etcd pull request 17612)",
            fixed: [EtcdVersion(3, 4, 31), EtcdVersion(3, 5, 13)]),
        // Seen with 3.4.23 and 3.5.1; which versions have corrected it is not known here.
        EtcdFault(
            effect:
                "nested transactions may bypass the rights of users (CVE-2026-33343; see etcd's security advisories)",
            fixed: [], needsUsers: true),
    ]

    func affects(_ version: EtcdVersion) -> Bool {
        guard version >= since else { return false }
        if let fix = fixed.first(where: version.isOfSameMinor) { return version < fix }
        return fixed.allSatisfy { version < $0 }
    }
}

extension Check {
    /// The oldest version with nested transactions, which every change of ipamctl and kube-ipam uses.
    private static let oldest = EtcdVersion(3, 3, 0)

    /// - Parameter hasUsers: whether ipamctl or kube-ipam authenticates as an etcd user.
    static func version(_ text: String, of endpoint: String, hasUsers: Bool) -> Check {
        guard let version = EtcdVersion(text) else {
            return .skipped(.etcdVersion, endpoint, "the version \(text.quotedForPeople) is not known")
        }
        guard version >= oldest else {
            return .failed(
                .etcdVersion, endpoint, "etcd \(version) has no nested transactions",
                next: "upgrade etcd to a supported version")
        }
        let faults = EtcdFault.all.filter { $0.affects(version) && (hasUsers || !$0.needsUsers) }
        guard !faults.isEmpty else {
            return .ok(.etcdVersion, endpoint, "etcd \(version) has no known fault that concerns kube-ipam")
        }
        let fixes = faults.compactMap { fault in
            fault.fixed.filter { ($0.major, $0.minor) >= (version.major, version.minor) }.min()
        }
        return .warning(
            .etcdVersion, endpoint, "etcd \(version): \(faults.map(\.effect).joined(separator: "; "))",
            next: "upgrade etcd" + (fixes.max().map { " to \($0) or newer" } ?? ""))
    }
}
