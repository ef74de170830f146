/// Reads values in DER (ITU-T X.690): a tag of one byte, a length, the content.
struct DERReader {
    /// The tags that certificates need (X.690 section 8.1.2, X.680 section 8.6).
    enum Tag {
        static let octetString: UInt8 = 0x04
        static let objectIdentifier: UInt8 = 0x06
        static let utcTime: UInt8 = 0x17
        static let generalizedTime: UInt8 = 0x18
        static let sequence: UInt8 = 0x30
        static let set: UInt8 = 0x31
    }

    struct Value {
        let tag: UInt8
        let content: ArraySlice<UInt8>

        /// The values in the content.
        var values: DERReader { DERReader(content) }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) {
        rest = bytes
    }

    /// The next value; nil at the end, and if the rest is not DER.
    mutating func next() -> Value? {
        var bytes = rest
        // Tags of more than one byte do not occur in certificates.
        guard let tag = bytes.popFirst(), tag & 0x1F != 0x1F, let first = bytes.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let size = Int(first & 0x7F)
            guard (1...4).contains(size), bytes.count >= size else { return nil }
            length = bytes.prefix(size).reduce(0) { $0 << 8 | Int($1) }
            bytes = bytes.dropFirst(size)
        }
        guard bytes.count >= length else { return nil }
        rest = bytes.dropFirst(length)
        return Value(tag: tag, content: bytes.prefix(length))
    }

    /// The next value if it has this tag; else nil, and the value is still the next one.
    mutating func next(_ tag: UInt8) -> Value? {
        var reader = self
        guard let value = reader.next(), value.tag == tag else { return nil }
        self = reader
        return value
    }
}
