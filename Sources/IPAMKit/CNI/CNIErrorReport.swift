/// The code of an error (CNI spec section 5, "Error"); from 100 on they are this plugin's own.
public enum CNIErrorCode: Int, Hashable, Sendable, CaseIterable {
    /// The version of the configuration is not spoken.
    case incompatibleCNIVersion = 1
    /// A field of the configuration has a value that is not supported.
    case unsupportedField = 2
    /// The container is unknown or does not exist.
    case unknownContainer = 3
    /// A necessary environment variable, such as CNI_COMMAND or CNI_ARGS, is missing or malformed.
    case invalidEnvironmentVariables = 4
    /// The configuration could not be read, or the result not written.
    case ioFailure = 5
    /// What was read is not JSON.
    case decodingFailure = 6
    /// The configuration is not valid.
    case invalidNetworkConfig = 7
    /// A passing condition: the runtime should try again later.
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
    /// The address is not one that this pod may have.
    case addressNotAllowed = 103
    /// An operator has put the network on hold.
    case networkOnHold = 104
    /// CHECK: what the runtime believes is not what is recorded.
    case addressNotRecorded = 105
    /// The pod that an address is asked for is not in Kubernetes (any more).
    case podGone = 106
    /// An error inside the plugin.
    case internalError = 999
}

/// What a plugin prints when it fails (CNI spec section 5, "Error").
public struct CNIErrorReport: Error, Hashable, Sendable {
    /// The version of the configuration; the newest one if that is not known.
    public var cniVersion: CNIVersion
    /// The code.
    public var code: CNIErrorCode
    /// The error message: what is wrong and where, on one line.
    public var msg: String
    /// More, such as a next step; left out of the JSON when empty.
    public var details: String

    /// Makes a report of the newest version.
    public init(_ code: CNIErrorCode, _ msg: String, details: String = "") {
        cniVersion = .newest
        self.code = code
        self.msg = msg
        self.details = details
    }

    /// The report as the specification wants it printed.
    public var json: JSONValue {
        var object: JSONObject = [
            "cniVersion": .string(cniVersion.rawValue), "code": JSONValue(code.rawValue), "msg": .string(msg),
        ]
        if !details.isEmpty { object["details"] = .string(details) }
        return .object(object)
    }
}
