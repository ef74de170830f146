/// A closed range of addresses of one family: both ends belong to the range.
public struct AddressRange: Hashable, Sendable, CustomStringConvertible {
    /// The first address.
    public let start: IPAddress
    /// The last address, never before ``start``.
    public let end: IPAddress

    /// Makes the range `start...end`.
    ///
    /// - Throws: ``AddressError/familiesDiffer(start:end:)`` or ``AddressError/reversed(start:end:)``.
    public init(_ start: IPAddress, _ end: IPAddress) throws(AddressError) {
        guard start.family == end.family else { throw .familiesDiffer(start: start, end: end) }
        guard start <= end else { throw .reversed(start: start, end: end) }
        self.start = start
        self.end = end
    }

    /// Makes a range of one address.
    public init(_ address: IPAddress) {
        start = address
        end = address
    }

    /// Makes a range from ends of one family that are in order; only debug builds check this.
    public init(unchecked start: IPAddress, _ end: IPAddress) {
        assert(start.family == end.family && start <= end, "a range has two ends of one family, in order")
        self.start = start
        self.end = end
    }

    /// Reads `a`, `a-b` or a CIDR block, such as `10.188.0.10`, `10.188.0.10-10.188.0.255` or `10.188.0.0/24`.
    ///
    /// - Throws: ``AddressError`` if the text has none of these forms.
    public init(parsing text: String) throws(AddressError) {
        if let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")) {
            let start = try IPAddress(String(text[..<dash]))
            let end = try IPAddress(String(text[text.utf8.index(after: dash)...]))
            try self.init(start, end)
        } else if text.utf8.contains(UInt8(ascii: "/")) {
            self = try CIDR(text).range
        } else {
            self.init(try IPAddress(text))
        }
    }

    /// The family of the addresses.
    public var family: AddressFamily { start.family }

    /// The number of addresses; `UInt128.max` stands for the 2¹²⁸ of all IPv6 addresses.
    public var count: UInt128 {
        let distance = end.value - start.value
        return distance == .max ? .max : distance + 1
    }

    /// Whether an address lies in the range.
    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && start.value <= address.value && address.value <= end.value
    }

    /// Whether two ranges have an address in common.
    public func overlaps(_ other: AddressRange) -> Bool {
        family == other.family && start.value <= other.end.value && other.start.value <= end.value
    }

    /// The addresses that two ranges have in common; nil if there are none.
    public func intersection(_ other: AddressRange) -> AddressRange? {
        overlaps(other) ? AddressRange(unchecked: max(start, other.start), min(end, other.end)) : nil
    }

    /// The same addresses as ascending, disjoint ranges that are not adjacent: equal for equal sets of addresses.
    public static func merged(_ ranges: [AddressRange]) -> [AddressRange] {
        var merged: [AddressRange] = []
        for range in ranges.sorted(by: { $0.start < $1.start }) {
            if let last = merged.last, last.overlaps(range) || last.end.advanced(by: 1) == range.start {
                merged[merged.count - 1] = AddressRange(unchecked: last.start, max(last.end, range.end))
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// `10.188.0.10-10.188.0.255`, or the address alone if there is only one.
    public var description: String {
        start == end ? start.description : "\(start)-\(end)"
    }
}

extension AddressRange {
    /// The addresses of disjoint ranges, in the order of the ranges.
    ///
    /// - Parameters:
    ///   - taken: the addresses to leave out, ascending.
    ///   - limit: the largest number of addresses to return.
    package static func addresses(of ranges: [AddressRange], without taken: [IPAddress], limit: Int) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for range in ranges {
            var index = taken.partitionPoint { $0 < range.start }
            var next: IPAddress? = range.start
            while let address = next, address <= range.end, addresses.count < limit {
                if index < taken.count, taken[index] == address { index += 1 } else { addresses.append(address) }
                next = address.advanced(by: 1)
            }
        }
        return addresses
    }
}
