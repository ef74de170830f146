import Foundation

/// Tidying up after the tests, however they end.
enum Janitor {
    /// Lets a shell script run as soon as this process is gone, even by SIGKILL.
    ///
    /// The shell waits for the end of a socket whose other end only this process holds, and which nobody ever closes.
    ///
    /// - Parameters:
    ///   - script: For sh(1); the arguments are `$1` and so on.
    ///   - arguments: What it needs to know.
    /// - Throws: `TestSupportError` when the shell cannot be started.
    static func afterThisProcess(_ script: String, _ arguments: [String]) throws {
        let (held, given) = try connectedSockets()
        let environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"]
        defer { close(given) }
        do {
            _ = try spawn(
                "sh", ["-c", "trap '' HUP INT QUIT TERM\nread -r _\n\(script)", "janitor"] + arguments,
                environment: environment, stdin: given, stdout: STDERR_FILENO, stderr: STDERR_FILENO)
        } catch {
            close(held)
            throw error
        }
    }

    /// Two sockets connected with each other that no child inherits unasked.
    static func connectedSockets() throws -> (Int32, Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw TestSupportError.current("socketpair") }
        return (ends[0], ends[1])
    }
}
