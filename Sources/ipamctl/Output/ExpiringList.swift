import IPAMKit

/// Reservations that expire soon, and those that have expired.
struct ExpiringList: Renderable {
    private var entries: [AddressEntry]
    /// How many entries are printed; nil for all.
    private let limit: Int?
    private let now: Timestamp

    /// - Parameters:
    ///   - entries: with reservations that expire.
    ///   - limit: how many are printed, after sorting; nil for all.
    ///   - now: the time from which the time left is counted.
    init(entries: [AddressEntry], limit: Int?, now: Timestamp) {
        self.entries = entries.sorted { left, right in
            guard let first = left.reservation?.expires, let second = right.reservation?.expires, first != second else {
                return left.address < right.address
            }
            return first < second
        }
        self.limit = limit
        self.now = now
    }

    var rows: [AddressEntry] { limit.map { Array(entries.prefix($0)) } ?? entries }
    /// The number of entries, whatever the limit.
    var count: Int { entries.count }

    mutating func sort(_ sort: ([AddressEntry]) throws(Failure) -> [AddressEntry]) throws(Failure) {
        entries = try sort(entries)
    }

    /// The elements of `list`, each with `secondsLeft`, which is negative after the expiry.
    var json: JSONValue {
        .array(
            rows.map { entry in
                var object = entry.json.object ?? JSONObject()
                object["secondsLeft"] = entry.reservation?.expires.map { JSONValue(Int($0.seconds - now.seconds)) }
                return .object(object)
            })
    }
    var names: [String] { rows.map(\.address.description) }

    static let columns: [Column<AddressEntry>] =
        shared + [
            Column(title: "EXPIRES") { Cell($0.reservation?.expires) },
            Column(title: "LEFT", formats: .tables) { $0.reservation?.expires.map(Cell.left) ?? .none },
            .text("PLAN", .wide) { $0.reservation?.plan?.text },
            .text("NOTE", .wide, shortening: .end) { $0.reservation?.note },
        ]

    /// Columns of ``AddressList``. Usually none of the addresses is in use yet.
    private static var shared: [Column<AddressEntry>] {
        var columns = AddressList.columns.filter {
            ["NETWORK", "ADDRESS", "USED BY", "RESERVED FOR"].contains($0.title)
        }
        for index in columns.indices where columns[index].title == "USED BY" {
            columns[index].importance = .context
            columns[index].groupsRows = true
        }
        return columns
    }
}
