import ArgumentParser
import IPAMKit

/// What is wrong with a command line, in one line, and where to read on.
struct UsageProblem {
    let failure: Failure

    /// - Parameter error: what the parser threw for `arguments`, which do not hold the program's name.
    init(_ error: any Error, _ arguments: [String]) {
        let lines = Ipamctl.message(for: error).split(separator: "\n").map(String.init)
        let first = lines.first ?? "the command line is not complete"
        var problem = first.prefix(1).lowercased() + first.dropFirst()
        if problem.hasSuffix("Please provide one of the following:") {
            let values = lines.dropFirst().map { $0.drop { $0 == " " || $0 == "-" } }.filter { !$0.isEmpty }
            problem.removeLast("Please provide one of the following:".count)
            problem += "It is one of: \(values.joined(separator: ", "))"
        }
        failure = Failure(.usage, problem, hint: Self.hint(error, first, arguments))
    }

    /// The problem of a command that there is not.
    init(unknownCommand command: String) {
        let hint = Self.suggestion(for: command).map { "did you mean 'ipamctl \($0)'?" } ?? "see 'ipamctl --help'"
        failure = Failure(.usage, "unknown command \(JSONValue.string(command).serialized())", hint: hint)
    }

    /// Nil when the command of `arguments`, or the one that help is wanted for, exists: the parser takes another one for
    /// a stray argument, and shows the help of all.
    init?(commandOf arguments: [String]) {
        let word = arguments.first == "help" && arguments.count > 1 ? arguments[1] : arguments.first
        guard let word, !word.hasPrefix("-"), !Self.commandNames.contains(word) else { return nil }
        self.init(unknownCommand: word)
    }

    private static func hint(_ error: any Error, _ problem: String, _ arguments: [String]) -> String {
        let usage = Ipamctl.fullMessage(for: error).split(separator: "\n").first { $0.hasPrefix("Usage: ") }
        let words = usage?.dropFirst("Usage: ".count).split(separator: " ").prefix(2).map(String.init) ?? []
        let names = words.filter { !$0.hasPrefix("<") && !$0.hasPrefix("[") }
        if names.last == ListCommand.configuration.commandName, problem.contains("nexpected argument") {
            // kubectl's users write `get ips` and `get ip ADDRESS`.
            if let address = arguments.lazy.compactMap({ try? IPAddress($0) }).first {
                return "'ipamctl show \(address)' shows one address"
            }
            let networks = ["networks"] + NetworksCommand.configuration.aliases
            if networks.contains(where: { problem.contains("'\($0)'") }) {
                return "did you mean 'ipamctl networks'?"
            }
        }
        return "see '\((names.isEmpty ? ["ipamctl"] : names).joined(separator: " ")) --help'"
    }

    // MARK: Suggestions

    private static var commandNames: [String] {
        ["help"]
            + Ipamctl.configuration.subcommands.flatMap { command in
                [command.configuration.commandName].compactMap { $0 } + command.configuration.aliases
            }
    }

    /// What the users of kubectl, etcdctl and ip(8) try.
    private static let others = [
        "add": "reserve", "allocate": "reserve", "assign": "reserve", "create": "reserve", "put": "reserve",
        "del": "release", "delete": "release", "free": "release", "rm": "release", "unreserve": "release",
        "address": "list", "addresses": "list", "ip": "list", "ips": "list", "nets": "networks", "status": "networks",
        "top": "networks", "usage": "networks", "pause": "hold", "freeze": "hold", "resume": "unhold", "thaw": "unhold",
        "unpause": "unhold",
    ]

    private static func suggestion(for command: String) -> String? {
        if let other = others[command.lowercased()] { return other }
        let ranked = commandNames.map { (name: $0, distance: distance($0, command.lowercased())) }
            .filter { $0.distance <= max(1, $0.name.count / 3) }
        return ranked.min { $0.distance < $1.distance }?.name
    }

    /// Levenshtein's: how many characters to insert, delete or replace; two that changed places count as one.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars.prefix(64))
        var before: [Int] = []
        var above = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var least = min(above[j] + (a == b ? 0 : 1), above[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { least = min(least, before[j - 1] + 1) }
                row.append(least)
            }
            before = above
            above = row
        }
        return above[right.count]
    }
}
