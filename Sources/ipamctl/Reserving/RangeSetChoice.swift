import ArgumentParser
import IPAMKit

/// The range sets from which `reserve --next` takes addresses.
struct RangeSetChoice: Sendable {
    let family: AddressFamily?
    /// From 0.
    let index: Int?

    /// Whether nothing was chosen: then the first range set is used.
    var isOpen: Bool { family == nil && index == nil }

    /// - Throws: ``Failure`` if the network has no such range set.
    func rangeSets(of network: SelectedNetwork) throws(Failure) -> [RangeSet] {
        let all = network.rangeSets
        let known = all.enumerated().map { "\($0.offset) (\($0.element.family))" }.joined(separator: ", ")
        let hint = "network \(network.name) has \(all.count == 1 ? "one range set" : "the range sets"): \(known)"
        if let index {
            guard index < all.count else {
                throw Failure(.notFound, "network \(network.name) has no range set \(index)", hint: hint)
            }
            guard family == nil || family == all[index].family else {
                throw Failure(
                    .usage, "range set \(index) of network \(network.name) is \(all[index].family)", hint: hint)
            }
            return [all[index]]
        }
        guard let family else { return Array(all.prefix(1)) }
        let ofFamily = all.filter { $0.family == family }
        guard !ofFamily.isEmpty else {
            throw Failure(.notFound, "network \(network.name) has no \(family) range set", hint: hint)
        }
        return ofFamily
    }
}

extension AddressFamily: ExpressibleByArgument {
    public init?(argument: String) {
        guard let family = Self.arguments[argument.lowercased()] else { return nil }
        self = family
    }

    private static let arguments: [String: AddressFamily] = ["ipv4": .ipv4, "ipv6": .ipv6]

    public static var allValueStrings: [String] { arguments.keys.sorted() }
}
