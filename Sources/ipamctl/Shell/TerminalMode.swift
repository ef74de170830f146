import Glibc
import Synchronization

/// The terminal's mode, which libedit changes while a line is typed.
enum TerminalMode {
    // Written once, before the handlers that read it are installed.
    nonisolated(unsafe) private static var original = termios()
    private static let isOutdated = Atomic(false)

    /// Restores the mode that the terminal has now if the program is ended by a signal.
    static func keep() {
        guard tcgetattr(STDIN_FILENO, &original) == 0 else { return }
        for number in [SIGTERM, SIGHUP] {
            SignalHandler.install(number) { number in
                // A job in the background that changes the mode is stopped, unless it ignores that.
                signal(SIGTTOU, SIG_IGN)
                tcsetattr(STDIN_FILENO, TCSANOW, &TerminalMode.original)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }

    /// Takes notice of a new size, and of going on after Ctrl-Z, from now on. A read that waits is interrupted.
    static func watch() {
        for number in [SIGWINCH, SIGCONT] {
            SignalHandler.install(number) { _ in TerminalMode.isOutdated.store(true, ordering: .relaxed) }
        }
    }

    /// Whether what is on the screen must be drawn again; true once.
    static func takeOutdated() -> Bool { isOutdated.exchange(false, ordering: .relaxed) }
}
