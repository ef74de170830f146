import Digest
import HTTPTransport
import Machine
import YAML

/// How to reach a Kubernetes API server: one context of a kubeconfig (API `v1`, kind `Config`), with its cluster and its user.
///
/// Paths in a kubeconfig are relative to its folder. A file and its `-data` field exclude each other.
public struct Kubeconfig: Sendable {
    /// The path of the file, or the paths of the merged files with colons between them.
    public let path: String
    /// The name of the selected context.
    public let context: String
    /// The name of the context's cluster.
    public let cluster: String
    /// The name of the context's user; nil if it has none.
    public let user: String?
    /// The API server: an http or https URL without a slash at its end.
    public let server: String
    /// The default namespace of the context; nil if it has none.
    public let namespace: String?
    /// The first CA certificate of the cluster in DER form; nil if the kubeconfig names none.
    private let authority: [UInt8]?

    /// Whether both have the same server URL, or the same CA certificate. If not, they may still lead to the same cluster.
    public func mayLeadToTheSameCluster(as other: Kubeconfig) -> Bool {
        server == other.server || (authority != nil && authority == other.authority)
    }

    /// How the server is verified, and the client's certificate.
    public let tls: TLSOptions
    let token: BearerToken?
    /// The URL of the proxy, as libcurl takes it.
    let proxy: String?

    /// A GET that shows no token, which every API server answers: also one that refuses it has sent its certificate.
    public var anonymousRequest: HTTPRequest {
        var request = HTTPRequest(url: server + "/version")
        request.tls = tls
        request.proxy = proxy
        return request
    }

    /// Reads a kubeconfig.
    ///
    /// - Parameters:
    ///   - path: a file of at most 1 MiB.
    ///   - context: the name of the context to select; nil for the file's `current-context`.
    /// - Throws: ``KubeconfigError``; also for a file named in it that cannot be read.
    public init(contentsOf path: String, context: String? = nil) throws(KubeconfigError) {
        try self.init([try Source(contentsOf: path)], path: path, context: context)
    }

    /// Reads a list of kubeconfigs with colons between them, as in the variable `KUBECONFIG`, and merges them as kubectl does.
    /// Each context, cluster and user is taken from the first file that has one with its name, and `current-context` from the
    /// first file that has it. Files that do not exist are skipped, unless the list has only one.
    ///
    /// - Parameters:
    ///   - list: paths of files of at most 1 MiB.
    ///   - context: the name of the context to select; nil for the `current-context`.
    /// - Throws: ``KubeconfigError``; also if none of the files exists.
    public init(list: String, context: String? = nil) throws(KubeconfigError) {
        var paths: [String] = []
        for path in list.split(separator: ":").map(String.init) where !paths.contains(path) { paths.append(path) }
        let there = paths.filter { !FileReader.isAbsent($0) }
        guard paths.count > 1 else {
            try self.init(contentsOf: paths.first ?? list, context: context)
            return
        }
        guard !there.isEmpty else { throw .unreadable(path: list, reason: "none of these files exists") }
        var sources: [Source] = []
        for path in there {
            do throws(KubeconfigError) {
                sources.append(try Source(contentsOf: path))
            } catch .empty where there.count > 1 {
                continue
            }
        }
        try self.init(sources, path: there.joined(separator: ":"), context: context)
    }

    /// Reads a kubeconfig from its text.
    ///
    /// - Parameters:
    ///   - text: YAML or JSON.
    ///   - path: its name in error messages.
    ///   - folder: the folder that relative paths start from.
    ///   - context: the name of the context to select; nil for the text's `current-context`.
    /// - Throws: ``KubeconfigError``.
    public init(text: [UInt8], path: String, folder: String, context: String? = nil) throws(KubeconfigError) {
        try self.init([try Source(text: text, path: path, folder: folder)], path: path, context: context)
    }

    /// Reads the names of all contexts of several kubeconfigs, each once. Files that do not exist are skipped.
    ///
    /// - Parameter paths: files of at most 1 MiB.
    /// - Throws: ``KubeconfigError``.
    public static func contextNames(inFiles paths: [String]) throws(KubeconfigError) -> [String] {
        var sources: [Source] = []
        for path in paths where !FileReader.isAbsent(path) { sources.append(try Source(contentsOf: path)) }
        return try entries(.context, of: sources).map(\.name)
    }

    /// One of the files of a merged kubeconfig.
    private struct Source {
        let whole: KubeconfigSection
        let files: KubeconfigFiles

        init(contentsOf path: String) throws(KubeconfigError) {
            let text: [UInt8]
            do throws(SmallFile.Problem) {
                text = try SmallFile.bytes(path)
            } catch .unreadable(let reason) {
                throw .unreadable(path: path, reason: reason)
            } catch {
                throw .tooLarge(path: path, limit: SmallFile.limit)
            }
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
            try self.init(text: text, path: path, folder: folder)
        }

        init(text: [UInt8], path: String, folder: String) throws(KubeconfigError) {
            guard text.count <= SmallFile.limit else { throw .tooLarge(path: path, limit: SmallFile.limit) }
            whole = try Kubeconfig.document(text, path: path)
            files = KubeconfigFiles(folder: folder)
        }
    }

    /// An entry, with the files of the kubeconfig that has it.
    private typealias Entry = (name: String, section: KubeconfigSection, files: KubeconfigFiles)

    private init(_ sources: [Source], path: String, context: String?) throws(KubeconfigError) {
        let contexts = try Self.entries(.context, of: sources)
        var place = KubeconfigError.Place(path: path)
        var current: String?
        for source in sources where current == nil {
            current = try source.whole.text("current-context")
            if context == nil, current != nil { place = source.whole.place("current-context") }
        }
        guard let name = context ?? current else {
            throw .noCurrentContext(path: path, known: contexts.map(\.name))
        }
        let chosen = try Self.find(name, .context, among: contexts, namedAt: place).section
        guard let clusterName = try chosen.text("cluster") else {
            throw .missing(
                chosen.place(), field: chosen.name("cluster"), expected: "it must name one of the clusters")
        }
        let userName = try chosen.text("user")
        let cluster = try Self.find(
            clusterName, .cluster, among: try Self.entries(.cluster, of: sources), namedAt: chosen.place("cluster"))
        let users = try Self.entries(.user, of: sources)
        let user = try userName.map { name throws(KubeconfigError) in
            try Self.find(name, .user, among: users, namedAt: chosen.place("user"))
        }

        self.path = path
        self.context = name
        self.cluster = clusterName
        self.user = userName
        namespace = try chosen.text("namespace")
        let connection = try ClusterConnection(cluster.section, cluster.files)
        let credentials = try user.map { user throws(KubeconfigError) in try UserCredentials(user.section, user.files) }
        server = connection.server
        proxy = connection.proxy
        authority = connection.authority
        var tls = connection.tls
        tls.certificate = credentials?.certificate
        tls.privateKey = credentials?.privateKey
        self.tls = tls
        // As in client-go, a token is never sent over an unencrypted connection.
        token = connection.isEncrypted ? credentials?.token : nil
    }

    /// The entries of one of the three lists; for each name, the first one.
    private static func entries(_ kind: KubeconfigError.Entry, of sources: [Source]) throws(KubeconfigError) -> [Entry]
    {
        var entries: [Entry] = []
        for source in sources {
            let known = Set(entries.map(\.name))
            for (name, section) in try source.whole.entries(kind) where !known.contains(name) {
                entries.append((name, section, source.files))
            }
        }
        return entries
    }

    /// The SHA-256 of the kubeconfig's path and of how it reaches the server, as 64 lower-case hexadecimal digits. It does not
    /// identify a cluster: several may share a CA, and the address of a server may become another cluster's.
    public var connectionDigest: String {
        var message: [UInt8] = []
        for part in [path, server, proxy ?? "", tls.serverName ?? ""] {
            message += part.utf8
            message.append(0)
        }
        var hash = SHA256()
        (message + (authority ?? [])).withUnsafeBytes { hash.update($0) }
        return hash.hexadecimal
    }

    fileprivate static func document(_ text: [UInt8], path: String) throws(KubeconfigError) -> KubeconfigSection {
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
            throw whole.wrong("kind", "is \(kind.quoted), not \"Config\"")
        }
        return whole
    }

    private static func find(
        _ name: String, _ kind: KubeconfigError.Entry, among entries: [Entry], namedAt place: KubeconfigError.Place
    ) throws(KubeconfigError) -> Entry {
        guard let found = entries.first(where: { $0.name == name }) else {
            throw .unknownEntry(place, kind, name: name, known: entries.map(\.name))
        }
        return found
    }
}
