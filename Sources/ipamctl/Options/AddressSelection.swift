import IPAMKit

/// Addresses as an operator writes them: single ones, ranges `a-b` and CIDRs, each perhaps several with commas.
struct AddressSelection {
    let ranges: [AddressRange]

    /// The most addresses that one command takes.
    static let limit: UInt128 = 65_536

    init(ranges: [AddressRange]) {
        self.ranges = ranges
    }

    /// - Throws: ``Failure`` that names what is no address.
    init(_ texts: [String]) throws(Failure) {
        var ranges: [AddressRange] = []
        for text in texts.flatMap({ $0.split(separator: ",") }) {
            do throws(AddressError) {
                ranges.append(try AddressRange(parsing: String(text)))
            } catch {
                throw Failure(.usage, "\(error)", hint: "write an address, a range a-b, or a CIDR")
            }
        }
        if ranges.isEmpty, let text = texts.first {
            throw Failure(.usage, "\"\(text)\" names no address", hint: "write an address, a range a-b, or a CIDR")
        }
        let count = ranges.reduce(UInt128(0)) { $0.addingReportingOverflow($1.count).partialValue }
        guard ranges.allSatisfy({ $0.count <= Self.limit }), count <= Self.limit else {
            throw Failure(.usage, "more than \(Self.limit) addresses are too many for one command")
        }
        self.ranges = ranges
    }

    /// Every address, each once, in order. Of ranges and CIDRs, the addresses that no pod can have (network, broadcast,
    /// gateway) are passed over and told; written singly, they stay in, to be refused.
    func addresses(in rangeSets: [RangeSet]) -> (addresses: [IPAddress], passedOver: [IPAddress]) {
        var addresses: [IPAddress] = []
        var passedOver: [IPAddress] = []
        var seen: Set<IPAddress> = []
        for range in ranges {
            var next: IPAddress? = range.start
            while let address = next, address <= range.end {
                next = address.advanced(by: 1)
                guard seen.insert(address).inserted else { continue }
                let role = rangeSets.lazy.compactMap { $0.range(containing: address)?.role(of: address) }.first
                if range.count > 1, role != nil {
                    passedOver.append(address)
                } else {
                    addresses.append(address)
                }
            }
        }
        return (addresses, passedOver)
    }

    /// One address.
    ///
    /// - Throws: ``Failure``.
    static func single(_ text: String) throws(Failure) -> IPAddress {
        do throws(AddressError) {
            return try IPAddress(text)
        } catch {
            throw Failure(.usage, "\(error)")
        }
    }
}
