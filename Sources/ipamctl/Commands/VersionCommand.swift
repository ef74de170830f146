import ArgumentParser
import IPAMKit

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version.", usage: "ipamctl version [<options>]",
        discussion: CommandHelp(
            examples: [
                .init("Print the version", "ipamctl version"),
                .init("Print only its number", "ipamctl version -o name"),
            ]
        ).discussion)

    @OptionGroup var output: OutputOptions

    func validate() throws { try output.check(VersionReport.self) }

    func run() throws {
        try output.print(VersionReport())
    }
}

struct VersionReport: Renderable {
    var json: JSONValue { ["version": .string(ProductVersion.text)] }
    var names: [String] { [ProductVersion.text] }
    var rows: [String] { [ProductVersion.text] }
    static let columns: [Column<String>] = [.text("VERSION") { $0 }]
    func text(_ layout: Layout, isWide: Bool) -> String? { "ipamctl \(ProductVersion.text)" }
}
