/// The value of a network's `/config` key: the settings that the Go project does not know. They would be lost in the network's
/// own key, which the Go project rewrites.
public struct NetworkSettings: Hashable, Sendable {
    /// A hold: ADDs of the network are refused, until an operator lifts the hold.
    public struct Hold: Hashable, Sendable {
        /// The longest accepted reason, in bytes of UTF-8. A stored reason may be longer.
        public static let longestReason = 1024

        /// Who put the network on hold, such as `root@admin1`; nil if it is not recorded.
        public let by: String?
        /// The operator's text; nil if none was given.
        public let reason: String?
        /// The start of the hold as stored (RFC 3339); nil if it is not recorded.
        public let since: String?

        /// Makes a hold that is not stored yet.
        public init(by: String?, reason: String?, since: String?) {
            self.by = by
            self.reason = reason
            self.since = since
        }

        /// `{by, reason, since}`; absent members are left out.
        public var json: JSONValue {
            var object = JSONObject()
            object["by"] = by.map(JSONValue.string)
            object["reason"] = reason.map(JSONValue.string)
            object["since"] = since.map(JSONValue.string)
            return .object(object)
        }
    }

    /// A change of the network's ranges by an ADD. Every ADD writes the ranges of its configuration, so two configurations with
    /// the same network name and other ranges overwrite each other.
    public struct RangesChange: Hashable, Sendable {
        /// The pod of the ADD, such as `default/web-0 on n1`; nil if it is not recorded.
        public let by: String?
        /// The time of the ADD as stored (RFC 3339); nil if it is not recorded.
        public let at: String?
        /// The former ranges, such as `10.188.0.0/24 10.188.0.1-10.188.0.254 gateway 10.188.0.1`, comma-separated.
        public let from: String?
        /// The new ranges, in the same form.
        public let to: String?

        /// Makes a change that is not stored yet.
        public init(by: String?, at: String?, from: String?, to: String?) {
            self.by = by
            self.at = at
            self.from = from
            self.to = to
        }

        /// `{by, at, from, to}`; absent members are left out.
        public var json: JSONValue {
            var object = JSONObject()
            object["by"] = by.map(JSONValue.string)
            object["at"] = at.map(JSONValue.string)
            object["from"] = from.map(JSONValue.string)
            object["to"] = to.map(JSONValue.string)
            return .object(object)
        }

        /// `an ADD of default/web-0 on n1 changed the network's ranges at 2026-11-23T02:00:00Z`
        public var message: String {
            "an ADD" + (by.map { " of \($0)" } ?? "") + " changed the network's ranges" + (at.map { " at \($0)" } ?? "")
        }

        /// ``message`` with the former and the new ranges.
        var messageWithRanges: String {
            message + (from.map { " from \($0)" } ?? "") + (to.map { " to \($0)" } ?? "")
        }
    }

    /// Whether nodes may still run the Go plugin on this network.
    public var hasGoNodes: Bool
    /// The fixed ranges of all range sets.
    public var fixed: [AddressRange]
    /// The excluded addresses of all range sets, ascending, disjoint, not adjacent.
    public var excluded: [AddressRange]
    /// Nil if the network is not on hold.
    public private(set) var hold: Hold?
    /// The last change of the network's ranges; nil if none is recorded.
    public private(set) var rangesChange: RangesChange?
    /// The object as stored, so that members that this version does not know are kept.
    private var stored: JSONObject

    /// Makes the settings of a network that has none yet.
    public init(hasGoNodes: Bool, fixed: [AddressRange], excluded: [AddressRange] = []) {
        self.hasGoNodes = hasGoNodes
        self.fixed = fixed
        self.excluded = excluded
        stored = JSONObject()
    }

    /// Reads a stored value.
    ///
    /// - Throws: ``DamagedValue``, also if the format is newer than this version.
    public init(stored text: String) throws(DamagedValue) {
        guard let object = try JSONValue(stored: text).object else { throw DamagedValue("it is not an object") }
        let format = object["format"]?.int ?? 0
        guard format == 1 else { throw DamagedValue("its format is \(format); this version supports only format 1") }
        stored = object
        hasGoNodes = object["goNodes"]?.bool ?? true
        fixed = try Self.ranges(object["fixed"], "a fixed range")
        excluded = AddressRange.merged(try Self.ranges(object["exclude"], "an excluded range"))
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

    /// Reads an array of pairs of addresses; none if it is absent.
    private static func ranges(_ json: JSONValue?, _ what: String) throws(DamagedValue) -> [AddressRange] {
        var ranges: [AddressRange] = []
        for pair in json?.array ?? [] {
            guard let texts = pair.array?.map(\.string), texts.count == 2, let first = texts[0], let last = texts[1],
                let start = try? IPAddress(first), let end = try? IPAddress(last),
                let range = try? AddressRange(start, end)
            else { throw DamagedValue("\(pair.serialized()) is not \(what)") }
            ranges.append(range)
        }
        return ranges
    }

    /// Sets or lifts the hold. Members of a former hold that this version does not know are removed, too.
    public mutating func setHold(_ hold: Hold?) {
        self.hold = hold
        stored["hold"] = hold?.json
    }

    /// Records a change of the ranges; it replaces the former change.
    mutating func record(_ change: RangesChange) {
        rangesChange = change
        stored["rangesChange"] = change.json
    }

    /// Records the fixed and the excluded addresses of a configuration.
    mutating func record(_ rangeSets: [RangeSet]) {
        fixed = rangeSets.fixedRanges
        excluded = rangeSets.excludedRanges
    }

    /// Whether the fixed and the excluded addresses are those of a configuration.
    func match(_ rangeSets: [RangeSet]) -> Bool {
        fixed == rangeSets.fixedRanges && excluded == rangeSets.excludedRanges
    }

    /// The stored value: `{format, goNodes, fixed, exclude, hold, rangesChange}`, without `exclude` if nothing is
    /// excluded, and the members that this version does not know.
    public func serialized() -> String {
        var object = stored
        object["format"] = 1
        object["goNodes"] = .bool(hasGoNodes)
        object["fixed"] = Self.json(fixed)
        object["exclude"] = excluded.isEmpty ? nil : Self.json(excluded)
        return JSONValue.object(object).serialized()
    }

    /// `[["10.188.0.10","10.188.0.255"]]`
    static func json(_ ranges: [AddressRange]) -> JSONValue {
        .array(ranges.map { [.string($0.start.description), .string($0.end.description)] })
    }
}

/// What a network's document does not have.
extension [RangeSet] {
    /// The fixed ranges, in configured order.
    public var fixedRanges: [AddressRange] { flatMap { $0.ranges.compactMap(\.fixed) } }

    /// The excluded addresses: ascending, disjoint, not adjacent.
    public var excludedRanges: [AddressRange] { AddressRange.merged(flatMap { $0.ranges.flatMap(\.excluded) }) }
}
