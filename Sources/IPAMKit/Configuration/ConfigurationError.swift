/// What is wrong with a network configuration or with CNI_ARGS.
public enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no text, or white space only.
    case empty
    /// The text is longer than is read.
    case tooLarge(limit: Int)
    /// The text is not JSON.
    case syntax(JSONSyntaxError)
    /// The text is JSON, but no object; `found` names its kind.
    case notAnObject(found: String)
    /// `cniVersion` is not one of the versions spoken here.
    case unknownVersion(String)
    /// A key is absent that must be there; `expected` says what would be right.
    case missing(key: String, expected: String)
    /// A key has a wrong value: `found` is the value as JSON text, `problem` what is wrong and what would be right.
    case value(key: String, found: String, problem: String)
    /// CNI_ARGS is malformed, or a value in it is.
    case arguments(found: String, problem: String)

    /// One sentence for people, with the key path and the value.
    public var description: String {
        switch self {
        case .empty:
            "the network configuration is empty"
        case .tooLarge(let limit):
            "the network configuration is longer than \(limit) bytes, which is all that is read"
        case .syntax(let error):
            "the network configuration is not valid JSON: \(error)"
        case .notAnObject(let found):
            "the network configuration must be a JSON object, not \(found)"
        case .unknownVersion(let text):
            "cniVersion \(text.quotedForPeople) is not supported, these are: \(CNIVersion.list)"
        case .missing(let key, let expected):
            "\(key) is missing: \(expected)"
        case .value(let key, let found, let problem):
            "\(key): \(found) \(problem)"
        case .arguments(let found, let problem):
            "CNI_ARGS: \(found) \(problem)"
        }
    }

    /// The code to report (CNI spec section 5, "Error").
    public var code: CNIErrorCode {
        switch self {
        case .empty, .tooLarge, .syntax, .notAnObject: .decodingFailure
        case .unknownVersion: .incompatibleCNIVersion
        case .missing, .value: .invalidNetworkConfig
        case .arguments: .invalidEnvironmentVariables
        }
    }

    /// The number of ``code``.
    public var cniCode: Int { code.rawValue }
}

extension CNIErrorReport {
    /// The report of an invalid configuration.
    public init(_ error: ConfigurationError) {
        self.init(error.code, error.description)
    }
}
