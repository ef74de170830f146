import ArgumentParser
import Glibc

/// Whether the output is coloured.
enum ColorMode: String, ExpressibleByArgument, CaseIterable {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    case auto
    case always, never
}

/// What a result is written to, as far as its look depends on it.
struct Screen: Sendable {
    /// The width of the terminal, in cells; nil if it is not a terminal, or if its width is not known.
    let columns: Int?
    let hasColor: Bool
    /// Whether characters outside of ASCII can be shown.
    let isUTF8: Bool

    /// Standard output as it is now: a terminal can change its size.
    static func standardOutput(_ color: ColorMode) -> Screen {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        return Screen(
            columns: isTerminal ? width : nil, hasColor: hasColor(color, isTerminal: isTerminal), isUTF8: isUTF8)
    }

    /// A file.
    static func file(_ color: ColorMode) -> Screen {
        Screen(columns: nil, hasColor: hasColor(color, isTerminal: false), isUTF8: isUTF8)
    }

    /// What stands for characters that are left out.
    var ellipsis: String { isUTF8 ? "…" : "..." }

    private static var width: Int? {
        if let size = TerminalSize() { return size.columns }
        return Variable.text("COLUMNS").flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }

    private static func hasColor(_ mode: ColorMode, isTerminal: Bool) -> Bool {
        switch mode {
        case .always: true
        case .never: false
        // https://no-color.org: an empty NO_COLOR counts as not set.
        case .auto: isTerminal && Variable.text("NO_COLOR") == nil && Variable.text("TERM") != "dumb"
        }
    }

    /// By the locale (locale(7)): the first of these variables that is set has the character encoding.
    private static var isUTF8: Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(Variable.text).first ?? "C"
        let encoding = locale.uppercased()
        return encoding.contains("UTF-8") || encoding.contains("UTF8")
    }
}
