/// The numbers of a network's addresses, by state.
public struct NetworkSummary: Sendable {
    /// The network that was counted.
    public let network: NetworkName
    /// The subnets of all ranges, in configured order.
    public let subnets: [CIDR]
    /// The addresses that can be given out: dynamic and fixed ranges without gateways, network and broadcast addresses.
    public let total: UInt128
    /// The addresses in use, inside and outside the ranges.
    public let used: Int
    /// The addresses that are reserved and not in use, inside and outside the ranges.
    public let reserved: Int
    /// The addresses of the dynamic ranges that are neither used nor reserved: pods without a reservation can get them.
    public let free: UInt128
    /// The addresses of the fixed ranges that are neither used nor reserved.
    public let freeFixed: UInt128
    /// The addresses that are used or reserved and not part of ``total``: they are in no dynamic or fixed range, or are a
    /// gateway, a network or a broadcast address. ``total`` is `used + reserved + free + freeFixed - outsideRanges`.
    public let outsideRanges: Int
    /// Nil if the network is not on hold.
    public let hold: NetworkSettings.Hold?
    /// The last change of the network's ranges; nil if none is recorded.
    public let rangesChange: NetworkSettings.RangesChange?
    /// The addresses in use that are in none of the network's subnets in the store.
    public let outside: Int
    /// The counts of each range set, in configured order. A pod gets an address of each set, so the network is as full as its
    /// fullest set.
    public let sets: [RangeSetSummary]

    init(_ occupancy: NetworkOccupancy, rangeSets: [RangeSet]) {
        let overview = occupancy.overview
        network = overview.network
        let eligibility = AddressEligibility(network: network, sets: rangeSets)
        var usedOfSets = [[IPAddress]](repeating: [], count: rangeSets.count)
        var reservedOfSets = usedOfSets
        // Range sets may share a subnet.
        for address in occupancy.used {
            if let index = eligibility.owner(of: address)?.index { usedOfSets[index].append(address) }
        }
        for address in occupancy.reserved {
            if let index = eligibility.owner(of: address)?.index { reservedOfSets[index].append(address) }
        }
        sets = rangeSets.enumerated().map {
            RangeSetSummary(
                $0.element, index: $0.offset, used: usedOfSets[$0.offset], reserved: reservedOfSets[$0.offset])
        }
        subnets = sets.flatMap(\.subnets)
        total = sets.reduce(0) { $0 + $1.total }
        free = sets.reduce(0) { $0 + $1.free }
        freeFixed = sets.reduce(0) { $0 + $1.freeFixed }
        used = occupancy.used.count
        reserved = occupancy.reserved.count
        outsideRanges = occupancy.count - sets.reduce(0) { $0 + $1.usedInRanges + $1.reservedInRanges }
        hold = overview.settings?.hold
        rangesChange = overview.settings?.rangesChange
        let stored = overview.rangeSets ?? rangeSets
        outside = occupancy.used.count { address in !stored.contains { $0.range(containing: address) != nil } }
    }

    /// The set whose dynamic range has the smallest free part, the first of equals; nil if there are no sets.
    public var fullest: RangeSetSummary? {
        sets.reduce(nil) { fullest, set in
            guard let fullest else { return set }
            return set.partTaken > fullest.partTaken ? set : fullest
        }
    }

    /// How much of the fullest set's dynamic range is not free, in percent, 0 to 100; 0 if there are no sets.
    public var percentTaken: Int { fullest?.percentTaken ?? 0 }

    /// `{network, subnets, total, used, reserved, free, freeFixed, outsideRanges, full, rangeSets: [{index, family, subnets,
    /// total, used, reserved, free, freeFixed, outsideRanges, full}], rangesChange?: {by, at, from, to}, hold?}`; `full` in
    /// percent.
    public var json: JSONValue {
        var object: JSONObject = [
            "network": .string(network.text), "subnets": .array(subnets.map { .string($0.description) }),
            "total": JSONValue(total), "used": JSONValue(used), "reserved": JSONValue(reserved),
            "free": JSONValue(free), "freeFixed": JSONValue(freeFixed), "outsideRanges": JSONValue(outsideRanges),
            "full": JSONValue(percentTaken), "rangeSets": .array(sets.map(\.json)),
        ]
        object["rangesChange"] = rangesChange?.json
        object["hold"] = hold?.json
        return .object(object)
    }
}

/// The counts of one range set of a network.
public struct RangeSetSummary: Sendable {
    /// The position of the set among the network's sets, from 0.
    public let index: Int
    /// The family of all addresses of the set.
    public let family: AddressFamily
    /// The subnets of the set's ranges, in configured order.
    public let subnets: [CIDR]
    /// The addresses that can be given out: dynamic and fixed ranges without gateways, network and broadcast addresses.
    public let total: UInt128
    /// The addresses of the subnets that are in use.
    public let used: Int
    /// The addresses of the subnets that are reserved and not in use.
    public let reserved: Int
    /// The addresses of the dynamic range that are neither used nor reserved.
    public let free: UInt128
    /// The addresses of the fixed range that are neither used nor reserved.
    public let freeFixed: UInt128
    /// The addresses of ``total`` that are in use.
    public let usedInRanges: Int
    /// The addresses of ``total`` that are reserved and not in use.
    public let reservedInRanges: Int
    private let dynamic: UInt128

    /// - Parameters:
    ///   - used: the addresses of the set's subnets that are in use.
    ///   - reserved: those that are reserved and not in use.
    init(_ set: RangeSet, index: Int, used: [IPAddress], reserved: [IPAddress]) {
        let (dynamicSpace, fixedSpace) = (set.dynamicSpace, set.fixedSpace)
        var (takenOfDynamic, takenOfFixed): (UInt128, UInt128) = (0, 0)
        /// How many of the addresses are in the ranges.
        func take(_ addresses: [IPAddress]) -> Int {
            addresses.count { address in
                // No address is in both.
                if dynamicSpace.contains(address) {
                    takenOfDynamic += 1
                } else if fixedSpace.contains(address) {
                    takenOfFixed += 1
                } else {
                    return false
                }
                return true
            }
        }
        let (usedInRanges, reservedInRanges) = (take(used), take(reserved))
        self.usedInRanges = usedInRanges
        self.reservedInRanges = reservedInRanges
        self.index = index
        self.used = used.count
        self.reserved = reserved.count
        family = set.family
        subnets = set.ranges.map(\.subnet)
        dynamic = dynamicSpace.count
        free = dynamic - takenOfDynamic
        freeFixed = fixedSpace.count - takenOfFixed
        total = dynamic + fixedSpace.count
    }

    /// The addresses of the subnets that are used or reserved and not part of ``total``.
    public var outsideRanges: Int { used + reserved - usedInRanges - reservedInRanges }

    /// The part of the dynamic range that is not free, 0 to 1; 0 if the range is empty.
    var partTaken: Double { dynamic == 0 ? 0 : Double(dynamic - free) / Double(dynamic) }

    /// The part of the dynamic range that is not free, in percent, rounded; 100 only if no address is free.
    public var percentTaken: Int {
        let rounded = Int((partTaken * 100).rounded())
        return free > 0 ? min(rounded, 99) : rounded
    }

    var json: JSONValue {
        [
            "index": JSONValue(index), "family": .string("\(family)"),
            "subnets": .array(subnets.map { .string($0.description) }), "total": JSONValue(total),
            "used": JSONValue(used), "reserved": JSONValue(reserved), "free": JSONValue(free),
            "freeFixed": JSONValue(freeFixed), "outsideRanges": JSONValue(outsideRanges),
            "full": JSONValue(percentTaken),
        ]
    }
}
