import Foundation

/// How often what is random is tried: a test's usual number, times what the environment variable `KUBE_IPAM_TIMES` says; and
/// a twentieth of it in `make unit`.
public enum Repetitions {
    /// - Parameter usual: the number in an ordinary run of the tests.
    public static func of(_ usual: Int) -> Int { max(1, usual * times / (Need.areLeftOut ? 20 : 1)) }

    /// Whether it is tried more often than usual.
    static var areMore: Bool { times > 1 }

    private static let times: Int = {
        guard let text = ProcessInfo.processInfo.environment["KUBE_IPAM_TIMES"] else { return 1 }
        guard let number = Int(text), number > 0 else { fatalError("KUBE_IPAM_TIMES=\(text) is not a number over 0") }
        return number
    }()
}
