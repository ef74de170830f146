import IPAMKit

/// Splits what is typed in the shell into commands and words, with the quoting of sh(1).
///
/// Blanks separate words; `;` and line breaks separate commands; `#` at the beginning of a word begins a comment. In single
/// quotes every character is literal; in double quotes a backslash escapes `"`, `\`, `$`, `` ` `` and a line break; outside
/// of quotes it escapes every character. `~/` at the beginning of a word is the home folder. Variables and patterns are not
/// expanded.
struct ShellWords {
    /// Where the result of a command goes.
    enum Target: Hashable {
        /// To the command line of sh(1) that follows `|`.
        case filter(String)
        /// To the file that follows `>`, or `>>`, which appends.
        case file(String, appends: Bool)
    }

    /// One command.
    struct Statement: Hashable {
        var words: [String]
        /// Where the result goes; nil for the standard output.
        var target: Target?
        /// The line of the text on which the command begins, counted from 1.
        var line: Int
    }

    /// What stands before the cursor.
    struct Beginning: Hashable {
        /// The complete words of the command.
        var words: [String]
        /// The word at the cursor, without its quotes; empty after a blank.
        var current: String
        /// The quote that is open at the cursor; nil if none is.
        var quote: Unicode.Scalar?
        /// Whether sh(1) will read what stands at the cursor.
        var isFilter: Bool
    }

    private var rest: Substring.UnicodeScalarView
    private let home: String?
    private var line: Int
    private var statement: Statement
    private var statements: [Statement] = []
    private var word: String?
    private var quote: Unicode.Scalar?

    private init(_ text: String, firstLine: Int, home: String?) {
        rest = Substring(text).unicodeScalars
        line = firstLine
        self.home = home
        statement = Statement(words: [], target: nil, line: firstLine)
    }

    /// The commands of `text`.
    ///
    /// - Parameters:
    ///   - firstLine: the number of the text's first line.
    ///   - home: the home folder; nil if there is none.
    /// - Throws: ``Failure`` for a quote that is not closed, and for signs of sh(1) that the shell does not have.
    static func statements(in text: String, firstLine: Int = 1, home: String? = Variable.text("HOME")) throws(Failure)
        -> [Statement]
    {
        if text.utf8.contains(0) {
            throw Failure(.usage, "the line has a NUL character", hint: "the shell reads text in UTF-8")
        }
        var words = ShellWords(text, firstLine: firstLine, home: home)
        try words.read()
        if let quote = words.quote {
            throw Failure(.usage, "the quote \(quote) is not closed", hint: "write \\\(quote) for the character itself")
        }
        try words.endStatement()
        return words.statements
    }

    /// What stands before the cursor of a line that is being typed. Signs that the shell does not have are taken literally.
    static func beginning(of text: String, home: String? = Variable.text("HOME")) -> Beginning {
        var words = ShellWords(text, firstLine: 1, home: home)
        do throws(Failure) {
            try words.read()
        } catch {
            return Beginning(words: [], current: "", quote: nil, isFilter: true)
        }
        let current = words.word ?? ""
        switch words.statement.target {
        case nil where words.opensFile == nil:
            return Beginning(words: words.statement.words, current: current, quote: words.quote, isFilter: false)
        case nil, .file: return Beginning(words: [], current: current, quote: words.quote, isFilter: true)
        case .filter(let filter):
            // The last word, which may be the name of a file.
            let last = filter.lastIndex { " \t>|".contains($0) }.map { filter[filter.index(after: $0)...] }
            return Beginning(words: [], current: String(last ?? filter[...]), quote: words.quote, isFilter: true)
        }
    }

    /// Finds out whether lines belong together, line by line.
    struct Continuation {
        private var words = ShellWords("", firstLine: 1, home: nil)

        /// Whether the next line belongs to the command, too: this one ends within a quote or with a backslash.
        mutating func isOpen(after line: String) -> Bool {
            words.endsWithBackslash = false
            words.rest = Substring(line).unicodeScalars
            guard (try? words.read()) != nil else { return false }
            // What stands in the quote does not matter here.
            if words.quote != nil { words.word = "" }
            return words.quote != nil || words.endsWithBackslash
        }
    }

    /// A word as it is typed, with a backslash before each character that has a meaning.
    ///
    /// - Parameter quote: the quote in which it stands; nil if it stands in none.
    static func escaped(_ word: String, in quote: Unicode.Scalar? = nil) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in word.unicodeScalars {
            let isSpecial =
                switch quote {
                case nil: " \t\r\n'\"\\;|<>&#~".unicodeScalars.contains(scalar)
                case "\""?: "\"\\$`".unicodeScalars.contains(scalar)
                default: scalar == "'"
                }
            if isSpecial, quote == "'" {
                // A single quote ends the quoting; it stands escaped outside of it, and the quoting begins again.
                escaped.append(contentsOf: "'\\''".unicodeScalars)
                continue
            }
            if isSpecial { escaped.append("\\") }
            escaped.append(scalar)
        }
        return String(escaped)
    }

    // MARK: Reading

    private var endsWithBackslash = false

    private mutating func read() throws(Failure) {
        while let scalar = rest.popFirst() {
            if let open = quote {
                readQuoted(scalar, open)
            } else {
                try readPlain(scalar)
            }
        }
    }

    private mutating func readQuoted(_ scalar: Unicode.Scalar, _ open: Unicode.Scalar) {
        if scalar == "\n" { line += 1 }
        if scalar == open {
            quote = nil
        } else if scalar == "\\", open == "\"", let next = rest.first, "\"\\$`\n".unicodeScalars.contains(next) {
            rest.removeFirst()
            if next == "\n" { line += 1 } else { append(next) }
        } else {
            append(scalar)
        }
    }

    private mutating func readPlain(_ scalar: Unicode.Scalar) throws(Failure) {
        switch scalar {
        case " ", "\t", "\r": try endWord()
        case "\n":
            try endStatement()
            line += 1
            statement.line = line
        case ";": try endStatement()
        case "'", "\"":
            begin()
            quote = scalar
        case "\\":
            guard let next = rest.popFirst() else {
                endsWithBackslash = true
                return
            }
            if next == "\n" {
                line += 1
            } else {
                begin()
                append(next)
            }
        case "#" where word == nil: rest = rest.drop { $0 != "\n" }
        case "~" where word == nil && (rest.first == "/" || rest.isEmpty): append(contentsOf: home ?? "~")
        case "|" where rest.first != "|": try takeFilter()
        case ">" where word != "2":
            try endWord()
            let appends = rest.first == ">"
            if appends { rest.removeFirst() }
            guard opensFile == nil, statement.target == nil else {
                throw Failure(.usage, "the result is redirected twice", hint: "write > FILE once, or | PROGRAM")
            }
            opensFile = appends
        case "|", "&", "<", ">": try refuse(scalar)
        default:
            begin()
            append(scalar)
        }
    }

    /// Takes the rest of the command as it is, for sh(1).
    private mutating func takeFilter() throws(Failure) {
        try endWord()
        guard opensFile == nil, statement.target == nil else {
            throw Failure(.usage, "the result is redirected twice", hint: "write > FILE once, or | PROGRAM")
        }
        var filter = ""
        var open: Unicode.Scalar?
        while let scalar = rest.first, open != nil || (scalar != ";" && scalar != "\n") {
            rest.removeFirst()
            if scalar == "#", open == nil, filter.isEmpty || filter.last?.isWhitespace == true {
                // A comment.
                rest = rest.drop { $0 != "\n" }
                break
            }
            filter.unicodeScalars.append(scalar)
            if scalar == "\n" { line += 1 }
            if scalar == "\\", open != "'", let next = rest.popFirst() {
                filter.unicodeScalars.append(next)
            } else if scalar == open {
                open = nil
            } else if open == nil, scalar == "'" || scalar == "\"" {
                open = scalar
            }
        }
        statement.target = .filter(filter)
        quote = open
    }

    private func refuse(_ scalar: Unicode.Scalar) throws(Failure) {
        var sign = String(scalar) + (rest.first == scalar ? String(scalar) : "")
        let hint: String
        switch scalar {
        case "<": hint = "name the file with an option, such as -f FILE"
        case ">":
            sign = "2" + sign
            hint = "error messages cannot be redirected; COMMAND > FILE redirects the result"
        default: hint = "write one command on a line, or separate commands with ;"
        }
        throw Failure(.usage, "\(sign) is not supported in this shell; quote it if it belongs to a word", hint: hint)
    }

    private mutating func begin() {
        if word == nil { word = "" }
        if statement.words.isEmpty, statement.target == nil, word?.isEmpty == true { statement.line = line }
    }

    private mutating func append(_ scalar: Unicode.Scalar) { append(contentsOf: String(scalar)) }

    private mutating func append(contentsOf text: String) {
        begin()
        word?.append(text)
    }

    /// Whether the next word is the file that the result goes to; true if it is appended; nil if not.
    private var opensFile: Bool?

    private mutating func endWord() throws(Failure) {
        guard let word else { return }
        self.word = nil
        if let appends = opensFile {
            statement.target = .file(word, appends: appends)
            opensFile = nil
        } else if statement.target != nil {
            throw Failure(
                .usage, "unexpected word \(word.quotedForPeople) after the file",
                hint: "write COMMAND > FILE, or quote the name")
        } else {
            statement.words.append(word)
        }
    }

    private mutating func endStatement() throws(Failure) {
        try endWord()
        if opensFile != nil { throw Failure(.usage, "there is no file after >", hint: "write COMMAND > FILE") }
        if !statement.words.isEmpty || statement.target != nil { statements.append(statement) }
        statement = Statement(words: [], target: nil, line: line)
    }
}
