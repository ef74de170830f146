import IPAMKit

/// What can stand in place of the word at the cursor.
struct Completion: Hashable, Sendable {
    /// In the order in which they are to be shown.
    var candidates: [Candidate] = []
    /// Whether the paths of files, or of folders, are wanted, which the shell knows best.
    var paths: Paths = .none
    /// Whether a space follows the word if there is only one candidate.
    var isFollowedBySpace = true

    enum Paths: Hashable, Sendable { case none, files, folders }

    /// A word, or the value after `--option=`.
    struct Candidate: Hashable, Sendable {
        /// Printable ASCII characters without blanks and without characters that a shell would interpret.
        let value: String
        /// One line; nil if there is nothing to say.
        let description: String?
        /// False if more must be typed: the candidate stands for several values that begin alike.
        let isComplete: Bool

        init(_ value: String, _ description: String? = nil, isComplete: Bool = true) {
            self.value = value
            self.description = description
            self.isComplete = isComplete
        }

        /// Whether the value can be put on a command line as it is. Anybody may have stored a name.
        var isSafe: Bool {
            !value.isEmpty && value.utf8.count <= 253
                && value.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "a")...UInt8(ascii: "z"):
                        true
                    default: "-_./:,@+=%".utf8.contains(byte)
                    }
                }
        }
    }

    init(_ candidates: [Candidate] = [], paths: Paths = .none) {
        self.candidates = candidates
        self.paths = paths
        isFollowedBySpace = candidates.allSatisfy(\.isComplete)
    }
}

extension Completion {
    /// The protocol of cobra's `__complete`, which kubectl speaks with its plugins: a line `VALUE<TAB>DESCRIPTION` for each
    /// candidate, then `:N` with the bits of a directive.
    var text: String {
        let lines = candidates.map { candidate in
            candidate.value + (candidate.description.map { "\t" + Self.oneLine($0) } ?? "")
        }
        return (lines + [":\(directive)"]).joined(separator: "\n") + "\n"
    }

    /// cobra's `ShellCompDirective`: 2 no space, 4 no files, 16 only folders, 32 keep the order.
    private var directive: Int {
        let files =
            switch paths {
            case .none: 4
            case .files: 0
            case .folders: 16
            }
        return files + (isFollowedBySpace ? 0 : 2) + (candidates.count > 1 ? 32 : 0)
    }

    private static func oneLine(_ text: String) -> String {
        Terminal.harmless(String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }))
    }
}
