/// A key of the store: UTF-8 text, ordered by its bytes.
public struct Key: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The whole key, such as `/etcd-cni/networks/k8s/used/10.0.0.1`.
    public let text: String

    /// Makes a key of any text.
    public init(_ text: String) {
        self.text = text
    }

    /// The whole key.
    public var description: String { text }

    /// Compares the bytes. Swift compares strings by Unicode canonical equivalence, which takes different keys for equal.
    public static func == (left: Key, right: Key) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    /// Compares the bytes, as etcd orders its keys.
    public static func < (left: Key, right: Key) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

/// A half-open range of keys.
public struct KeyRange: Hashable, Sendable {
    /// The first key that the range can have.
    public let start: Key
    /// The first key after the range; nil if the range is ``start`` alone.
    public let end: Key?

    /// The range of one key.
    public init(_ key: Key) {
        start = key
        end = nil
    }

    /// The keys from `start` up to, not including, `end`; no key if `end` is not after `start`.
    public init(from start: Key, to end: Key) {
        // etcd takes some ends that are not after the start for "all keys from the start on".
        let hasRoom = start < end && end.text != "\0"
        self.start = hasRoom ? start : max(start, Key("\u{1}"))
        self.end = hasRoom ? end : self.start
    }

    /// All keys that begin with `prefix`, which is not empty and ends in an ASCII character other than DEL.
    public init(prefix: String) {
        var bytes = Array(prefix.utf8)
        precondition(bytes.last.map { $0 < 0x7F } ?? false, "a prefix ends in an ASCII character")
        bytes[bytes.count - 1] += 1
        start = Key(prefix)
        end = Key(String(decoding: bytes, as: UTF8.self))
    }

    /// Whether the range has `key`.
    public func contains(_ key: Key) -> Bool {
        guard let end else { return key == start }
        return start <= key && key < end
    }
}
