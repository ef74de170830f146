import Foundation

/// What can go wrong in the machinery of the tests, as opposed to the code under test.
public enum TestSupportError: Error, CustomStringConvertible {
    /// A program that the tests need is not there.
    case toolMissing(String)
    /// The operation takes root.
    case rootNeeded(String)
    /// A product of the package has not been built; the folders are where it was looked for.
    case notBuilt(product: String, folders: [String])
    /// A program ended with another status than 0.
    case commandFailed(command: String, status: Int32, output: String)
    /// Something did not happen in time; the detail is what was seen last (a log, the output so far).
    case timedOut(what: String, after: Duration, detail: String)
    /// A server ended, or answered what it must not.
    case serverFailed(name: String, detail: String)
    /// A system call failed.
    case systemCall(String, code: Int32)
    /// Tests with needs are left out, and the running test has not declared this one.
    case needNotDeclared(Need)
    /// etcd does not export this metric.
    case noSuchMetric(String)

    public var description: String {
        switch self {
        case .toolMissing(let name):
            "\(name) is not installed: run `make setup` (`scripts/setup --test` for all that the tests need)"
        case .rootNeeded(let what):
            "\(what) takes root: run the tests as root"
        case .notBuilt(let product, let folders):
            "\(product) is not built (looked in \(folders.joined(separator: ", "))): run `swift build`"
        case .commandFailed(let command, let status, let output):
            "\(command) ended with status \(status): \(output)"
        case .timedOut(let what, let limit, let detail):
            "\(what) took more than \(limit): \(detail)"
        case .serverFailed(let name, let detail):
            "\(name) failed: \(detail)"
        case .systemCall(let name, let code):
            "\(name): \(String(cString: strerror(code)))"
        case .needNotDeclared(let need):
            "this test needs \(need.rawValue): declare it with .needs(.\(need.rawValue))"
        case .noSuchMetric(let name):
            "etcd exports no metric \(name)"
        }
    }

    /// The failure of a system call that has just set `errno`.
    static func current(_ name: String) -> TestSupportError {
        .systemCall(name, code: errno)
    }
}
