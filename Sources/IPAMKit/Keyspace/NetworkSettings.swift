/// The value of a network's `/config` key: what the Go project does not know of a network, and its rewriting of the
/// network's own key would lose.
public struct NetworkSettings: Hashable, Sendable {
    /// Why no address is given out at the moment.
    public struct Hold: Hashable, Sendable {
        /// In bytes of UTF-8: the longest reason that is accepted. What is stored already may be longer.
        public static let longestReason = 1024

        /// Who holds it, such as `root@admin1`.
        public let by: String?
        public let reason: String?
        /// RFC 3339.
        public let since: String?

        public init(by: String?, reason: String?, since: String?) {
            self.by = by
            self.reason = reason
            self.since = since
        }

        /// `{by, reason, since}`; absent parts are left out.
        public var json: JSONValue {
            var object = JSONObject()
            object["by"] = by.map(JSONValue.string)
            object["reason"] = reason.map(JSONValue.string)
            object["since"] = since.map(JSONValue.string)
            return .object(object)
        }
    }

    /// True while nodes may run the Go plugin on this network.
    public var hasGoNodes: Bool
    /// The fixed ranges of the network's subnets.
    public var fixed: [AddressRange]
    /// Why no address is given out at the moment; nil where they are.
    public private(set) var hold: Hold?
    /// The object as it was stored, so that rewriting it keeps what this version does not know.
    private var stored: JSONObject

    /// The settings of a network that is first made here.
    public init(hasGoNodes: Bool, fixed: [AddressRange]) {
        self.hasGoNodes = hasGoNodes
        self.fixed = fixed
        stored = JSONObject()
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue``, also for a format newer than this version knows.
    public init(stored text: String) throws(DamagedValue) {
        guard let object = try JSONValue(stored: text).object else { throw DamagedValue("it is not an object") }
        let format = object["format"]?.int ?? 0
        guard format == 1 else { throw DamagedValue("its format is \(format), and this version knows format 1") }
        stored = object
        hasGoNodes = object["goNodes"]?.bool ?? true
        fixed = []
        for pair in object["fixed"]?.array ?? [] {
            guard let texts = pair.array?.map(\.string), texts.count == 2, let first = texts[0], let last = texts[1],
                let start = try? IPAddress(first), let end = try? IPAddress(last),
                let range = try? AddressRange(start, end)
            else { throw DamagedValue("\(pair.serialized()) is not a fixed range") }
            fixed.append(range)
        }
        if let value = object["hold"], !value.isNull {
            guard let hold = value.object else { throw DamagedValue("its hold is not an object") }
            self.hold = Hold(
                by: hold["by"]?.string, reason: hold["reason"]?.string, since: hold["since"]?.string)
        }
    }

    /// Holds the network, or lifts the hold. What this version does not know of a former hold goes with it.
    public mutating func setHold(_ hold: Hold?) {
        self.hold = hold
        stored["hold"] = hold?.json
    }

    public func serialized() -> String {
        var object = stored
        object["format"] = 1
        object["goNodes"] = .bool(hasGoNodes)
        object["fixed"] = .array(
            fixed.map { [.string($0.start.description), .string($0.end.description)] })
        return JSONValue.object(object).serialized()
    }
}
