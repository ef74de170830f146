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
    ///
    /// - Returns: what `body` returns, and the exit status of the command; 128 plus the signal's number if a signal ended it.
    func receive<Value>(_ body: () -> Value) -> (value: Value, status: Int32) {
        let value = OutputRedirection(to: input).receive(body)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return (value, status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F)
    }
}

/// Standard output that goes elsewhere for a while.
struct OutputRedirection {
    private let descriptor: Int32

    /// - Parameter descriptor: where it goes; it is closed at the end.
    init(to descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// To a file, which is made if it is missing, and emptied unless the result is appended.
    ///
    /// - Throws: ``Failure`` if the file cannot be opened.
    init(_ path: String, appends: Bool) throws(Failure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (appends ? O_APPEND : O_TRUNC), 0o666)
        guard descriptor >= 0 else {
            throw Failure(
                .failed, "cannot write to \(path): \(String(cString: strerror(errno)))",
                hint: "nothing was done; check the path and the permissions")
        }
    }

    /// Runs `body` with its standard output redirected.
    func receive<Value>(_ body: () -> Value) -> Value {
        let output = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
        dup2(descriptor, STDOUT_FILENO)
        close(descriptor)
        defer {
            if output >= 0 {
                dup2(output, STDOUT_FILENO)
                close(output)
            } else {
                // What reads the output ends only when nothing holds its end open.
                close(STDOUT_FILENO)
            }
        }
        return body()
    }
}

/// Shows a long result page by page, with the program that PAGER names, else with less(1) or more(1).
enum Pager {
    private static let command = """
        export LESSSECURE=1
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
        let status = filter.receive { FileWriter.write(text, to: STDOUT_FILENO) }.status
        // 126 and 127: sh(1) could not run the program.
        return status != 126 && status != 127
    }
}
