/// Texts in the cells of a terminal.
enum DisplayText {
    /// The text with control characters and format characters as escapes: anybody may have written a note, and format
    /// characters include the marks that change the direction of text.
    static func visible(_ text: String) -> String {
        if isPrintableASCII(text) || !text.unicodeScalars.contains(where: isControl) { return text }
        var visible = ""
        for scalar in text.unicodeScalars {
            visible += isControl(scalar) ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return visible
    }

    /// The number of cells that a visible text takes: wide characters take two, combining characters none.
    static func width(of text: String) -> Int {
        if isPrintableASCII(text) { return text.utf8.count }
        return text.reduce(0) { $0 + width(of: $1) }
    }

    /// The text in at most `width` cells: if it is longer, its middle or its end is replaced by `ellipsis`.
    static func cut(_ text: String, to width: Int, keepingEnd: Bool, ellipsis: String) -> String {
        guard self.width(of: text) > width else { return text }
        let room = max(0, width - self.width(of: ellipsis))
        let tail = keepingEnd ? room / 2 : 0
        return prefix(text, room - tail) + ellipsis + String(prefix(text.reversed(), tail).reversed())
    }

    /// A text with line breaks between words, so that lines have at most `width` cells, for the last column of a table.
    /// Longer words have a line of their own. A text is left as it is if there is too little room for it.
    ///
    /// - Parameter indent: the blanks before every line but the first.
    static func wrapped(_ text: String, to width: Int, indent: Int) -> String {
        guard width >= ColumnWidths.comfortable, self.width(of: text) > width else { return text }
        var (lines, line, used) = ([String](), "", 0)
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let length = self.width(of: String(word))
            if used > 0, used + 1 + length > width {
                lines.append(line)
                (line, used) = (String(word), length)
            } else {
                line += (used > 0 ? " " : "") + word
                used += (used > 0 ? 1 : 0) + length
            }
        }
        return (lines + [line]).joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    private static func prefix(_ text: some Sequence<Character>, _ width: Int) -> String {
        var (prefix, rest) = ("", width)
        for character in text {
            rest -= self.width(of: character)
            if rest < 0 { break }
            prefix.append(character)
        }
        return prefix
    }

    private static func isPrintableASCII(_ text: String) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    private static func width(of character: Character) -> Int {
        var width = 0
        for scalar in character.unicodeScalars { width = max(width, self.width(of: scalar)) }
        return width
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        if isWide(scalar.value) { return 2 }
        // Also a flag, which is a pair of such characters.
        return scalar.properties.isEmojiPresentation ? 2 : 1
    }

    /// Unicode's East_Asian_Width W and F (Unicode 15.0, UAX #11), without emoji.
    private static func isWide(_ value: UInt32) -> Bool {
        guard value >= 0x1100 else { return false }
        switch value {
        case 0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF01...0xFF60,
            0xFFE0...0xFFE6, 0x16FE0...0x18CFF, 0x1AFF0...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x2FFFD,
            0x30000...0x3FFFD:
            return true
        default: return false
        }
    }
}
