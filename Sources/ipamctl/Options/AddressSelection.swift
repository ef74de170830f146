import IPAMKit

/// Addresses as an operator writes them: single ones, ranges `a-b` and CIDRs, separated by commas.
struct AddressSelection: Sendable {
    let ranges: [AddressRange]

    /// The most addresses that one command takes.
    static let limit: UInt128 = 65_536

    init(ranges: [AddressRange]) {
        self.ranges = ranges
    }

    /// The addresses of several arguments.
    init(_ selections: [AddressSelection]) {
        ranges = selections.flatMap(\.ranges)
    }

    /// Reads one argument.
    ///
    /// - Throws: ``Failure`` with the text that is not an address, or for more than ``limit`` addresses.
    init(argument text: String) throws(Failure) {
        let hint = "write an address, a range a-b, or a CIDR"
        ranges = try Failure.wrap(.usage, hint: hint) {
            try text.split(separator: ",").map { try AddressRange(parsing: String($0)) }
        }
        guard !ranges.isEmpty else { throw Failure(.usage, "\"\(text)\" names no address", hint: hint) }
        try requireWithinLimit()
    }

    /// - Throws: ``Failure`` for more than ``limit`` addresses.
    func requireWithinLimit() throws(Failure) {
        let count = ranges.reduce(UInt128(0)) { $0.addingReportingOverflow($1.count).partialValue }
        guard ranges.allSatisfy({ $0.count <= Self.limit }), count <= Self.limit else {
            throw Failure(.usage, "more than \(Self.limit) addresses are too many for one command")
        }
    }

    /// Every address, each once, in order. Of ranges and CIDRs, the addresses that no pod can have (network, broadcast,
    /// gateway, excluded) are left out and returned apart; if they are written singly, they stay in, to be refused.
    func addresses(in rangeSets: [RangeSet]) -> (addresses: [IPAddress], leftOut: [IPAddress]) {
        var addresses: [IPAddress] = []
        var leftOut: [IPAddress] = []
        var seen: Set<IPAddress> = []
        for range in ranges {
            var next: IPAddress? = range.start
            while let address = next, address <= range.end {
                next = address.advanced(by: 1)
                guard seen.insert(address).inserted else { continue }
                let isWithheld = rangeSets.contains { $0.range(containing: address)?.isWithheld(address) == true }
                if range.count > 1, isWithheld {
                    leftOut.append(address)
                } else {
                    addresses.append(address)
                }
            }
        }
        return (addresses, leftOut)
    }
}
