import ArgumentParser
import IPAMKit

struct NoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "note", abstract: "Set or remove the note of a reservation.",
        discussion: CommandHelp(
            """
            The address must be reserved; for whom and until when does not change. The former note is printed, and \
            remains in the history of the address.
            """,
            examples: [
                .init("Set the note of a reservation", "ipamctl note 10.188.0.216 \"mysql primary\""),
                .init("Remove it", "ipamctl note 10.188.0.216 --clear"),
            ]
        ).discussion)

    @Argument(help: "A reserved address.", transform: IPAddress.init(_:))
    var address: IPAddress

    @Argument(
        help: "The note, one line; an empty text removes the note.", transform: StoredText.line(argument:))
    var text: String?

    @Flag(help: "Remove the note.")
    var clear = false

    @OptionGroup var change: ChangeOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        try output.check(ChangeList.self)
        if clear, text != nil { throw ValidationError("a text and --clear exclude each other") }
        if !clear, text == nil { throw ValidationError("write the note after the address, or --clear to remove it") }
    }

    func run() throws {
        let note = text.flatMap { $0.isEmpty ? nil : $0 }
        let run = AmendmentRun(
            change: change, selection: .addresses([AddressRange(address)]), amendment: .note(note),
            now: Operator.now())
        try output.finish(try connected(global) { try await run.result($0) })
    }
}
