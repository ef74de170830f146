import HTTPTransport
import IPAMKit
import Machine

/// The checks of the certificates that a connection is configured with.
enum CertificateFiles {
    /// In bytes; a bundle of all public authorities has 200 KiB.
    private static let limit = 4 << 20

    /// The CA certificates and the client certificate; empty if none are configured.
    static func checks(_ tls: TLSOptions, of subject: String, at now: Timestamp) -> [Check] {
        let authorities = tls.trustRoots.map { check($0, .authorityCertificate, subject, at: now) }
        return [authorities].compactMap(\.self) + client(tls, of: subject, at: now)
    }

    /// The client certificate; empty if there is none.
    static func client(_ tls: TLSOptions, of subject: String, at now: Timestamp) -> [Check] {
        [tls.certificate.map { check($0, .clientCertificate, subject, at: now) }].compactMap(\.self)
    }

    /// - Parameter subject: for a certificate that is not in a file.
    private static func check(_ pem: TLSOptions.PEM, _ code: CheckCode, _ subject: String, at now: Timestamp) -> Check {
        switch pem {
        case .bytes(let text): return .file(X509Certificate.all(inPEM: text), code, subject, at: now)
        case .file(let path):
            do throws(FileError) {
                let text = try FileReader.bytes(of: path, limit: limit)
                return .file(X509Certificate.all(inPEM: text), code, path, at: now)
            } catch {
                return .failed(
                    code, path, "the file \(error.reason.prefix(1).lowercased() + error.reason.dropFirst())",
                    next: "check the path and the permissions")
            }
        }
    }
}
