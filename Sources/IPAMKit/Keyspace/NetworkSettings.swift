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

    /// That the network consists of other ranges than before, and who made it so. The last ADD says what the ranges are: two
    /// configurations of one name change them to and fro.
    public struct RangesChange: Hashable, Sendable {
        /// Whose ADD it was: `default/web-0 on n1`.
        public let by: String?
        /// RFC 3339.
        public let at: String?
        /// What the ranges were, for people: `10.188.0.0/24 10.188.0.1-10.188.0.254 gateway 10.188.0.1`.
        public let from: String?
        /// What they became, likewise.
        public let to: String?

        public init(by: String?, at: String?, from: String?, to: String?) {
            self.by = by
            self.at = at
            self.from = from
            self.to = to
        }

        /// `{by, at, from, to}`; absent parts are left out.
        public var json: JSONValue {
            var object = JSONObject()
            object["by"] = by.map(JSONValue.string)
            object["at"] = at.map(JSONValue.string)
            object["from"] = from.map(JSONValue.string)
            object["to"] = to.map(JSONValue.string)
            return .object(object)
        }

        /// `an ADD of default/web-0 on n1 changed the network's ranges at 2026-11-23T02:00:00Z`
        public var sentence: String {
            "an ADD" + (by.map { " of \($0)" } ?? "") + " changed the network's ranges" + (at.map { " at \($0)" } ?? "")
        }

        /// ``sentence``, and from what to what.
        var wholeSentence: String {
            sentence + (from.map { " from \($0)" } ?? "") + (to.map { " to \($0)" } ?? "")
        }
    }

    /// True while nodes may run the Go plugin on this network.
    public var hasGoNodes: Bool
    /// The fixed ranges of the network's subnets.
    public var fixed: [AddressRange]
    /// Why no address is given out at the moment; nil where they are.
    public private(set) var hold: Hold?
    /// The last change of the network's ranges; nil where none was recorded.
    public private(set) var rangesChange: RangesChange?
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
        rangesChange = object["rangesChange"]?.object.map { change in
            RangesChange(
                by: change["by"]?.string, at: change["at"]?.string, from: change["from"]?.string,
                to: change["to"]?.string)
        }
    }

    /// Holds the network, or lifts the hold. What this version does not know of a former hold goes with it.
    public mutating func setHold(_ hold: Hold?) {
        self.hold = hold
        stored["hold"] = hold?.json
    }

    /// Records a change of the ranges, in the place of the one before.
    mutating func record(_ change: RangesChange) {
        rangesChange = change
        stored["rangesChange"] = change.json
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
