import IPAMKit

/// Networks as pictures, or as lists of the cells of the pictures.
struct MapList: Renderable {
    /// A cell, and what it is part of.
    struct Row: Sendable {
        let network: NetworkName
        /// nil outside of every subnet.
        let subnet: CIDR?
        let cell: MapCell

        var json: JSONValue {
            var object: JSONObject = ["network": .string(network.text)]
            object["subnet"] = subnet.map { .string($0.description) }
            object["first"] = .string(cell.range.start.description)
            object["last"] = .string(cell.range.end.description)
            object["state"] = .string(cell.state.rawValue)
            object["addresses"] = JSONValue(cell.counts.total)
            object["used"] = JSONValue(cell.counts[.used])
            object["reserved"] = JSONValue(cell.counts[.reserved])
            object["free"] = JSONValue(cell.counts[.free])
            object["freeFixed"] = JSONValue(cell.counts[.fixed])
            object["gateways"] = JSONValue(cell.counts[.gateway])
            object["excluded"] = JSONValue(cell.counts[.excluded])
            object["who"] = cell.who.map(JSONValue.string)
            return .object(object)
        }
    }

    let maps: [AddressMap]
    /// nil for the order of the addresses.
    private var sorted: [Row]?

    init(maps: [AddressMap]) {
        self.maps = maps
    }

    /// The cells that every format but the picture has, whatever the size of the terminal.
    static func grid(_ section: MapSection) -> MapGrid { MapGrid(section, cellBits: 6, mostRows: 64) }

    var rows: [Row] {
        sorted
            ?? maps.flatMap { map in
                map.sections.flatMap { section in
                    Self.grid(section).rows.flatMap(\.cells).map {
                        Row(network: map.network, subnet: section.subnet, cell: $0)
                    }
                }
            }
    }

    mutating func sort(_ sort: ([Row]) throws(Failure) -> [Row]) throws(Failure) { sorted = try sort(rows) }

    var json: JSONValue { .array(rows.map(\.json)) }
    var names: [String] { rows.map(\.cell.range.description) }

    static let columns: [Column<Row>] = [
        .network { $0.network.text },
        Column(title: "SUBNET", importance: .context, groupsRows: true) { Cell($0.subnet?.description) },
        Column(title: "FIRST") { .address($0.cell.range.start) },
        Column(title: "LAST") { .address($0.cell.range.end) },
        .text("STATE", shortening: .never, style: { $0.cell.state.style }) { $0.cell.state.rawValue },
        .number("ADDRESSES") { .number($0.cell.counts.total) },
        .number("USED") { .number($0.cell.counts[.used]) },
        .number("RESERVED") { .number($0.cell.counts[.reserved]) },
        .number("FREE") { .number($0.cell.counts[.free]) },
        .number("FREE FIXED") { .number($0.cell.counts[.fixed]) },
        .number("GATEWAYS", .wide) { .number($0.cell.counts[.gateway]) },
        .number("EXCLUDED", .wide) { .number($0.cell.counts[.excluded]) },
        .text("WHO") { $0.cell.who },
    ]

    /// The picture.
    func text(_ layout: Layout, isWide: Bool) -> String? {
        let columns = isWide ? nil : layout.screen.columns
        let size =
            columns.map { MapPicture.Size(columns: $0, rows: TerminalSize()?.rows ?? Self.usualRows) }
            ?? .unlimited(isWide: isWide)
        return picture(layout, size).joined(separator: "\n")
    }

    private static let usualRows = 24

    func picture(_ layout: Layout, _ size: MapPicture.Size) -> [String] {
        MapPicture(
            maps, size: size, characters: MapCharacters(layout.screen), hasColor: layout.screen.hasColor,
            hasHeader: layout.hasHeader
        ).lines
    }
}
