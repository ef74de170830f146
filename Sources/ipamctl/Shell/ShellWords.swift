/// Splits what is typed in the shell into commands and words, with the quoting of sh(1).
///
/// Blanks separate words; `;` and line breaks separate commands; `#` at the beginning of a word begins a comment. In single
/// quotes every character is literal; in double quotes a backslash escapes `"`, `\`, `$`, `` ` `` and a line break; outside
/// of quotes it escapes every character. `~/` at the beginning of a word is the home folder. Variables and patterns are not
/// expanded.
struct ShellWords {
    /// One command.
    struct Statement: Hashable {
        var words: [String]
        /// What follows `|`, or `cat` with `>` and what follows, for sh(1); nil if the result is not redirected.
        var filter: String?
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
        statement = Statement(words: [], filter: nil, line: firstLine)
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
        var words = ShellWords(text, firstLine: firstLine, home: home)
        try words.read()
        if let quote = words.quote {
            throw Failure(.usage, "the quote \(quote) is not closed", hint: "write \\\(quote) for the character itself")
        }
        words.endStatement()
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
        return Beginning(
            words: words.statement.words, current: words.word ?? "", quote: words.quote,
            isFilter: words.statement.filter != nil)
    }

    /// Whether the text ends within a quote or with a backslash, so that the next line belongs to it.
    static func isContinued(_ text: String) -> Bool {
        var words = ShellWords(text, firstLine: 1, home: nil)
        do throws(Failure) {
            try words.read()
        } catch {
            return false
        }
        return words.quote != nil || words.endsWithBackslash
    }

    /// A word as it is typed, with a backslash before each character that has a meaning.
    ///
    /// - Parameter quote: the quote in which it stands; nil if it stands in none.
    static func escaped(_ word: String, in quote: Unicode.Scalar? = nil) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in word.unicodeScalars {
            let isSpecial =
                switch quote {
                case nil: " \t\n'\"\\;|<>&#".unicodeScalars.contains(scalar)
                case "\""?: "\"\\$`".unicodeScalars.contains(scalar)
                default: false
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
        case " ", "\t", "\r": endWord()
        case "\n":
            line += 1
            endStatement()
        case ";": endStatement()
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
        case "|" where rest.first != "|": takeFilter("")
        case ">": takeFilter("cat >")
        case "|", "&", "<": try refuse(scalar)
        default:
            begin()
            append(scalar)
        }
    }

    /// Takes the rest of the command as it is, for sh(1).
    private mutating func takeFilter(_ prefix: String) {
        endWord()
        var filter = prefix
        var open: Unicode.Scalar?
        while let scalar = rest.first, open != nil || (scalar != ";" && scalar != "\n") {
            rest.removeFirst()
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
        statement.filter = filter
        quote = open
    }

    private func refuse(_ scalar: Unicode.Scalar) throws(Failure) {
        let sign = String(scalar) + (rest.first == scalar ? String(scalar) : "")
        let hint =
            scalar == "<"
            ? "name the file with an option, such as -f FILE"
            : "write one command on a line, or separate commands with ;"
        throw Failure(.usage, "\(sign) is not supported in this shell; quote it if it belongs to a word", hint: hint)
    }

    private mutating func begin() {
        if word == nil { word = "" }
        if statement.words.isEmpty, statement.filter == nil, word?.isEmpty == true { statement.line = line }
    }

    private mutating func append(_ scalar: Unicode.Scalar) { append(contentsOf: String(scalar)) }

    private mutating func append(contentsOf text: String) {
        begin()
        word?.append(text)
    }

    private mutating func endWord() {
        if let word { statement.words.append(word) }
        word = nil
    }

    private mutating func endStatement() {
        endWord()
        if !statement.words.isEmpty || statement.filter != nil { statements.append(statement) }
        statement = Statement(words: [], filter: nil, line: line)
    }
}
