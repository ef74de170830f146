import IPAMKit

/// etcd's client URLs, as an option or a variable has them: separated by commas, perhaps without a scheme.
struct EtcdEndpoints: Sendable {
    private let plain: [String]
    private let secure: [String]

    /// - Throws: ``Failure`` with the part that is not an endpoint, or if there is none.
    init(argument text: String) throws(Failure) {
        let parts = EtcdSettings.list(text)
        guard !parts.isEmpty else { throw Failure(.usage, "\"\(text)\" names no endpoint") }
        func urls(_ defaultsToTLS: Bool) throws(Failure) -> [String] {
            try Failure.wrap(.usage) { try parts.map { try EtcdSettings.endpoint($0, defaultsToTLS: defaultsToTLS) } }
        }
        (plain, secure) = (try urls(false), try urls(true))
    }

    /// - Parameter defaultsToTLS: whether endpoints without a scheme use TLS.
    func urls(defaultsToTLS: Bool) -> [String] { defaultsToTLS ? secure : plain }
}

/// An etcd user: `NAME:PASSWORD`, or `NAME` if the password is in a variable.
struct EtcdUser: Sendable {
    let name: String
    let password: String?

    init(argument text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        name = parts[0]
        password = parts.count == 2 ? parts[1] : nil
    }
}
