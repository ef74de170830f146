import Foundation
import TestSupport
import Testing

/// The manual of ipamctl, and the help from which it is written.
@Suite struct ManualTests {
    /// What `ipamctl --experimental-dump-help` prints, as far as the tests need it.
    private struct Help: Decodable {
        struct Command: Decodable {
            struct Argument: Decodable {
                struct Name: Decodable {
                    let kind: String
                    let name: String
                }

                let names: [Name]?
                let shouldDisplay: Bool
            }

            let commandName: String
            let shouldDisplay: Bool
            let discussion: String?
            let arguments: [Argument]?
            let subcommands: [Command]?

            var shown: [Command] {
                (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
            }

            /// `-n`, `--network`
            var options: Set<String> {
                let names = (arguments ?? []).filter(\.shouldDisplay).flatMap { $0.names ?? [] }
                return Set(names.map { ($0.kind == "long" ? "--" : "-") + $0.name })
            }
        }

        let command: Command

        /// ipamctl itself and the subcommands that its help shows, with the names of their pages and the words that call
        /// them. A command that only has subcommands has no page.
        var commands: [(page: String, words: [String], command: Command)] {
            [("ipamctl.1", [], command)]
                + command.shown.flatMap { command in
                    command.shown.isEmpty
                        ? [("ipamctl-\(command.commandName).1", [command.commandName], command)]
                        : command.shown.map { sub in
                            let words = [command.commandName, sub.commandName]
                            return ("ipamctl-\(words.joined(separator: "-")).1", words, sub)
                        }
                }
        }
    }

    private func ipamctl(_ arguments: String...) async throws -> String { try await ipamctl(arguments) }

    private func ipamctl(_ arguments: [String]) async throws -> String {
        try await runProcess(BuildProducts.product("ipamctl").path, arguments).checked().stdoutText
    }

    private func help() async throws -> Help {
        let dump = try await ipamctl("--experimental-dump-help")
        return try JSONDecoder().decode(Help.self, from: Data(dump.utf8))
    }

    /// Also that mandoc has no warning.
    @Test func thePagesAreWhatTheGeneratorWritesFromTheHelp() async throws {
        let program = try BuildProducts.product("ipamctl").path
        let environment = ProcessInfo.processInfo.environment.merging(["IPAMCTL": program]) { $1 }
        let script = BuildProducts.packageRoot.appendingPathComponent("scripts/generate-manual").path
        let output = try await runProcess(script, ["--check"], environment: environment)
        #expect(output.status == 0, "\(output.stderrText)")
    }

    @Test func eachPageNamesTheOptionsOfItsCommandAndNoOthers() async throws {
        let commands = try await help().commands
        #expect(try ManualPage.all("ipamctl").map(\.name) == commands.map(\.page).sorted())
        let all = commands.reduce(into: Set<String>()) { $0.formUnion($1.command.options) }
        for (page, _, command) in commands {
            let named = try ManualPage(page).options
            #expect(command.options.isSubset(of: named), "\(page) lacks \(command.options.subtracting(named))")
            // ipamctl.1 explains the options that all commands share.
            let known = page == "ipamctl.1" ? all : command.options
            #expect(named.isSubset(of: known), "\(page) names \(named.subtracting(known))")
        }
    }

    /// A line that is too long would be broken where nobody can copy it.
    @Test func eachHelpHasExamplesThatFitTheTerminal() async throws {
        for (page, words, _) in try await help().commands {
            let examples = try ManualPage(page).examples
            #expect(!examples.isEmpty, "\(page) has no examples")
            let text = words.isEmpty ? try await ipamctl("--help") : try await ipamctl(["help"] + words)
            let shown = text.split(separator: "\n")
            for example in examples {
                for line in example.lines {
                    #expect(shown.contains { $0 == "  \(line)" && $0.count <= 80 }, "\(page): \(line)")
                }
            }
            for line in shown where line.hasPrefix("  # ") { #expect(line.count <= 80, "\(page): \(line)") }
        }
    }

    @Test func theManualNamesTheVariablesThatTheHelpNames() async throws {
        let text = try await ipamctl("list", "--help") + ipamctl("completion", "--help")
        let inHelp = Set(text.matches(of: /IPAMCTL_[A-Z_]+/).map { String($0.0) })
        let items = try ManualPage("ipamctl.1").items.filter { $0.section == "ENVIRONMENT" }.flatMap { $0.names("Ev") }
        #expect(inHelp == Set(items.filter { $0.hasPrefix("IPAMCTL_") }) && inHelp.count == 11)
    }

    @Test(.needs(.etcd, .root), arguments: try ManualPage.all("ipamctl"))
    func theExamplesWork(page: ManualPage) async throws {
        let world = try await ManualWorld.start()
        for example in page.examples {
            let output =
                example.text.hasPrefix("ipamctl watch") || example.text.hasSuffix(" --watch")
                ? try await watch(example, world) : try await world.run(example.text)
            #expect(
                output.status == example.status,
                "\(page): \(example.text): \(output.status)\n\(output.stdoutText)\(output.stderrText)")
        }
    }

    /// Runs a watch until its reader has got a line and goes away.
    private func watch(_ example: ManualPage.Example, _ world: ManualWorld) async throws -> ProcessOutput {
        let command = try world.command("\(example.text) | head -n 1")
        let process = try SpawnedProcess(command.program, command.arguments, environment: world.environment())
        async let output = process.output()
        while !process.hasEnded {
            try await world.makeEvent()
            try await Task.sleep(for: .milliseconds(200))
        }
        let ended = try await output
        #expect(!ended.stdout.isEmpty, "\(example.text)")
        return ended
    }

    /// What a person needs who has never used ipamctl.
    @Test(.needs(.etcd, .root)) func theFirstHelpShowsHowToReserveThreeAddressesForAStatefulSet() async throws {
        let lines = try await ipamctl("--help").split(separator: "\n").map { $0.drop { $0 == " " } }
        let purpose = try #require(lines.firstIndex { $0.hasPrefix("#") && $0.contains("StatefulSet") })
        #expect(lines[purpose].contains("three"))
        let world = try await ManualWorld.start()
        let output = try await world.run(String(lines[purpose + 1])).checked()
        let reserved = output.stdoutText.split(separator: "\n").filter { $0.hasSuffix("reserved for default/sts/db") }
        #expect(reserved.count == 3, "\(output.stdoutText)")
        #expect(reserved.allSatisfy { $0.hasPrefix("10.188.0.") }, "they are of the fixed range")
    }
}
