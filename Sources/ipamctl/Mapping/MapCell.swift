import IPAMKit

/// A cell of a map: an address, a block of addresses, or several equal rows in one.
struct MapCell: Sendable {
    /// The first and the last address. A block may have addresses in between that are not part of the map.
    let range: AddressRange
    let counts: MapCounts
    /// The addresses of the cell that are used or reserved.
    let entries: ArraySlice<AddressEntry>

    var state: MapState { counts.state }

    private static let mostHolders = 3

    /// Who uses the addresses, or for whom they are reserved: at most three of them; nil if nothing is taken.
    var who: String? {
        guard !entries.isEmpty else { return nil }
        var phrases: [String] = []
        var rest = entries
        while phrases.count < Self.mostHolders, let entry = rest.popFirst() {
            if let phrase = entry.mapPhrase, !phrases.contains(phrase) { phrases.append(phrase) }
        }
        return phrases.joined(separator: ", ") + (rest.isEmpty ? "" : " and \(rest.count) more")
    }

    /// The note of a cell that is one address.
    var note: String? { range.count == 1 ? entries.first?.reservation?.note : nil }
}

extension AddressEntry {
    /// `default/db-0 on n1, reserved for default/sts/db`
    fileprivate var mapPhrase: String? {
        let parts = [tenancy?.phrase, reservation.map { "reserved for \($0.holder.phrase)" }].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }
}
