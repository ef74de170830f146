import IPAMKit

/// Addresses to look for: single ones, ranges `a-b` and CIDRs of any size, separated by commas.
struct AddressFilter: Sendable {
    let ranges: [AddressRange]

    private static let forms = "write an address, a range a-b, or a CIDR"

    /// The addresses of several options and arguments; nil if there are none, which means all addresses.
    init?(_ filters: [AddressFilter]) {
        if filters.isEmpty { return nil }
        ranges = filters.flatMap(\.ranges)
    }

    /// Reads the value of `--cidr`.
    ///
    /// - Throws: ``Failure`` with the text that is not an address.
    init(argument text: String) throws(Failure) {
        ranges = try Failure.wrap(.usage, hint: Self.forms) {
            try text.split(separator: ",").map { try AddressRange(parsing: String($0)) }
        }
        guard !ranges.isEmpty else { throw Failure(.usage, "\"\(text)\" names no address", hint: Self.forms) }
    }

    /// Reads an argument without an option.
    ///
    /// - Throws: ``Failure``; for a word that does not look like an address, without a hint.
    static func word(_ text: String) throws(Failure) -> AddressFilter {
        guard text.isEmpty || text.contains(where: { $0 == "." || $0 == ":" || $0 == "," }) else {
            throw Failure(.usage, "unexpected argument '\(text)': it is not an address, a range a-b or a CIDR")
        }
        return try AddressFilter(argument: text)
    }

    func contains(_ address: IPAddress) -> Bool { ranges.contains { $0.contains(address) } }

    /// The parts of ascending, disjoint ranges that are meant; they are ascending and disjoint, too.
    func parts(of whole: [AddressRange]) -> [AddressRange] {
        let parts = whole.flatMap { range in ranges.compactMap(range.intersection) }.sorted { $0.start < $1.start }
        var merged: [AddressRange] = []
        for part in parts {
            if let last = merged.last, last.overlaps(part) {
                merged[merged.count - 1] = AddressRange(unchecked: last.start, max(last.end, part.end))
            } else {
                merged.append(part)
            }
        }
        return merged
    }
}

/// The part of a network's addresses that one of its ranges has.
enum RangeKind: String, CaseIterable, Sendable {
    /// The addresses for reserving and naming.
    case fixed
    /// The addresses that pods get without a reservation.
    case dynamic

    func space(of set: RangeSet) -> DynamicSpace {
        switch self {
        case .fixed: set.fixedSpace
        case .dynamic: set.dynamicSpace
        }
    }
}

/// A StatefulSet or a Deployment.
struct WorkloadArgument: Sendable {
    private let holder: ReservationHolder

    /// Reads `NAMESPACE/sts/NAME` or `NAMESPACE/deploy/NAME`.
    ///
    /// - Throws: ``Failure`` that says how a workload is written.
    init(argument text: String) throws(Failure) {
        guard let holder = try? ReservationHolder(text), case .workload = holder else {
            throw Failure(
                .usage, "\(text.quotedForPeople) is not a workload",
                hint: "write NAMESPACE/sts/NAME or NAMESPACE/deploy/NAME, such as default/deploy/web")
        }
        self.holder = holder
    }

    /// Whether a pod of the workload uses the address, or whether it is reserved for the workload or for a pod of the
    /// StatefulSet.
    func admits(_ entry: AddressEntry) -> Bool {
        (entry.reservation.map { holder.includes($0.holder) } ?? false)
            || (entry.tenancy.map { holder.admits($0.holder) } ?? false)
    }
}
