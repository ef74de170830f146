/// The value of a network's own key: its range sets, as the Go project writes them.
///
/// `[[{"rangeStart":"10.188.1.0","rangeEnd":"10.188.255.254","subnet":"10.188.0.0/16","gateway":"10.188.0.1"}]]`, an
/// array of range sets. The fixed ranges and the excluded addresses are not part of it; ``NetworkSettings`` has them.
public enum NetworkDocument {
    /// The stored value for `rangeSets`.
    public static func serialize(_ rangeSets: [RangeSet]) -> String {
        JSONValue.array(
            rangeSets.map { set in
                .array(
                    set.ranges.map { range in
                        [
                            "rangeStart": .string(range.rangeStart.description),
                            "rangeEnd": .string(range.rangeEnd.description),
                            "subnet": .string(range.subnet.description),
                            "gateway": .string(range.gateway.description),
                        ]
                    })
            }
        ).serialized()
    }

    /// The ranges for messages: `10.188.0.0/24 10.188.0.1-10.188.0.254 gateway 10.188.0.1`, comma-separated.
    static func phrase(of rangeSets: [RangeSet]) -> String {
        rangeSets.flatMap(\.ranges).map { range in
            "\(range.subnet) \(range.range)" + (range.fixed.map { " fixed \($0)" } ?? "") + " gateway \(range.gateway)"
                + phrase(excluding: range.excluded)
        }.joined(separator: ", ")
    }

    /// The most excluded ranges that a message names.
    private static let mostNamed = 8

    /// ` excluding 10.188.1.0-10.188.1.15 and 10.188.1.77`; their number if there are many; empty if there are none.
    fileprivate static func phrase(excluding ranges: [AddressRange]) -> String {
        guard !ranges.isEmpty else { return "" }
        guard ranges.count > mostNamed else {
            return " excluding " + ranges.map(\.description).joined(separator: " and ")
        }
        // Cannot overflow: the ranges are disjoint parts of a subnet that is smaller than the family.
        return " excluding \(ranges.count) ranges of \(ranges.reduce(UInt128(0)) { $0 + $1.count }) addresses"
    }

    /// Reads a stored value, with the fixed ranges and the excluded addresses of the network's settings.
    ///
    /// - Throws: ``DamagedValue`` if the text is not valid, or the range sets are not.
    public static func parse(_ text: String, _ settings: NetworkSettings?) throws(DamagedValue) -> [RangeSet] {
        try parse(text, fixed: settings?.fixed ?? [], excluded: settings?.excluded ?? [])
    }

    /// Reads a stored value, and assigns each fixed range to the first range whose subnet has it.
    ///
    /// - Parameters:
    ///   - fixed: the fixed ranges of ``NetworkSettings``.
    ///   - excluded: the excluded addresses of ``NetworkSettings``; each range has those of its subnet.
    /// - Throws: ``DamagedValue`` if the text is not valid, or the range sets are not.
    public static func parse(_ text: String, fixed: [AddressRange] = [], excluded: [AddressRange] = [])
        throws(DamagedValue) -> [RangeSet]
    {
        guard let sets = try JSONValue(stored: text).array else { throw DamagedValue("it is not an array") }
        var unassigned = fixed
        var parsed: [RangeSet] = []
        for set in sets {
            guard let members = set.array else { throw DamagedValue("a range set is not an array") }
            var ranges: [PoolRange] = []
            for member in members { ranges.append(try range(member, &unassigned, excluded)) }
            do throws(RangeError) {
                parsed.append(try RangeSet(ranges))
            } catch {
                throw DamagedValue(error.description)
            }
        }
        do throws(RangeError) {
            try RangeSet.requireDisjoint(parsed)
        } catch {
            throw DamagedValue(error.description)
        }
        return parsed
    }

    /// Reads a range, and removes its fixed range from `unassigned`: two ranges may share a subnet, but not a fixed range.
    private static func range(
        _ json: JSONValue, _ unassigned: inout [AddressRange], _ excluded: [AddressRange]
    ) throws(DamagedValue) -> PoolRange {
        guard let text = json["subnet"]?.string, let subnet = try? CIDR(text) else {
            throw DamagedValue("a range has no subnet")
        }
        let index = unassigned.firstIndex { subnet.contains($0.start) && subnet.contains($0.end) }
        let fixed = index.map { unassigned.remove(at: $0) }
        let start = try address("rangeStart", of: json)
        let end = try address("rangeEnd", of: json)
        let gateway = try address("gateway", of: json)
        do throws(RangeError) {
            return try PoolRange(
                subnet: subnet, rangeStart: start, rangeEnd: end, gateway: gateway, fixed: fixed, excluded: excluded)
        } catch {
            throw DamagedValue(error.description)
        }
    }

    private static func address(_ key: String, of json: JSONValue) throws(DamagedValue) -> IPAddress? {
        guard let value = json[key], !value.isNull else { return nil }
        guard let text = value.string, let address = try? IPAddress(text) else {
            throw DamagedValue("\(key) \(value.serialized()) is not an address")
        }
        return address
    }
}

extension RangeSet {
    /// The ranges for people, with their fixed and excluded addresses:
    /// `10.188.1.0-10.188.1.99 fixed 10.188.0.10-10.188.0.255 excluding 10.188.1.7`, comma-separated.
    public var phrase: String {
        ranges.map { range in
            "\(range.range)" + (range.fixed.map { " fixed \($0)" } ?? "")
                + NetworkDocument.phrase(excluding: range.excluded)
        }.joined(separator: ", ")
    }
}
