import Glibc

/// What a certificate says about its owner and its time (RFC 5280 section 4.1), without its key and its signature.
public struct X509Certificate: Hashable, Sendable {
    /// The common name of the subject; empty if it has none.
    public let subject: String
    /// The common name of the issuer; empty if it has none.
    public let issuer: String
    /// The first moment at which it is valid, in seconds since 1970-01-01T00:00:00Z.
    public let notBefore: Int64
    /// The last moment at which it is valid, in seconds since 1970-01-01T00:00:00Z.
    public let notAfter: Int64
    /// The names of type `dNSName` in the extension subjectAltName.
    public let dnsNames: [String]
    /// The addresses of type `iPAddress` in the extension subjectAltName, as inet_ntop(3) writes them.
    public let ipAddresses: [String]

    /// Reads a certificate in DER; nil if it is not one.
    public init?(der: [UInt8]) {
        var outer = DERReader(der[...])
        guard var inner = outer.next(DERReader.Tag.sequence)?.values,
            var fields = inner.next(DERReader.Tag.sequence)?.values
        else { return nil }
        // The version, the serial number, and the algorithm of the signature.
        _ = fields.next(0xA0)
        guard fields.next() != nil, fields.next(DERReader.Tag.sequence) != nil,
            let issuer = fields.next(DERReader.Tag.sequence),
            var validity = fields.next(DERReader.Tag.sequence)?.values,
            let notBefore = validity.next().flatMap(Self.time), let notAfter = validity.next().flatMap(Self.time),
            let subject = fields.next(DERReader.Tag.sequence)
        else { return nil }
        self.issuer = Self.commonName(issuer)
        self.subject = Self.commonName(subject)
        self.notBefore = notBefore
        self.notAfter = notAfter
        (dnsNames, ipAddresses) = Self.alternativeNames(fields)
    }

    /// Reads all certificates in PEM (RFC 7468), in their order; those that cannot be read are left out.
    public static func all(inPEM text: [UInt8]) -> [X509Certificate] {
        var certificates: [X509Certificate] = []
        var body: String?
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if line.hasPrefix("-----BEGIN CERTIFICATE-----") {
                body = ""
            } else if line.hasPrefix("-----END CERTIFICATE-----") {
                if let der = body.flatMap(base64), let certificate = X509Certificate(der: der) {
                    certificates.append(certificate)
                }
                body = nil
            } else {
                body? += line
            }
        }
        return certificates
    }

    /// Whether the certificate is for a host: a name, or an address without brackets. Names are compared as RFC 9525 says: a
    /// wildcard stands for the whole first label. As in OpenSSL, the common name counts only if there are no names.
    public func covers(_ host: String) -> Bool {
        if let address = Self.address(host) { return ipAddresses.contains(address) }
        let host = host.lowercased()
        let names = dnsNames.isEmpty && ipAddresses.isEmpty ? [subject] : dnsNames
        return names.contains { name in
            let name = name.lowercased()
            guard name.hasPrefix("*.") else { return name == host }
            return host.firstIndex(of: ".").map { host[$0...] == name.dropFirst() } ?? false
        }
    }

    // MARK: Fields

    /// Name ::= SEQUENCE OF SET OF SEQUENCE { type, value } (RFC 5280 section 4.1.2.4).
    private static func commonName(_ name: DERReader.Value) -> String {
        let identifier: [UInt8] = [0x55, 0x04, 0x03]
        var sets = name.values
        var found = ""
        while var set = sets.next()?.values {
            while var attribute = set.next()?.values {
                guard let type = attribute.next(DERReader.Tag.objectIdentifier), type.content.elementsEqual(identifier),
                    let value = attribute.next()
                else { continue }
                found = String(decoding: value.content, as: UTF8.self)
            }
        }
        return found
    }

    /// UTCTime or GeneralizedTime, both in UTC and with seconds (RFC 5280 section 4.1.2.5).
    private static func time(_ value: DERReader.Value) -> Int64? {
        guard value.content.last == UInt8(ascii: "Z") else { return nil }
        var digits = value.content.dropLast()[...]
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        func number(_ count: Int) -> Int64 {
            defer { digits = digits.dropFirst(count) }
            return digits.prefix(count).reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        var year: Int64
        switch (value.tag, digits.count) {
        case (DERReader.Tag.utcTime, 12):
            year = number(2)
            year += year < 50 ? 2000 : 1900
        case (DERReader.Tag.generalizedTime, 14): year = number(4)
        default: return nil
        }
        let (month, day, hour, minute, second) = (number(2), number(2), number(2), number(2), number(2))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60 else { return nil }
        return days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// The days from 1970-01-01 to a date of the Gregorian calendar.
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + ofYear - 719_468
    }

    /// Extensions ::= [3] SEQUENCE OF SEQUENCE { identifier, critical?, value } (RFC 5280 sections 4.1.2.9 and 4.2.1.6).
    private static func alternativeNames(_ fields: DERReader) -> (dns: [String], ip: [String]) {
        let identifier: [UInt8] = [0x55, 0x1D, 0x11]
        var fields = fields
        var names: (dns: [String], ip: [String]) = ([], [])
        while let field = fields.next() {
            var wrapped = field.values
            guard field.tag == 0xA3, var extensions = wrapped.next(DERReader.Tag.sequence)?.values else { continue }
            while var parts = extensions.next()?.values {
                guard parts.next(DERReader.Tag.objectIdentifier)?.content.elementsEqual(identifier) == true else {
                    continue
                }
                while let part = parts.next() {
                    var content = part.values
                    guard part.tag == DERReader.Tag.octetString,
                        var list = content.next(DERReader.Tag.sequence)?.values
                    else { continue }
                    while let name = list.next() {
                        switch name.tag {
                        case 0x82: names.dns.append(String(decoding: name.content, as: UTF8.self))
                        case 0x87: if let text = Self.text(ofAddress: Array(name.content)) { names.ip.append(text) }
                        default: break
                        }
                    }
                }
            }
        }
        return names
    }

    private static func text(ofAddress bytes: [UInt8]) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// An address as inet_ntop(3) writes it; nil for a name.
    private static func address(_ host: String) -> String? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, host, &bytes) == 1 { return text(ofAddress: Array(bytes.prefix(4))) }
        return inet_pton(AF_INET6, host, &bytes) == 1 ? text(ofAddress: bytes) : nil
    }

    /// Base64 (RFC 4648 section 4); nil if a character is not of its alphabet.
    private static func base64(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var (bits, count) = (UInt32(0), 0)
        for letter in text.utf8 {
            let value: UInt8
            switch letter {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = letter - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = letter - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = letter - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="), 0x20, 0x09, 0x0D: continue
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }
}
