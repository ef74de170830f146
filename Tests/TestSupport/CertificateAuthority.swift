import Foundation
import Synchronization

/// A certification authority for one test, with openssl(1): its own certificate, a server's for `localhost` and
/// 127.0.0.1, and clients' by common name. All keys are P-256; all certificates hold for two days.
public final class CertificateAuthority: Sendable {
    /// A certificate and its key, both as paths of PEM files.
    public struct Identity: Sendable {
        /// The path of the certificate.
        public let certificate: String
        /// The path of the private key.
        public let key: String
    }

    /// The path of the authority's own certificate, PEM: what the other side must trust.
    public let certificate: String
    /// For servers on this machine. Good for clients too: etcd's gateway shows it to etcd itself.
    public let server: Identity

    private let folder: TemporaryDirectory
    private let clients = Mutex<[String: Identity]>([:])

    /// Makes the authority and the server's certificate.
    ///
    /// - Throws: `TestSupportError` when openssl is missing or refuses.
    public init(name: String = "kube-ipam test CA") throws {
        folder = try TemporaryDirectory(prefix: "ca")
        let authority = try Self.issue(
            name, in: folder, file: "ca", extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=keyCertSign"])
        certificate = authority.certificate
        server = try Self.issue(
            "localhost", in: folder, file: "server", by: authority,
            extensions: ["subjectAltName=DNS:localhost,IP:127.0.0.1", "extendedKeyUsage=serverAuth,clientAuth"])
    }

    /// A client's certificate with this common name; asked again, the same one.
    public func client(commonName: String) throws -> Identity {
        try clients.withLock { clients in
            if let known = clients[commonName] { return known }
            let authority = Identity(certificate: certificate, key: folder.file("ca.key").path)
            let new = try Self.issue(
                commonName, in: folder, file: "client-\(clients.count)", by: authority,
                extensions: ["extendedKeyUsage=clientAuth"])
            clients[commonName] = new
            return new
        }
    }

    /// Replaces the server's certificate by one that is valid at another time. etcd reads the file for each connection.
    ///
    /// - Parameters:
    ///   - start: The first moment, in days from now; negative for the past.
    ///   - end: The last moment, in days from now.
    ///   - names: The subjectAltName, as openssl writes it.
    public func replaceServer(
        from start: Double, to end: Double, names: String = "DNS:localhost,IP:127.0.0.1"
    ) throws {
        let database = try TemporaryDirectory(prefix: "ca-database")
        _ = try database.write("", to: "index.txt")
        let configuration = try database.write(
            "[ca]\ndefault_ca=own\n[own]\ndatabase=\(database.file("index.txt").path)\nrand_serial=yes\n"
                + "new_certs_dir=\(database.path)\ndefault_md=sha256\npolicy=any\nunique_subject=no\n"
                + "x509_extensions=wanted\n[any]\ncommonName=supplied\n"
                + "[wanted]\nsubjectAltName=\(names)\nextendedKeyUsage=serverAuth,clientAuth\n"
                + "[req]\ndistinguished_name=name\nprompt=no\n[name]\nCN=localhost\n",
            to: "ca.conf"
        ).path
        let request = database.file("server.csr").path
        try runTool("openssl", ["req", "-new", "-config", configuration, "-key", server.key, "-out", request])
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "yyyyMMddHHmmss'Z'"
        let times = [start, end].map { format.string(from: Date(timeIntervalSinceNow: $0 * 86_400)) }
        let new = database.file("server.pem")
        try runTool(
            "openssl",
            [
                "ca", "-batch", "-config", configuration, "-cert", certificate, "-keyfile", folder.file("ca.key").path,
                "-in", request, "-out", new.path, "-notext", "-startdate", times[0], "-enddate", times[1],
            ])
        try Data(contentsOf: new).write(to: URL(fileURLWithPath: server.certificate), options: .atomic)
    }

    /// How a private key is encrypted.
    public enum Encryption: CaseIterable, Sendable {
        /// `BEGIN ENCRYPTED PRIVATE KEY` (RFC 7468 section 11).
        case pkcs8
        /// `BEGIN EC PRIVATE KEY` with `Proc-Type: 4,ENCRYPTED` (RFC 1421).
        case header
    }

    /// The passphrase of encrypted keys.
    public static let passphrase = "open-sesame"

    /// The same identity with its key encrypted.
    public func encrypted(_ identity: Identity, _ encryption: Encryption) throws -> Identity {
        let key = folder.file("encrypted-\(UUID().uuidString).key").path
        let pass = ["-passout", "pass:\(Self.passphrase)", "-in", identity.key, "-out", key]
        switch encryption {
        case .pkcs8: try runTool("openssl", ["pkcs8", "-topk8", "-v2", "aes-256-cbc"] + pass)
        case .header: try runTool("openssl", ["ec", "-aes256"] + pass)
        }
        return Identity(certificate: identity.certificate, key: key)
    }

    /// A copy of a certificate with the header of an encrypted one, which OpenSSL would want a passphrase for.
    public func encryptedCertificate(_ path: String) throws -> String {
        let begin = "-----BEGIN CERTIFICATE-----\n"
        let header = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,000102030405060708090A0B0C0D0E0F\n\n"
        let text = try String(contentsOfFile: path, encoding: .utf8)
            .replacingOccurrences(of: begin, with: begin + header)
        return try folder.write(text, to: "encrypted-\(UUID().uuidString).pem").path
    }

    /// Makes a key and its certificate, signed by another or by itself.
    private static func issue(
        _ commonName: String, in folder: TemporaryDirectory, file: String, by issuer: Identity? = nil,
        extensions: [String]
    ) throws -> Identity {
        // A configuration of its own: the system's default adds extensions that collide with these.
        let configuration = try folder.write(
            "[req]\ndistinguished_name=name\nprompt=no\nx509_extensions=wanted\n"
                + "[name]\nCN=\(commonName)\n[wanted]\n\(extensions.joined(separator: "\n"))\n",
            to: "\(file).conf")
        let identity = Identity(certificate: folder.file("\(file).pem").path, key: folder.file("\(file).key").path)
        var arguments = [
            "req", "-x509", "-config", configuration.path, "-days", "2", "-newkey", "ec",
            "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", identity.key, "-out", identity.certificate,
        ]
        if let issuer { arguments += ["-CA", issuer.certificate, "-CAkey", issuer.key] }
        try runTool("openssl", arguments)
        return identity
    }
}
