import HTTPTransport

/// How a kubeconfig's user authenticates: with a client certificate, a token, both, or not at all.
struct UserCredentials {
    let certificate: TLSOptions.PEM?
    let privateKey: TLSOptions.PEM?
    let token: BearerToken?

    /// - Throws: ``KubeconfigError``; also for fields that are not supported, which are never ignored.
    init(_ user: KubeconfigSection, _ files: KubeconfigFiles) throws(KubeconfigError) {
        try Self.refuseUnsupported(user)
        let certificate = try files.material("client-certificate", of: user)
        let key = try files.material("client-key", of: user)
        if let certificate, key == nil {
            throw .missing(
                user.place(certificate.field), field: user.name("client-key or client-key-data"),
                expected: "\(certificate.field) needs its key")
        }
        if let key, certificate == nil {
            throw .missing(
                user.place(key.field), field: user.name("client-certificate or client-certificate-data"),
                expected: "\(key.field) needs its certificate")
        }
        for material in [certificate, key].compactMap({ $0 })
        where !String(decoding: material.bytes, as: UTF8.self).contains("-----BEGIN ") {
            throw user.wrong(material.field, "is not PEM (RFC 7468)")
        }
        if let key, PrivateKeyPEM.isEncrypted(key.bytes) {
            let problem = "is encrypted: it must be a private key without a passphrase"
            guard case .file(let path) = key.pem else { throw user.wrong(key.field, problem) }
            throw .file(
                user.place(key.field), field: user.name(key.field), path: path, problem: "which \(problem)")
        }
        self.certificate = certificate?.pem
        privateKey = key?.pem
        token = try Self.token(user, files)
    }

    private static func token(_ user: KubeconfigSection, _ files: KubeconfigFiles) throws(KubeconfigError)
        -> BearerToken?
    {
        let text = try user.text("token")
        if let text, !BearerToken.isUsable(text) {
            throw user.wrong("token", "must be one word without white space")
        }
        let file = try user.text("tokenFile").map(files.absolute)
        guard text != nil || file != nil else { return nil }
        let token = BearerToken(text: text, file: file)
        if text == nil, let file {
            do throws(BearerToken.Unusable) {
                _ = try token.current()
            } catch {
                throw .file(user.place("tokenFile"), field: user.name("tokenFile"), path: file, problem: error.clause)
            }
        }
        return token
    }

    private static func refuseUnsupported(_ user: KubeconfigSection) throws(KubeconfigError) {
        let reasons = [
            ("exec", "credential plugins are not run"),
            ("auth-provider", "Kubernetes 1.26 removed it"),
            ("username", "Kubernetes 1.19 removed passwords"),
            ("password", "Kubernetes 1.19 removed passwords"),
            ("as", "impersonation is not implemented"), ("as-uid", "impersonation is not implemented"),
            ("as-groups", "impersonation is not implemented"), ("as-user-extra", "impersonation is not implemented"),
        ]
        for (field, problem) in reasons where user.isGiven(field) {
            throw .unsupportedCredentials(user.place(field), field: user.name(field), problem: problem)
        }
    }
}

/// A bearer token (RFC 6750): a text, or a file that is read for each request, because the tokens of service accounts are
/// replaced within an hour.
struct BearerToken: Sendable {
    let text: String?
    let file: String?

    struct Unusable: Error {
        /// A relative clause that follows the path and a comma in an error message.
        let clause: String
    }

    /// The token to send now. As in client-go, that is the file's if it can be read, else the text.
    ///
    /// - Throws: ``Unusable`` if there is neither.
    func current() throws(Unusable) -> String {
        do throws(Unusable) {
            if let fresh = try file.map({ path throws(Unusable) in try Self.read(path) }) { return fresh }
        } catch {
            guard text != nil else { throw error }
        }
        return text ?? ""
    }

    private static func read(_ path: String) throws(Unusable) -> String {
        let bytes: [UInt8]
        do throws(SmallFile.Problem) {
            bytes = try SmallFile.bytes(path)
        } catch {
            throw Unusable(clause: error.clause)
        }
        let token = String(decoding: bytes, as: UTF8.self).trimmed
        guard isUsable(token) else {
            throw Unusable(clause: token.isEmpty ? "which is empty" : "which is not one word without white space")
        }
        return token
    }

    /// Whether a text can be sent in a header field as one word.
    static func isUsable(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}
