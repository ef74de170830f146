import Machine

/// Texts of rows, as many as there are: the first 8 MiB are in memory, the others in a temporary file.
struct RowTexts: Sendable {
    /// Where a text is, in steps of ``step`` bytes.
    typealias Place = UInt32

    private static let step = 8
    private static let mostInMemory = 8 << 20
    private static let batch = 256 << 10
    /// Most texts are shorter, and are read at once.
    private static let shortText = 1 << 10

    private var memory: [UInt8] = []
    private var file: ScratchFile?
    /// The bytes in ``file``.
    private var written = 0
    /// What follows them.
    private var pending: [UInt8] = []

    /// Adds a text of less than 4 GiB.
    ///
    /// - Throws: ``Failure`` if the temporary file cannot be written.
    mutating func append(_ text: [UInt8]) throws(Failure) -> Place {
        let room = Self.padded(text.count)
        if file == nil, memory.count + room <= Self.mostInMemory {
            let place = Place(memory.count / Self.step)
            Self.append(text, to: &memory)
            return place
        }
        let position = memory.count + written + pending.count
        guard let place = Place(exactly: position / Self.step) else {
            throw Failure(.failed, "the result is too long", hint: "choose a part of it, such as one with --cidr")
        }
        Self.append(text, to: &pending)
        if pending.count >= Self.batch { try flush() }
        return place
    }

    /// Makes all texts readable.
    mutating func flush() throws(Failure) {
        guard !pending.isEmpty else { return }
        try Self.wrap {
            let file = try file ?? ScratchFile(in: Variable.text("TMPDIR") ?? "/var/tmp")
            self.file = file
            try file.write(pending, at: written)
        }
        written += pending.count
        pending.removeAll(keepingCapacity: true)
    }

    /// Gives the text at `place` to `body`, after ``flush()``.
    ///
    /// - Parameter buffer: is overwritten; one for many texts saves time.
    func read(_ place: Place, _ buffer: inout [UInt8], _ body: (ArraySlice<UInt8>) -> Void) throws(Failure) {
        let position = Int(place) * Self.step
        if position < memory.count {
            let length = Self.length(memory[position...])
            return body(memory[position + Self.header..<position + Self.header + length])
        }
        guard let file else { return }
        let start = position - memory.count
        if buffer.isEmpty { buffer = [UInt8](repeating: 0, count: Self.shortText) }
        try Self.wrap {
            var count = try file.read(into: &buffer, at: start)
            let needed = Self.header + Self.length(buffer[...])
            if count < needed, buffer.count < needed {
                buffer = [UInt8](repeating: 0, count: needed)
                count = try file.read(into: &buffer, at: start)
            }
            guard count >= needed else {
                throw FileError(.read, "a temporary file", reason: "it ends too early")
            }
        }
        body(buffer[Self.header..<Self.header + Self.length(buffer[...])])
    }

    /// Each text follows its length.
    private static let header = 4

    private static func padded(_ length: Int) -> Int { (header + length + step - 1) / step * step }

    private static func append(_ text: [UInt8], to bytes: inout [UInt8]) {
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: text.count >> shift)) }
        bytes += text
        for _ in (header + text.count)..<padded(text.count) { bytes.append(0) }
    }

    private static func length(_ bytes: ArraySlice<UInt8>) -> Int {
        (0..<header).reduce(0) { $0 | Int(bytes[bytes.startIndex + $1]) << (8 * $1) }
    }

    private static func wrap(_ access: () throws -> Void) throws(Failure) {
        try Failure.wrap(hint: "TMPDIR chooses the folder of temporary files, which needs room for the result", access)
    }
}
