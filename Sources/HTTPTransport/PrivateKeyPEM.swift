import Machine

/// Tells whether private keys in PEM text (RFC 7468) are encrypted.
public enum PrivateKeyPEM {
    /// Whether the first private key of `text` is encrypted with a passphrase: an `ENCRYPTED PRIVATE KEY` (RFC 7468 section
    /// 11), or a key of the older form whose header says `Proc-Type: 4,ENCRYPTED` (RFC 1421 section 4.6.1.1).
    public static func isEncrypted(_ text: [UInt8]) -> Bool {
        var isInside = false
        for line in text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            if line.starts(with: "-----BEGIN ".utf8) {
                isInside = contains(line, "PRIVATE KEY-----")
                if isInside, contains(line, "ENCRYPTED") { return true }
            } else if isInside {
                if isEncryptedHeader(line) { return true }
                if line.starts(with: "-----END ".utf8) { return false }
            }
        }
        return false
    }

    /// Whether anything in `text` is encrypted in the older form, which OpenSSL accepts even for certificates.
    static func hasEncryptedHeader(_ text: [UInt8]) -> Bool {
        text.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }).contains(where: isEncryptedHeader)
    }

    private static func isEncryptedHeader(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "Proc-Type:".utf8) && contains(line, "ENCRYPTED")
    }

    private static func contains(_ line: ArraySlice<UInt8>, _ word: String) -> Bool {
        line.indices.contains { line[$0...].starts(with: word.utf8) }
    }

    /// The first 64 KiB of a file; nil if it cannot be read.
    static func text(of path: String) -> [UInt8]? {
        try? FileReader.bytes(of: path, limit: 64 << 10)
    }
}
