import ArgumentParser
import IPAMKit

/// Of which range sets `reserve --next` takes addresses.
struct RangeSetChoice: Sendable {
    let family: AddressFamily?
    /// From 0.
    let index: Int?

    /// Nothing was chosen: the first one counts.
    var isOpen: Bool { family == nil && index == nil }

    /// - Throws: ``Failure`` where the network has no such range set.
    func rangeSets(of all: [RangeSet], network: NetworkName) throws(Failure) -> [RangeSet] {
        let known = all.enumerated().map { "\($0.offset) (\($0.element.family))" }.joined(separator: ", ")
        let hint = "network \(network) has \(all.count == 1 ? "one range set" : "the range sets"): \(known)"
        if let index {
            guard index < all.count else {
                throw Failure(.notFound, "network \(network) has no range set \(index)", hint: hint)
            }
            guard family == nil || family == all[index].family else {
                throw Failure(
                    .usage, "range set \(index) of network \(network) is \(all[index].family)", hint: hint)
            }
            return [all[index]]
        }
        guard let family else { return Array(all.prefix(1)) }
        let ofFamily = all.filter { $0.family == family }
        guard !ofFamily.isEmpty else {
            throw Failure(.notFound, "network \(network) has no \(family) range set", hint: hint)
        }
        return ofFamily
    }
}

extension AddressFamily: ExpressibleByArgument {
    public init?(argument: String) {
        switch argument.lowercased() {
        case "ipv4": self = .ipv4
        case "ipv6": self = .ipv6
        default: return nil
        }
    }

    public static var allValueStrings: [String] { ["ipv4", "ipv6"] }
}
