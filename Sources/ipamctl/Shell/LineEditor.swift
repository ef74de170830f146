import CEdit
import Glibc

/// Lines that are typed and edited on a terminal, with libedit: history, Ctrl-R, Tab, and the key bindings of `~/.editrc`.
final class LineEditor: CommandLines {
    private let editor: OpaquePointer
    private let past: OpaquePointer
    private let history: ShellHistory
    private let complete: (ShellWords.Beginning) -> TabCompletion

    private var prompt: UnsafeMutablePointer<CChar>?
    private var ending: TypedLine?
    private var size = TerminalSize()

    /// - Parameters:
    ///   - history: the lines of earlier shells.
    ///   - complete: what Tab offers.
    /// - Returns: nil if libedit cannot use the terminal.
    init?(history: ShellHistory, complete: @escaping (ShellWords.Beginning) -> TabCompletion) {
        // libedit edits characters of the locale; names and notes are UTF-8.
        setlocale(LC_CTYPE, "")
        if cedit_has_bytes_only() != 0 { setlocale(LC_CTYPE, "C.UTF-8") }
        guard let editor = cedit_open("ipamctl"), let past = history_init() else { return nil }
        self.editor = editor
        self.past = past
        self.history = history
        self.complete = complete
        cedit_set_client(editor, Unmanaged.passUnretained(self).toOpaque())
        cedit_set_prompt(editor) { LineEditor.of($0)?.prompt }
        cedit_set_reader(editor) { editor, character in LineEditor.of(editor)?.read(character) ?? 0 }
        cedit_set_editor(editor, "emacs")
        cedit_use_history(editor, past, Int32(ShellHistory.size))
        cedit_add_function(editor, "ipamctl-complete", "Complete the word") { editor, _ in
            LineEditor.of(editor)?.tab() ?? UInt8(CC_ERROR)
        }
        cedit_bind(editor, "^I", "ipamctl-complete")
        cedit_bind(editor, "^R", "em-inc-search-prev")
        cedit_bind(editor, "^W", "ed-delete-prev-word")
        cedit_bind(editor, "\\e[3~", "ed-delete-next-char")
        cedit_bind(editor, "\\e[1;5C", "em-next-word")
        cedit_bind(editor, "\\e[1;5D", "ed-prev-word")
        // The person's own bindings come last.
        el_source(editor, nil)
        for line in history.load() { cedit_enter(past, line) }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGWINCH, &action, nil)
    }

    deinit {
        el_end(editor)
        history_end(past)
        free(prompt)
    }

    private static func of(_ editor: OpaquePointer?) -> LineEditor? {
        guard let editor, let client = cedit_client(editor) else { return nil }
        return Unmanaged<LineEditor>.fromOpaque(client).takeUnretainedValue()
    }

    // MARK: Lines

    func next(_ prompt: String) -> TypedLine {
        free(self.prompt)
        self.prompt = strdup(prompt)
        ending = nil
        resizeIfNeeded()
        cedit_prepare(editor)
        var count: Int32 = 0
        guard let typed = el_gets(editor, &count), count > 0 else {
            // The cursor stands behind the prompt.
            Terminal.print("\n")
            el_reset(editor)
            return ending ?? .end
        }
        let line = String(cString: typed)
        return .line(line.hasSuffix("\n") ? String(line.dropLast()) : line)
    }

    func remember(_ line: String) {
        guard !ShellHistory.hasSecret(line) else { return }
        cedit_enter(past, line)
        history.append(line)
    }

    // MARK: Keys

    /// Reads one character. Ctrl-C ends the line, and a new size of the terminal redraws it.
    ///
    /// - Returns: 1; 0 at the end of input; -1 after Ctrl-C.
    private func read(_ character: UnsafeMutablePointer<wchar_t>?) -> Int32 {
        var bytes: [UInt8] = []
        while true {
            if Interrupt.isRequested {
                ending = .interrupted
                return -1
            }
            var byte: UInt8 = 0
            let count = Glibc.read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR {
                if resizeIfNeeded() { redraw() }
                continue
            }
            guard count == 1 else {
                ending = .end
                return 0
            }
            bytes.append(byte)
            if let scalar = Self.scalar(bytes) {
                character?.pointee = wchar_t(bitPattern: scalar.value)
                return 1
            }
        }
    }

    /// The character that the bytes encode in UTF-8; nil if more are needed; U+FFFD if they encode none.
    private static func scalar(_ bytes: [UInt8]) -> Unicode.Scalar? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        if case .scalarValue(let scalar) = decoder.decode(&iterator) { return scalar }
        let length = bytes.first.map { $0 >= 0xF0 ? 4 : $0 >= 0xE0 ? 3 : $0 >= 0xC2 ? 2 : 1 } ?? 1
        return bytes.count >= length ? "\u{FFFD}" : nil
    }

    @discardableResult
    private func resizeIfNeeded() -> Bool {
        guard let now = TerminalSize(), now != size else { return false }
        size = now
        el_resize(editor)
        return true
    }

    /// Draws the line again in place of what the terminal shows of it.
    private func redraw() {
        let typed = el_line(editor).flatMap { info in
            info.pointee.buffer.map {
                String(decoding: UnsafeRawBufferPointer(start: $0, count: info.pointee.cursor - $0), as: UTF8.self)
            }
        }
        let width = Self.width((prompt.map { String(cString: $0) } ?? "") + (typed ?? ""))
        let above = width / max(1, size?.columns ?? width)
        // To the first column, up to the line with the prompt, and clear from there.
        Terminal.control("\r" + (above > 0 ? "\u{1B}[\(above)A" : "") + "\u{1B}[J")
        cedit_refresh(editor)
    }

    /// In cells of the terminal.
    private static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + max(0, Int(wcwidth(wchar_t(bitPattern: $1.value)))) }
    }

    private func tab() -> UInt8 {
        guard let info = el_line(editor), let start = info.pointee.buffer, let cursor = info.pointee.cursor else {
            return UInt8(CC_ERROR)
        }
        let typed = String(
            decoding: UnsafeRawBufferPointer(start: start, count: cursor - start), as: UTF8.self)
        let beginning = ShellWords.beginning(of: typed)
        let completion = complete(beginning)
        if let insertion = completion.insertion(at: beginning) {
            return el_insertstr(editor, insertion) == 0 ? UInt8(CC_REFRESH) : UInt8(CC_ERROR)
        }
        guard let list = completion.list(columns: size?.columns ?? 80) else { return UInt8(CC_REFRESH_BEEP) }
        Terminal.print("\n" + list)
        return UInt8(CC_REDISPLAY)
    }
}
