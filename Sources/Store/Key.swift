/// A key of the store: UTF-8 text, ordered by its bytes.
public struct Key: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public var description: String { text }

    public static func < (left: Key, right: Key) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// A half-open range of keys.
public struct KeyRange: Hashable, Sendable {
    public let start: Key
    /// The first key behind the range; nil for the range of ``start`` alone.
    public let end: Key?

    /// The range that is one key.
    public init(_ key: Key) {
        start = key
        end = nil
    }

    /// The keys from `start` up to, not including, `end`; none when `end` is not behind `start`.
    public init(from start: Key, to end: Key) {
        self.start = start
        // etcd takes some ends before the start for "everything from there on".
        self.end = max(start, end)
    }

    /// All keys that begin with `prefix`, which is not empty and ends in an ASCII character other than DEL.
    public init(prefix: String) {
        var bytes = Array(prefix.utf8)
        precondition(bytes.last.map { $0 < 0x7F } ?? false, "a prefix ends in an ASCII character")
        bytes[bytes.count - 1] += 1
        start = Key(prefix)
        end = Key(String(decoding: bytes, as: UTF8.self))
    }

    public func contains(_ key: Key) -> Bool {
        guard let end else { return key == start }
        return start <= key && key < end
    }
}
