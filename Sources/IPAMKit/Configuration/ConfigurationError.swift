/// An error in a network configuration or in CNI_ARGS.
public enum ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is no text, or white space only.
    case empty
    /// The text is longer than `limit` bytes.
    case tooLarge(limit: Int)
    /// The text is not JSON.
    case syntax(JSONSyntaxError)
    /// The text is JSON, but not an object; `found` is its kind, such as `an array`.
    case notAnObject(found: String)
    /// `cniVersion` is not a supported version.
    case unknownVersion(String)
    /// A required key is absent: `key` is the key path, `expected` what is required.
    case missing(key: String, expected: String)
    /// A key has an invalid value: `key` is the key path, `found` the value as JSON text, `problem` the error and a valid value.
    case value(key: String, found: String, problem: String)
    /// CNI_ARGS, or a value in it, is malformed: `found` is the part, in quotes.
    case arguments(found: String, problem: String)

    /// The error message, on one line, with the key path and the value.
    public var description: String {
        switch self {
        case .empty:
            "the network configuration is empty"
        case .tooLarge(let limit):
            "the network configuration is longer than \(limit) bytes, the most that is allowed"
        case .syntax(let error):
            "the network configuration is not valid JSON: \(error)"
        case .notAnObject(let found):
            "the network configuration must be a JSON object, not \(found)"
        case .unknownVersion(let text):
            "cniVersion \(text.quotedForPeople) is not supported; supported versions: \(CNIVersion.list)"
        case .missing(let key, let expected):
            "\(key) is missing: \(expected)"
        case .value(let key, let found, let problem):
            "\(key): \(found) \(problem)"
        case .arguments(let found, let problem):
            "CNI_ARGS: \(found) \(problem)"
        }
    }

    /// The key path that the error is about, such as `ipam.subnet`; nil for an error of the whole text, or of CNI_ARGS.
    public var key: String? {
        switch self {
        case .missing(let key, _), .value(let key, _, _): key
        case .unknownVersion: "cniVersion"
        case .empty, .tooLarge, .syntax, .notAnObject, .arguments: nil
        }
    }

    /// The same error of the same member by another path.
    func renamed(_ key: String) -> ConfigurationError {
        switch self {
        case .missing(_, let expected): .missing(key: key, expected: expected)
        case .value(_, let found, let problem): .value(key: key, found: found, problem: problem)
        case .unknownVersion, .empty, .tooLarge, .syntax, .notAnObject, .arguments: self
        }
    }

    /// The error code for the runtime (CNI spec section 5, "Error").
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
    /// Makes the report of an invalid configuration.
    public init(_ error: ConfigurationError) {
        self.init(error.code, error.description)
    }
}
