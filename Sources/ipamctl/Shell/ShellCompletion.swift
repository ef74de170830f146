import Machine

/// What Tab offers in the shell: what the completion of other shells offers, and the shell's own commands.
final class ShellCompletion {
    private let completer = Completer()
    /// The values for the command line that is being typed, with those that were read a moment ago.
    private var values: (words: [String], values: StoreValues, end: ContinuousClock.Instant)?

    private static let lifetime = Duration.seconds(5)

    /// - Parameter beginning: what stands before the cursor.
    func completion(_ beginning: ShellWords.Beginning) -> TabCompletion {
        if beginning.isFilter {
            let paths = Self.paths(beginningWith: beginning.current, onlyFolders: false)
            return TabCompletion(paths, current: beginning.current)
        }
        let words = beginning.words.first == "ipamctl" ? Array(beginning.words.dropFirst()) : beginning.words
        let current = beginning.current
        let found = completion(of: words, current)
        // Behind `--option=`, the candidates are values.
        let isJoined = current.hasPrefix("-") && found.candidates.allSatisfy { !$0.value.hasPrefix("-") }
        let value = isJoined ? current.firstIndex(of: "=").map { String(current[current.index(after: $0)...]) } : nil
        switch found.paths {
        case .none:
            return TabCompletion(found.candidates, current: value ?? current, endsWord: found.isFollowedBySpace)
        case .files, .folders:
            let paths = Self.paths(beginningWith: value ?? current, onlyFolders: found.paths == .folders)
            return TabCompletion(paths, current: value ?? current)
        }
    }

    private func completion(of words: [String], _ current: String) -> Completion {
        let own = ShellBuiltin.allCases.map { Completion.Candidate($0.rawValue, $0.usage.meaning) }
        switch words.first {
        case nil:
            var completion = completer.completion(of: [], current: current, live: NoLiveValues())
            completion.candidates.removeAll { $0.value == ShellCommand.configuration.commandName }
            guard !current.hasPrefix("-") else { return completion }
            let names = Set(completion.candidates.map(\.value))
            completion.candidates += own.filter { !names.contains($0.value) }
            return completion
        case ShellBuiltin.use.rawValue?:
            guard words.count == 1 else { return Completion() }
            if current.hasPrefix("-") { return Completion([.init("--none", "No network of the shell's own")]) }
            return Completion(
                live(words).candidates(for: LiveRequest(.networks, startingWith: current)))
        case ShellBuiltin.set.rawValue?:
            switch words.last {
            case "-o"?, "--output"?: return Completion(OutputFormat.allValueStrings.map { .init($0) })
            case "--timeout"?: return Completion()
            default: return Completion([.init("-o"), .init("--output"), .init("--timeout")])
            }
        case ShellBuiltin.help.rawValue? where words.count == 1:
            var completion = completer.completion(of: words, current: current, live: NoLiveValues())
            completion.candidates += own
            return completion
        default: return completer.completion(of: words, current: current, live: live(words))
        }
    }

    private func live(_ words: [String]) -> any LiveValues {
        if let values, values.words == words, values.end > .now { return values.values }
        guard let options = PartialCommandLine(words, of: completer.tree).globalOptions else { return NoLiveValues() }
        let fresh = StoreValues(options)
        values = (words, fresh, .now + Self.lifetime)
        return fresh
    }

    /// The entries of the folder that `path` names, with the folder. Hidden ones are offered only if their dot is typed.
    private static func paths(beginningWith path: String, onlyFolders: Bool) -> [Completion.Candidate] {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let name = path.dropFirst(folder.count)
        let names = (try? FileReader.names(in: folder.isEmpty ? "." : folder)) ?? nil
        return (names ?? []).sorted().compactMap { entry in
            // A name that is not what it looks like on the terminal is left out.
            guard entry != ".", entry != "..", DisplayText.visible(entry) == entry, entry.hasPrefix(name),
                name.hasPrefix(".") || !entry.hasPrefix(".")
            else {
                return nil
            }
            let isFolder = FileReader.kind(of: folder + entry) == .folder
            if onlyFolders, !isFolder { return nil }
            return .init(folder + entry + (isFolder ? "/" : ""), isComplete: !isFolder)
        }
    }
}
