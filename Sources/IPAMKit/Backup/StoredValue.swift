import FoundationEssentials
import Store

/// The value of a key, as bytes.
public enum StoredValue: Hashable, Sendable {
    /// UTF-8 text.
    case text(String)
    /// Bytes that are not UTF-8.
    case bytes([UInt8])

    /// The value of a record.
    public init(_ record: Record) {
        self = record.undecodable.map(StoredValue.bytes) ?? .text(record.value)
    }

    /// Compares the bytes. Swift compares strings by Unicode canonical equivalence, which takes different values for equal.
    public static func == (left: StoredValue, right: StoredValue) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.bytes(let left), .bytes(let right)): left == right
        case (.text, .bytes), (.bytes, .text): false
        }
    }

    /// The text; bytes that are not UTF-8 are replaced by U+FFFD.
    var text: String {
        switch self {
        case .text(let text): text
        case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        }
    }

    /// The size in bytes.
    var size: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .bytes(let bytes): bytes.count
        }
    }

    /// The operation that gives `key` this value.
    func put(_ key: Key) -> Operation {
        switch self {
        case .text(let text): .put(key, text)
        case .bytes(let bytes): .putBytes(key, bytes)
        }
    }

    // MARK: Base64

    /// Reads Base64 (RFC 4648 section 4); nil for any other text.
    init?(base64 text: String) {
        guard let data = Data(base64Encoded: text) else { return nil }
        let bytes = Array(data)
        self = String(validating: bytes, as: UTF8.self).map(StoredValue.text) ?? .bytes(bytes)
    }

    /// The bytes in Base64; nil for text.
    var base64: String? {
        guard case .bytes(let bytes) = self else { return nil }
        return Data(bytes).base64EncodedString()
    }
}
