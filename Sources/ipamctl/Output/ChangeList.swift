import IPAMKit

/// What a command did, or would do: one line for each address.
struct ChangeList: Renderable {
    struct Change {
        let address: IPAddress
        /// `reserved`, `updated`, `unchanged`, `released`, ...
        let action: String
        /// What follows the address: `reserved for default/db-0`.
        let text: String
        /// Why the address is in conflict: `is reserved for default/db-1`; nil if it is not.
        var problem: String?
        /// The reservation of the address after the change; nil if it has none, or if the change is of another kind.
        var reservation: Reservation?
    }

    typealias Row = (network: NetworkName, change: Change)

    let network: NetworkName
    private(set) var changes: [Change]
    let isDryRun: Bool
    /// Why the command fails although a part was done; nil if everything was.
    var failure: Failure?

    init(network: NetworkName, changes: [Change], isDryRun: Bool, failure: Failure? = nil) {
        self.network = network
        self.changes = changes
        self.isDryRun = isDryRun
        self.failure = failure
    }

    var json: JSONValue {
        .array(
            changes.map { change in
                var object = JSONObject(change: change.action, of: network, change.address, isDryRun: isDryRun)
                object["problem"] = change.problem.map(JSONValue.string)
                if let reservation = change.reservation {
                    object["for"] = .string(reservation.holder.description)
                    object["note"] = reservation.note.map(JSONValue.string)
                    object["expires"] = reservation.expires.map { .string($0.description) }
                    object["plan"] = reservation.plan.map { .string($0.text) }
                }
                return .object(object)
            })
    }
    /// The addresses that are changed, or stay as ordered: not those in conflict.
    var names: [String] { changes.filter { $0.problem == nil }.map(\.address.description) }

    static let columns: [Column<Row>] = [
        .network { $0.network.text },
        Column(title: "ADDRESS") { .address($0.change.address) },
        .text("ACTION", shortening: .never) { $0.change.action },
        .text("PROBLEM", .wide, shortening: .end) { $0.change.problem },
        .text("RESERVED FOR", .wide) { $0.change.reservation.map { AddressList.holderCell($0.holder) } },
        Column(title: "EXPIRES", formats: .wide) { Cell($0.change.reservation?.expires) },
        .text("PLAN", .wide) { $0.change.reservation?.plan?.text },
        .text("NOTE", .wide, shortening: .end) { $0.change.reservation?.note },
    ]

    var rows: [Row] { changes.map { (network, $0) } }

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) {
        changes = try sort(rows).map(\.change)
    }

    func text(_ layout: Layout, isWide: Bool) -> String? { lines.map { $0 + "\n" }.joined() }

    /// A line for each address.
    var lines: [String] {
        changes.map { Terminal.harmless("\($0.address) \($0.text)\(isDryRun ? " (dry run)" : "")") }
    }
}

extension JSONObject {
    /// `{network, address?, action, dryRun?}`, which every change has.
    init(change action: String, of network: NetworkName, _ address: IPAddress? = nil, isDryRun: Bool) {
        self = ["network": .string(network.text)]
        self["address"] = address.map { .string($0.description) }
        self["action"] = .string(action)
        if isDryRun { self["dryRun"] = true }
    }
}
