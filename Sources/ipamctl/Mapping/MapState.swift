import IPAMKit

/// What an address of a network is, in a map; the raw value is part of the JSON.
enum MapState: String, CaseIterable, Sendable {
    /// In use, reserved or not.
    case used
    /// Reserved and not in use.
    case reserved
    /// A free address of the dynamic range.
    case free
    /// A free address of the fixed range.
    case fixed
    /// A gateway that is neither in use nor reserved.
    case gateway
    /// An address that is never given out: network and broadcast addresses, and what is outside the ranges.
    case excluded

    /// For people.
    var phrase: String {
        switch self {
        case .used, .reserved, .free, .gateway: rawValue
        case .fixed: "free, fixed range"
        case .excluded: "excluded"
        }
    }

    /// The colour, which only repeats what the character says.
    var style: Style? {
        switch self {
        case .used, .excluded: nil
        case .reserved: .cyan
        case .free, .fixed: .green
        case .gateway: .yellow
        }
    }
}

/// How many addresses have each state.
struct MapCounts: Hashable, Sendable {
    private var numbers = [UInt128](repeating: 0, count: MapState.allCases.count)

    subscript(state: MapState) -> UInt128 {
        get { numbers[Self.index(state)] }
        set { numbers[Self.index(state)] = newValue }
    }

    private static func index(_ state: MapState) -> Int {
        switch state {
        case .used: 0
        case .reserved: 1
        case .free: 2
        case .fixed: 3
        case .gateway: 4
        case .excluded: 5
        }
    }

    /// The number of all addresses; `UInt128.max` stands for 2¹²⁸.
    var total: UInt128 {
        numbers.reduce(0) { sum, number in
            let (sum, overflow) = sum.addingReportingOverflow(number)
            return overflow ? .max : sum
        }
    }

    /// The addresses that are used or reserved.
    var taken: UInt128 { self[.used] + self[.reserved] }

    /// The addresses that can be given out and are not taken.
    var available: UInt128 { self[.free] + self[.fixed] }

    /// The state that matters most: what is used, what is reserved, then what most of the free addresses are.
    var state: MapState {
        if self[.used] > 0 { return .used }
        if self[.reserved] > 0 { return .reserved }
        if available > 0 { return self[.fixed] > self[.free] ? .fixed : .free }
        return self[.gateway] > 0 ? .gateway : .excluded
    }

    /// How much of what can be given out is taken, 0 to 1; 0 if nothing is taken, 1 only if nothing is available.
    var fill: Double {
        taken == 0 ? 0 : available == 0 ? 1 : min(Double(taken) / (Double(taken) + Double(available)), 0.999)
    }

    static func += (left: inout MapCounts, right: MapCounts) {
        for state in MapState.allCases { left[state] = left[state] &+ right[state] }
    }

    /// `3 used, 1 reserved, 250 free`: the states that have addresses.
    ///
    /// - Parameter number: writes a number.
    func phrase(_ number: (UInt128) -> String) -> String {
        MapState.allCases.filter { self[$0] > 0 }.map { state in
            "\(number(self[state])) \(state == .fixed ? "free fixed" : state.phrase)"
        }.joined(separator: ", ")
    }
}
