import Glibc

/// The size of the terminal at a descriptor, in cells.
struct TerminalSize: Hashable, Sendable {
    let columns: Int
    let rows: Int

    /// nil if the descriptor is not a terminal, or a terminal that does not know its size.
    init?(of descriptor: Int32 = STDOUT_FILENO) {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        columns = Int(size.ws_col)
        rows = Int(size.ws_row)
    }
}
