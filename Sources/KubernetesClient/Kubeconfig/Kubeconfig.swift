import HTTPTransport

/// How to reach a Kubernetes API server, as a kubeconfig has it (API `v1`, kind `Config`): one context of it, with its
/// cluster and its user.
///
/// A relative path in it counts from the kubeconfig's own folder. A file and its `-data` field exclude each other.
public struct Kubeconfig: Sendable {
    /// Where it was read from.
    public let path: String
    /// The name of the context that counts.
    public let context: String
    /// The name of the context's cluster.
    public let cluster: String
    /// The name of the context's user; nil for nobody in particular.
    public let user: String?
    /// The API server: an http or https URL without a slash at its end.
    public let server: String
    /// The context's default namespace.
    public let namespace: String?
    /// The DER form of the first certificate of the cluster's certification authority; nil where the kubeconfig names
    /// none.
    private let authority: [UInt8]?

    /// Whether both certainly lead to one cluster or to clusters of one certification authority: by the server's URL, or by
    /// the authority's certificate.
    public func mayLeadToTheSameCluster(as other: Kubeconfig) -> Bool {
        server == other.server || (authority != nil && authority == other.authority)
    }

    let tls: TLSOptions
    let token: BearerToken?
    /// The URL of the proxy, as libcurl takes it.
    let proxy: String?

    /// Reads a kubeconfig.
    ///
    /// - Parameters:
    ///   - path: a file of at most 1 MiB.
    ///   - context: the name of the context that counts; nil for the file's `current-context`.
    /// - Throws: ``KubeconfigError``; also for a file named in it that cannot be read.
    public init(contentsOf path: String, context: String? = nil) throws(KubeconfigError) {
        let text: [UInt8]
        do throws(SmallFile.Problem) {
            text = try SmallFile.bytes(path)
        } catch .unreadable(let reason) {
            throw .unreadable(path: path, reason: reason)
        } catch {
            throw .tooLarge(path: path, limit: SmallFile.limit)
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
        try self.init(text: text, path: path, folder: folder, context: context)
    }

    /// Reads a kubeconfig from its text.
    ///
    /// - Parameters:
    ///   - text: YAML or JSON.
    ///   - path: what to call it in errors.
    ///   - folder: the folder from which relative paths count.
    ///   - context: the name of the context that counts; nil for the text's `current-context`.
    /// - Throws: ``KubeconfigError``.
    public init(text: [UInt8], path: String, folder: String, context: String? = nil) throws(KubeconfigError) {
        guard text.count <= SmallFile.limit else { throw .tooLarge(path: path, limit: SmallFile.limit) }
        let whole = try Self.document(text, path: path)
        let contexts = try whole.entries(.context)
        let current = try whole.text("current-context")
        guard let name = context ?? current else {
            throw .noCurrentContext(path: path, known: contexts.map(\.name))
        }
        let place = context == nil ? whole.place("current-context") : .init(path: path)
        let chosen = try Self.find(name, .context, among: contexts, namedAt: place)
        guard let clusterName = try chosen.text("cluster") else {
            throw .missing(
                chosen.place(), field: chosen.name("cluster"), expected: "it must name one of the clusters")
        }
        let userName = try chosen.text("user")
        let cluster = try Self.find(
            clusterName, .cluster, among: try whole.entries(.cluster), namedAt: chosen.place("cluster"))
        let users = try whole.entries(.user)
        let user = try userName.map { name throws(KubeconfigError) in
            try Self.find(name, .user, among: users, namedAt: chosen.place("user"))
        }

        self.path = path
        self.context = name
        self.cluster = clusterName
        self.user = userName
        namespace = try chosen.text("namespace")
        let files = KubeconfigFiles(folder: folder)
        let connection = try ClusterConnection(cluster, files)
        let credentials = try user.map { user throws(KubeconfigError) in try UserCredentials(user, files) }
        server = connection.server
        proxy = connection.proxy
        authority = connection.authority
        var tls = connection.tls
        tls.certificate = credentials?.certificate
        tls.privateKey = credentials?.privateKey
        self.tls = tls
        // As client-go: a token never goes over a connection that anybody can read.
        token = connection.isEncrypted ? credentials?.token : nil
    }

    /// Changes with where the kubeconfig is and with what it says of the way to the server: the SHA-256 of both, 64
    /// lower-case hexadecimal digits. It names no cluster: one authority may serve several, and a server's address comes
    /// to another cluster.
    public var connectionDigest: String {
        var message: [UInt8] = []
        for part in [path, server, proxy ?? "", tls.serverName ?? ""] {
            message += part.utf8
            message.append(0)
        }
        var digest = ""
        for byte in SHA256.hash(message + (authority ?? [])) {
            digest += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return digest
    }

    private static func document(_ text: [UInt8], path: String) throws(KubeconfigError) -> KubeconfigSection {
        let document: YAMLNode?
        do throws(YAMLError) {
            document = try YAMLReader.document(text)
        } catch {
            throw .syntax(
                .init(path: path, line: error.mark.line, column: error.mark.column), problem: error.problem)
        }
        guard let document else { throw .empty(path: path) }
        let whole = try KubeconfigSection(document, path: path, title: "")
        if let kind = try whole.text("kind"), kind != "Config" {
            throw whole.wrong("kind", "is \(kind.quoted): a kubeconfig's is \"Config\"")
        }
        return whole
    }

    private static func find(
        _ name: String, _ kind: KubeconfigError.Entry, among entries: [(name: String, section: KubeconfigSection)],
        namedAt place: KubeconfigError.Place
    ) throws(KubeconfigError) -> KubeconfigSection {
        guard let found = entries.first(where: { $0.name == name }) else {
            throw .unknownEntry(place, kind, name: name, known: entries.map(\.name))
        }
        return found.section
    }
}
