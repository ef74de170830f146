import Foundation
import Testing

/// What a test needs that not every machine has. `make unit` leaves out the tests that need one of these.
public enum Need: String, Sendable {
    /// An etcd, from `PATH` or .build/tools.
    case etcd
    /// To run as root: namespaces, mounts, containers.
    case root

    /// Whether tests with needs are left out: `make unit` sets `KUBE_IPAM_TESTS=unit`.
    public static let areLeftOut = ProcessInfo.processInfo.environment["KUBE_IPAM_TESTS"] == "unit"

    /// Called before something is used that a test must have named as its need.
    ///
    /// - Throws: `TestSupportError.needNotDeclared` if tests with needs are left out: then the running test has none declared.
    static func require(_ need: Need) throws {
        if areLeftOut { throw TestSupportError.needNotDeclared(need) }
    }
}

extension Trait where Self == ConditionTrait {
    /// Declares what a test, or every test of a suite, needs.
    public static func needs(_ needs: Need...) -> Self {
        .enabled(if: !Need.areLeftOut, "needs \(needs.map(\.rawValue).joined(separator: " and "))")
    }
}
