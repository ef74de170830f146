/// A result that is printed piece by piece: written in large blocks, or, in the shell, shown page by page at the end.
struct ResultOutput {
    private static let block = 256 << 10
    private let isPaged = Session.current?.isInteractive == true
    private var bytes: [UInt8] = []

    /// Adds a piece.
    ///
    /// - Parameter append: appends UTF-8.
    mutating func append(_ append: (inout [UInt8]) -> Void) {
        append(&bytes)
        if !isPaged, bytes.count >= Self.block { write() }
    }

    /// Prints what has not been printed yet.
    mutating func finish() {
        if isPaged {
            Terminal.show(String(decoding: bytes, as: UTF8.self))
        } else if !bytes.isEmpty {
            write()
        }
    }

    private mutating func write() {
        Terminal.print(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}
