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
    /// A byte that was read too far.
    private var next: UInt8?

    /// - Parameters:
    ///   - history: the lines of earlier shells.
    ///   - complete: what Tab offers.
    /// - Returns: nil if libedit cannot use the terminal.
    init?(history: ShellHistory, complete: @escaping (ShellWords.Beginning) -> TabCompletion) {
        // libedit edits characters of the locale; names and notes are UTF-8.
        setlocale(LC_CTYPE, "")
        if cedit_has_bytes_only() != 0 { setlocale(LC_CTYPE, "C.UTF-8") }
        TerminalMode.keep()
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
        bind()
        // The person's own bindings come last. In vi mode, a new key map has replaced ours.
        el_source(editor, nil)
        if cedit_is_vi(editor) != 0 { bind() }
        for line in history.load() { cedit_enter(past, line) }
        TerminalMode.watch()
    }

    deinit {
        el_end(editor)
        history_end(past)
        free(prompt)
    }

    private func bind() {
        for (key, function) in [
            ("^I", "ipamctl-complete"), ("^R", "em-inc-search-prev"), ("^W", "ed-delete-prev-word"),
            ("\\e[3~", "ed-delete-next-char"), ("\\e[1;5C", "em-next-word"), ("\\e[1;5D", "ed-prev-word"),
        ] {
            cedit_bind(editor, key, function)
        }
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
        _ = TerminalMode.takeOutdated()
        cedit_prepare(editor)
        var count: Int32 = 0
        guard let typed = el_gets(editor, &count), count > 0 else {
            // The cursor stands behind the prompt.
            Terminal.print("\n")
            el_reset(editor)
            return ending ?? .end
        }
        let bytes = UnsafeRawBufferPointer(start: typed, count: Int(count))
        let line = String(decoding: bytes, as: UTF8.self)
        return .line(line.hasSuffix("\n") ? String(line.dropLast()) : line)
    }

    func remember(_ line: String) {
        guard !ShellHistory.hasSecret(line) else { return }
        cedit_enter(past, ShellHistory.oneLine(line))
        history.append(line)
    }

    // MARK: Keys

    /// Reads one character. Ctrl-C ends the line, and a new size of the terminal redraws it.
    ///
    /// - Returns: 1; 0 at the end of input; -1 after Ctrl-C.
    private func read(_ character: UnsafeMutablePointer<wchar_t>?) -> Int32 {
        var bytes = next.map { [$0] } ?? []
        next = nil
        while true {
            if let scalar = take(&bytes) {
                character?.pointee = wchar_t(bitPattern: scalar.value)
                return 1
            }
            switch InputByte.wait() {
            case .interrupted:
                ending = .interrupted
                return -1
            case .signal:
                if TerminalMode.takeOutdated() { redraw() }
            case .ready:
                var byte: UInt8 = 0
                let count = Glibc.read(STDIN_FILENO, &byte, 1)
                if count < 0, errno == EINTR { continue }
                guard count == 1 else {
                    ending = .end
                    return 0
                }
                bytes.append(byte)
            }
        }
    }

    /// The character that the bytes encode in UTF-8; nil if more are needed. If they encode none, it is U+FFFD, and a byte that
    /// does not belong to it is the first of the next one.
    private func take(_ bytes: inout [UInt8]) -> Unicode.Scalar? {
        guard let first = bytes.first else { return nil }
        if bytes.count > 1, let last = bytes.last, last & 0xC0 != 0x80 {
            next = last
            return "\u{FFFD}"
        }
        let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1
        guard bytes.count >= length else { return nil }
        return String(validating: bytes, as: UTF8.self)?.unicodeScalars.first ?? "\u{FFFD}"
    }

    private func resizeIfNeeded() {
        guard let now = TerminalSize(), now != size else { return }
        size = now
        el_resize(editor)
    }

    /// Draws the line again in place of what the terminal shows of it.
    private func redraw() {
        resizeIfNeeded()
        cedit_prepare(editor)
        let typed = el_line(editor).flatMap { info in
            info.pointee.buffer.map {
                String(decoding: UnsafeRawBufferPointer(start: $0, count: info.pointee.cursor - $0), as: UTF8.self)
            }
        }
        let width = DisplayText.width(of: (prompt.map { String(cString: $0) } ?? "") + (typed ?? ""))
        let above = width / max(1, size?.columns ?? width)
        // To the first column, up to the line with the prompt, and clear from there.
        Terminal.control("\r" + (above > 0 ? "\u{1B}[\(above)A" : "") + "\u{1B}[J")
        cedit_refresh(editor)
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
        guard let list = completion.list(columns: size?.columns ?? 80, rows: size?.rows ?? 24) else {
            return UInt8(CC_REFRESH_BEEP)
        }
        Terminal.print("\n" + list)
        return UInt8(CC_REDISPLAY)
    }
}
