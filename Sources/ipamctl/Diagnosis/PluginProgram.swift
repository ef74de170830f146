import Glibc
import HTTPTransport

/// What a program prints that is asked for its version.
struct PluginProgram: Sendable {
    enum Answer: Hashable, Sendable {
        /// The first line of its output; empty if it printed nothing.
        case line(String)
        /// It could not be started, for this reason.
        case notStarted(String)
        /// It did not end in time, and was killed.
        case tooSlow
    }

    /// Runs `path --version`, without CNI variables, so that no version of the plugin takes it for a call of a runtime.
    static func version(of path: String, within limit: Duration) async -> Answer {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { return .notStarted(String(cString: strerror(errno))) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        defer { close(ends[0]) }
        let code: Int32
        let process: pid_t
        (code, process) = spawn(path, output: ends[1])
        close(ends[1])
        guard code == 0 else { return .notStarted(String(cString: strerror(code))) }
        let end = ContinuousClock.now + limit
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            if count > 0, output.count < 1 << 16 { output += buffer[..<count] }
            var status: Int32 = 0
            if count <= 0, waitpid(process, &status, WNOHANG) == process { break }
            guard ContinuousClock.now < end, !Task.isCancelled else {
                kill(process, SIGKILL)
                while waitpid(process, &status, 0) < 0, errno == EINTR {}
                return .tooSlow
            }
            if count <= 0 { await TransferLoop.current.sleep(until: .now + .milliseconds(5)) }
        }
        // What was written between the last read and the end of the process.
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            guard count > 0, output.count < 1 << 16 else { break }
            output += buffer[..<count]
        }
        let text = String(decoding: output, as: UTF8.self)
        return .line(text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "")
    }

    private static func spawn(_ path: String, output: Int32) -> (code: Int32, process: pid_t) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        var process = pid_t()
        let words: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup("--version"), nil]
        let variables: [UnsafeMutablePointer<CChar>?] = [strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), nil]
        defer { for word in words + variables { free(word) } }
        let code = posix_spawn(&process, path, &actions, nil, words, variables)
        return (code, process)
    }
}
