import ArgumentParser
import IPAMKit

struct MapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "map", abstract: "Show the addresses of networks as a picture.",
        discussion: CommandHelp(
            """
            Each cell is an address or, if a subnet is too large for the terminal, a block of addresses: used, reserved, \
            free, free in the fixed range, gateway, or excluded (never given out). Each row begins with its first address; \
            the line above the rows has the distances from it. Rows that are all alike are folded into a line that begins \
            with *. A block in which something is used shows how much of it is used or reserved; a block in which \
            something is only reserved shows that.

            On a terminal, the picture fits it. In a pipe, it has up to 64 rows of 64 cells for each subnet, and with \
            -o wide up to 1024 rows. The other formats list the cells of 64 rows. Without a UTF-8 locale, or if TERM is \
            dumb, only ASCII characters are used.

            With --watch, the picture is drawn again whenever something changes, until Ctrl-C (exit status 130): in \
            place on a terminal, else one after another. With -o json, each is one line (JSON Lines); with -o yaml, one \
            document.
            """,
            examples: [
                .init("Show all networks", "ipamctl map"),
                .init("Show a part of one network", "ipamctl map k8snetwork --cidr 10.188.0.0/24"),
                .init("Watch a network change", "ipamctl map k8snetwork --watch"),
                .init(
                    "Write an image that shows who has an address under the pointer", "ipamctl map --svg addresses.svg"),
                .init(
                    "List the blocks with the most free addresses first",
                    "ipamctl map --columns first,last,free --sort-by -free"),
            ]
        ).discussion)

    @Argument(help: "The network, instead of --network.", transform: MapCommand.network)
    var network: NetworkName?

    @Option(
        help: "Only addresses of this CIDR, range a-b or list of them. May be given more than once.",
        transform: AddressFilter.init(argument:))
    var cidr: [AddressFilter] = []

    @Flag(help: "Draw the picture again whenever something changes.")
    var watch = false

    @Option(
        help: ArgumentHelp(
            "Write an SVG image to this file instead, completely or not at all; - is standard output.",
            valueName: "file"))
    var svg: ResultFile?

    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    /// - Throws: ``Failure`` for a text that is not a network's name; for an address, with the option for it.
    private static func network(_ text: String) throws -> NetworkName {
        if (try? AddressRange(parsing: text)) != nil {
            throw Failure(
                .usage, "\(text) is not the name of a network", hint: "--cidr \(text) shows only these addresses")
        }
        return try NetworkName(text)
    }

    func validate() throws {
        if let network, let other = global.network, network != other {
            throw ValidationError("the argument names network \(network), and --network \(other)")
        }
        try output.check(MapList.self)
        if svg != nil {
            if watch { throw ValidationError("--svg does not go with --watch") }
            if output.given != nil || output.table.columns != nil || output.table.sortBy != nil {
                throw ValidationError("--svg does not go with --output, --columns and --sort-by")
            }
        }
        guard watch else { return }
        if output.format == .csv || output.format == .name {
            throw ValidationError("--watch goes with the formats table, wide, json and yaml")
        }
        if output.table.columns != nil || output.table.sortBy != nil {
            throw ValidationError("--watch shows the picture: --columns and --sort-by do not apply")
        }
    }

    func run() throws {
        var global = global
        global.network = network ?? global.network
        let run = MapRun(filter: AddressFilter(cidr), output: output)
        if watch { return try connected(global) { try await run.watch($0) } }
        let list = MapList(maps: try connected(global) { try await run.maps($0) })
        if let svg {
            try svg.write(MapSVG(list.maps, now: Operator.now()).document)
        } else {
            try output.print(list)
        }
        if list.maps.isEmpty { Terminal.note("there is no network yet: the plugin's first ADD creates it") }
    }
}
