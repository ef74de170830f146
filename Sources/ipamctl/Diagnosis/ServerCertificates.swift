import HTTPTransport
import IPAMKit

/// The certificates that a server sent, and whether they are trusted.
struct ServerCertificates: Hashable, Sendable {
    /// The server's own first.
    let chain: [X509Certificate]
    /// Why the server is not trusted, in OpenSSL's words; nil if it is.
    let problem: String?
    /// The name or address that the certificate must have.
    let host: String
}

extension Check {
    /// The longest time, in seconds, before the end of a certificate for which there is a warning: 30 days. If it is valid
    /// for a short time only, a fifth of that time is enough.
    private static let noticePeriod: Int64 = 30 * 86_400

    static func server(_ certificates: ServerCertificates, of subject: String, at now: Timestamp) -> Check {
        let code = CheckCode.serverCertificate
        guard let own = certificates.chain.first else {
            return certificates.problem.map {
                .failed(
                    code, subject, $0, next: "check the CA file, and the client certificate that the server expects")
            } ?? .skipped(code, subject, "the server's certificate could not be read")
        }
        let bad = certificates.chain.compactMap { validity($0, code, subject, at: now) }
        if let failed = bad.first(where: { $0.status == .failed }) { return failed }
        guard own.covers(certificates.host) else {
            let names = own.dnsNames + own.ipAddresses
            return .failed(
                code, subject,
                "the certificate is not for \(certificates.host), but for "
                    + (names.isEmpty ? "\(own.subject), without a subjectAltName" : names.joined(separator: ", ")),
                next: "issue a certificate with this name, or use an endpoint with one of its names")
        }
        if let problem = certificates.problem {
            return .failed(
                code, subject, "\(problem); the certificate of \(own.subject) is issued by \(own.issuer)",
                next: "name the file with the certificate of \(own.issuer) as the CA file")
        }
        return bad.first
            ?? .ok(
                code, subject,
                "\(own.subject), issued by \(own.issuer), valid for \(timeLeft(own, at: now))"
                    + (certificates.chain.count > 1 ? "; a chain of \(certificates.chain.count)" : ""))
    }

    /// The certificates of a file: a client's with its chain, or CA certificates.
    static func file(_ certificates: [X509Certificate], _ code: CheckCode, _ subject: String, at now: Timestamp)
        -> Check
    {
        guard let first = certificates.first else {
            return .failed(
                code, subject, "the file has no certificate in PEM", next: "name a file with a certificate in PEM")
        }
        let bad = certificates.compactMap { validity($0, code, subject, at: now) }
        return bad.first { $0.status == .failed } ?? bad.first
            ?? .ok(
                code, subject,
                "\(first.subject), issued by \(first.issuer), valid for \(timeLeft(first, at: now))"
                    + (certificates.count > 1 ? "; \(certificates.count) certificates" : ""))
    }

    /// nil for a certificate that is valid for long enough.
    private static func validity(
        _ certificate: X509Certificate, _ code: CheckCode, _ subject: String, at now: Timestamp
    ) -> Check? {
        let end = Timestamp(seconds: certificate.notAfter)
        let name = "the certificate of \(certificate.subject)"
        if now < Timestamp(seconds: certificate.notBefore) {
            return .failed(
                code, subject, "\(name) is valid only from \(Timestamp(seconds: certificate.notBefore)) on",
                next: "check this machine's clock, or issue the certificate again")
        }
        let left = certificate.notAfter - now.seconds
        guard left >= 0 else {
            return .failed(code, subject, "\(name) has expired on \(end)", next: "renew the certificate")
        }
        guard left < min(noticePeriod, (certificate.notAfter - certificate.notBefore) / 5) else { return nil }
        return .warning(
            code, subject, "\(name) expires in \(timeLeft(certificate, at: now)), on \(end)",
            next: "renew the certificate")
    }

    /// `364 days`, or `5 hours`.
    private static func timeLeft(_ certificate: X509Certificate, at now: Timestamp) -> String {
        let hours = Int(max(0, certificate.notAfter - now.seconds) / 3600)
        return hours >= 48 ? (hours / 24).counted("day") : hours.counted("hour")
    }
}
