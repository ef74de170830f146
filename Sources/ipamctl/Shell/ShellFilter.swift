import Glibc
import Machine

/// A command line of sh(1) that reads what ipamctl prints: a filter behind `|`, or a pager.
struct ShellFilter {
    private let process: pid_t
    /// Where to write; it must be closed.
    private let input: Int32

    /// Starts `sh -c command`.
    ///
    /// - Throws: ``Failure`` if that is not possible.
    init(_ command: String) throws(Failure) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw Self.failure(errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
        // The signals that ipamctl ignores or catches have their usual meaning for other programs.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var defaults = sigset_t()
        sigemptyset(&defaults)
        sigaddset(&defaults, SIGPIPE)
        sigaddset(&defaults, SIGINT)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        var process = pid_t()
        let words: [UnsafeMutablePointer<CChar>?] =
            ["sh", "-c", command].map { (word: String) in strdup(word) } + [nil]
        defer { for word in words { free(word) } }
        let code = posix_spawn(&process, "/bin/sh", &actions, &attributes, words, environ)
        guard code == 0 else {
            close(ends[1])
            throw Self.failure(code)
        }
        self.process = process
        input = ends[1]
    }

    private static func failure(_ code: Int32) -> Failure {
        Failure(.failed, "cannot start /bin/sh: \(String(cString: strerror(code)))")
    }

    /// Runs `body` with its standard output connected to the command, and waits until the command has ended.
    func receive<Value>(_ body: () throws -> Value) rethrows -> Value {
        let output = dup(STDOUT_FILENO)
        dup2(input, STDOUT_FILENO)
        close(input)
        defer {
            dup2(output, STDOUT_FILENO)
            close(output)
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
        }
        return try body()
    }
}

/// Shows a long result page by page, with the program that PAGER names, else with less(1) or more(1).
enum Pager {
    private static let command = """
        if [ -n "$PAGER" ]; then eval "exec $PAGER"
        elif command -v less >/dev/null; then LESS="${LESS--FRX}" exec less
        elif command -v more >/dev/null; then exec more
        else exec cat; fi
        """

    /// Shows `text` if it has more lines than the terminal.
    ///
    /// - Parameter rows: the height of the terminal.
    /// - Returns: false if nothing was shown.
    static func show(_ text: String, rows: Int) -> Bool {
        let lines = text.utf8.count { $0 == UInt8(ascii: "\n") }
        guard lines >= rows, let filter = try? ShellFilter(command) else { return false }
        // A reader who leaves early has seen enough.
        filter.receive { _ = FileWriter.write(text, to: STDOUT_FILENO) }
        return true
    }
}
