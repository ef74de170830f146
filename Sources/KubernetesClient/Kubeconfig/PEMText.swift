import FoundationEssentials

/// Certificates in PEM text (RFC 7468).
enum PEMText {
    /// The first certificate in DER form; nil if there is none.
    static func firstCertificate(_ text: [UInt8]) -> [UInt8]? {
        let begin = "-----BEGIN CERTIFICATE-----"
        let end = "-----END CERTIFICATE-----"
        let lines = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).map(\.trimmed)
        guard let first = lines.firstIndex(of: begin) else { return nil }
        let rest = lines[(first + 1)...]
        guard let last = rest.firstIndex(of: end) else { return nil }
        let bytes = Base64.bytes(rest[..<last].joined())
        return bytes.flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// Base64 (RFC 4648 section 4).
enum Base64 {
    /// The decoded bytes; nil if `text` is not Base64. White space is ignored.
    static func bytes(_ text: String) -> [UInt8]? {
        let letters = Data(text.utf8.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) })
        return Data(base64Encoded: letters).map { [UInt8]($0) }
    }
}

extension StringProtocol {
    /// Without white space at both ends.
    var trimmed: String {
        var scalars = Substring(self).unicodeScalars
        while let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return String(Substring(scalars.drop { $0.properties.isWhitespace }))
    }
}
