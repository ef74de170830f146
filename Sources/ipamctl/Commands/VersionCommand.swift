import ArgumentParser
import IPAMKit

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version.",
        discussion: CommandHelp(
            examples: [
                .init("Print the version", "ipamctl version"),
                .init("Print only its number", "ipamctl version -o name"),
            ]
        ).discussion)

    @OptionGroup var output: OutputOptions

    func run() {
        output.print(VersionReport())
    }
}

private struct VersionReport: Renderable {
    var json: JSONValue { ["version": .string(ProductVersion.text)] }
    var names: [String] { [ProductVersion.text] }
    func cells(wide: Bool) -> [[String]] { [["VERSION"], [ProductVersion.text]] }
    func text(wide: Bool) -> String { "ipamctl \(ProductVersion.text)" }
}
