import IPAMKit

/// A value in a table. Its kind decides how it is written and how it is sorted.
enum Cell: Hashable, Sendable {
    /// Nothing is known, or the column does not apply to the row.
    case none
    case text(String)
    case address(IPAddress)
    /// A number of addresses, or a revision.
    case number(UInt128)
    case time(Timestamp)
    /// The end of something that has not ended.
    case now
    /// The time since this point in time.
    case age(Timestamp)
    /// The time until this point in time.
    case left(Timestamp)
    /// How full something is, in percent, 0 to 100.
    case fullness(Int)

    init(_ text: String?) { self = text.map(Self.text) ?? .none }
    init(_ address: IPAddress?) { self = address.map(Self.address) ?? .none }
    init(_ time: Timestamp?) { self = time.map(Self.time) ?? .none }
    init(_ number: some BinaryInteger) { self = .number(UInt128(clamping: number)) }

    var isEmpty: Bool { self == .none || self == .text("") }

    /// The exact text, for CSV and wide tables; empty if there is no value.
    ///
    /// - Parameter now: the time from which ages are counted.
    func text(at now: Timestamp) -> String {
        switch self {
        case .none: ""
        case .text(let text): text
        case .address(let address): address.description
        case .number(let number): String(number)
        case .time(let time): time.description
        case .now: "now"
        case .age(let begin): Age.text(from: begin, to: now)
        case .left(let end): end > now ? Age.text(from: now, to: end) : "expired"
        case .fullness(let percent): "\(percent)%"
        }
    }

    /// The text for a narrow table: the number of addresses of an IPv6 subnet is abbreviated, such as `1.8e19`.
    func shortText(at now: Timestamp) -> String {
        guard case .number(let number) = self else { return text(at: now) }
        let digits = String(number)
        guard digits.utf8.count > 9 else { return digits }
        return "\(digits.prefix(1)).\(digits.dropFirst().prefix(1))e\(digits.utf8.count - 1)"
    }

    // MARK: Order

    /// Whether a row with this cell comes before a row with `other`; nil if the cells are equal. Addresses, numbers, times
    /// and ages are compared by their values. A cell without a value comes last, also in descending order.
    func precedes(_ other: Cell, descending: Bool) -> Bool? {
        switch (isEmpty, other.isEmpty) {
        case (true, true): return nil
        case (true, false): return false
        case (false, true): return true
        case (false, false): break
        }
        if self == other { return nil }
        return descending ? other.isLess(than: self) : isLess(than: other)
    }

    private func isLess(than other: Cell) -> Bool {
        switch (self, other) {
        case (.text(let left), .text(let right)): left < right
        case (.address(let left), .address(let right)): left < right
        case (.number(let left), .number(let right)): left < right
        case (.time(let left), .time(let right)): left < right
        case (.age(let left), .age(let right)): left > right
        case (.left(let left), .left(let right)): left < right
        case (.fullness(let left), .fullness(let right)): left < right
        default: rank < other.rank
        }
    }

    /// The order of cells of different kinds.
    private var rank: Int {
        switch self {
        case .address: 0
        case .number: 1
        case .fullness: 2
        case .time: 3
        case .now: 4
        case .age: 5
        case .left: 6
        case .text: 7
        case .none: 8
        }
    }
}
