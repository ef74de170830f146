import IPAMKit

/// The result of `ipamctl config show`: a line for each key. JSON and YAML have the configuration itself.
struct ConfigMembers: Renderable {
    typealias Row = EffectiveConfiguration.Member

    let configuration: EffectiveConfiguration
    private(set) var rows: [Row]

    init(_ configuration: EffectiveConfiguration) {
        self.configuration = configuration
        rows = configuration.members
    }

    var json: JSONValue { configuration.json }
    var names: [String] { rows.map(\.key) }

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) { rows = try sort(rows) }

    static let columns: [Column<Row>] = [
        .text("KEY", shortening: .never) { $0.key },
        .text("VALUE", shortening: .end) { $0.text },
        .text("ORIGIN", .all, .figure, shortening: .never) { $0.origin.rawValue },
    ]
}
