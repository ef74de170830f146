import Machine

/// The CA certificates of the system. A libcurl that is linked in does not know where they are, because each distribution has
/// another place for them.
enum SystemTrust {
    /// Debian, Ubuntu, Arch and Alpine; Fedora and RHEL; openSUSE; RHEL 7.
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    ]

    /// The file with the system's CA certificates, if a server is to be verified with them; nil if there is none. Then the
    /// system's libcurl uses its own default, and a libcurl that is linked in trusts no server.
    static func roots(of tls: TLSOptions) -> TLSOptions.PEM? {
        guard tls.verifiesServer, tls.trustRoots == nil else { return nil }
        return files.first(where: FileReader.isReadable).map(TLSOptions.PEM.file)
    }
}
