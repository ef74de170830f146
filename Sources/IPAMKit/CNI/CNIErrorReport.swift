/// The code of an error (CNI spec section 5, "Error"); codes from 100 on are this plugin's own.
public enum CNIErrorCode: Int, Hashable, Sendable, CaseIterable {
    /// The `cniVersion` of the configuration is not supported.
    case incompatibleCNIVersion = 1
    /// A field of the configuration has a value that is not supported.
    case unsupportedField = 2
    /// The container is unknown or does not exist.
    case unknownContainer = 3
    /// A necessary environment variable, such as CNI_COMMAND or CNI_ARGS, is missing or malformed.
    case invalidEnvironmentVariables = 4
    /// The configuration could not be read, or the result not written.
    case ioFailure = 5
    /// The configuration is not valid JSON.
    case decodingFailure = 6
    /// The configuration is not valid.
    case invalidNetworkConfig = 7
    /// A temporary condition: the runtime should try again later.
    case tryAgainLater = 11
    /// STATUS: the plugin cannot serve ADD.
    case pluginNotAvailable = 50
    /// STATUS: the plugin cannot serve ADD, and containers of the network may have limited connectivity.
    case limitedConnectivity = 51
    /// No address of the pool is free.
    case poolExhausted = 100
    /// Another attachment holds the address.
    case addressInUse = 101
    /// The address is reserved for another pod.
    case reservedForAnother = 102
    /// This pod may not have the address.
    case addressNotAllowed = 103
    /// An operator has put the network on hold.
    case networkOnHold = 104
    /// CHECK: the store does not have the addresses of `prevResult` for the attachment.
    case addressNotRecorded = 105
    /// The pod that the ADD is for is no longer in Kubernetes.
    case podGone = 106
    /// An error inside the plugin.
    case internalError = 999
}

/// The error object that a plugin prints if it fails (CNI spec section 5, "Error").
public struct CNIErrorReport: Error, Hashable, Sendable {
    /// The version of the configuration; the newest version if the configuration's is not known.
    public var cniVersion: CNIVersion
    /// The error code; the runtime's reaction depends on it.
    public var code: CNIErrorCode
    /// The error message, on one line.
    public var msg: String
    /// Further details, such as what an operator can do; left out of the JSON if empty.
    public var details: String

    /// Makes a report with the newest `cniVersion`.
    public init(_ code: CNIErrorCode, _ msg: String, details: String = "") {
        cniVersion = .newest
        self.code = code
        self.msg = msg
        self.details = details
    }

    /// `{cniVersion, code, msg, details}`; `details` is left out if empty.
    public var json: JSONValue {
        var object: JSONObject = [
            "cniVersion": .string(cniVersion.rawValue), "code": JSONValue(code.rawValue), "msg": .string(msg),
        ]
        if !details.isEmpty { object["details"] = .string(details) }
        return .object(object)
    }
}
