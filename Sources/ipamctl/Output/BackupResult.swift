import IPAMKit

/// What a backup has: one row for each network.
struct BackupResult: Renderable {
    typealias Row = NetworkBackup.Network

    let header: BackupHeader
    private(set) var networks: [NetworkBackup.Network]
    let path: String

    init(header: BackupHeader, networks: [NetworkBackup.Network], path: String) {
        self.header = header
        self.networks = networks
        self.path = path
    }

    var json: JSONValue {
        .array(
            networks.map { network in
                .object([
                    "network": .string(network.name.text), "keys": JSONValue(network.count),
                    "revision": JSONValue(header.revision), "time": .string(header.time.description),
                    "file": .string(path),
                ])
            })
    }
    var names: [String] { networks.map(\.name.text) }

    static let columns: [Column<Row>] = [
        Column(title: "NETWORK", shortening: .middle) { .text($0.name.text) },
        .number("KEYS") { Cell($0.count) },
    ]

    var rows: [Row] { networks }

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) { networks = try sort(rows) }

    func text(_ layout: Layout, isWide: Bool) -> String? {
        let lines = networks.map { network in
            "network \(network.name): \(network.count.counted("key")) at revision \(header.revision) written to \(path)\n"
        }
        return Terminal.harmless(lines.joined())
    }
}
