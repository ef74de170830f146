/// Why a kubeconfig, or a file that it names, cannot be used.
public enum KubeconfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A place in a kubeconfig.
    public struct Place: Hashable, Sendable, CustomStringConvertible {
        /// The kubeconfig's path.
        public let path: String
        /// The line, from 1; nil for the file as a whole.
        public let line: Int?
        /// The column, from 1, in characters; nil for the whole line.
        public let column: Int?

        /// Makes a place; lines and columns count from 1.
        public init(path: String, line: Int? = nil, column: Int? = nil) {
            self.path = path
            self.line = line
            self.column = column
        }

        /// `/etc/kubernetes/admin.conf, line 3, column 7`
        public var description: String {
            path + (line.map { ", line \($0)" } ?? "") + (column.map { ", column \($0)" } ?? "")
        }
    }

    /// The kinds of named entries.
    public enum Entry: String, Hashable, Sendable {
        /// An entry of `contexts`.
        case context
        /// An entry of `clusters`.
        case cluster
        /// An entry of `users`.
        case user
    }

    /// The kubeconfig cannot be read.
    case unreadable(path: String, reason: String)
    /// The kubeconfig is longer than `limit` bytes.
    case tooLarge(path: String, limit: Int)
    /// The text is neither YAML nor JSON, or uses a part of YAML that is not supported.
    case syntax(Place, problem: String)
    /// The text is empty, or has only comments.
    case empty(path: String)
    /// Neither `current-context` nor the caller selects a context; `known` lists the contexts.
    case noCurrentContext(path: String, known: [String])
    /// An entry that is referred to does not exist; `known` lists those that exist.
    case unknownEntry(Place, Entry, name: String, known: [String])
    /// A field is missing; `expected` describes a correct value.
    case missing(Place, field: String, expected: String)
    /// The value of a field cannot be used, for the reason in `problem`, which never contains a secret.
    case value(Place, field: String, problem: String)
    /// A file that a field names cannot be used.
    case file(Place, field: String, path: String, problem: String)
    /// The user authenticates in a way that is not supported, for the reason in `problem`.
    case unsupportedCredentials(Place, field: String, problem: String)

    /// The error message: the place, what is wrong there, and a correct value.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "the kubeconfig \(path) cannot be read: \(reason)"
        case .tooLarge(let path, let limit):
            "the kubeconfig \(path) is longer than the limit of \(limit) bytes"
        case .syntax(let place, let problem):
            "the kubeconfig \(place): \(problem)"
        case .empty(let path):
            "the kubeconfig \(path) is empty"
        case .noCurrentContext(let path, let known):
            "the kubeconfig \(path) has no current-context: "
                + (known.isEmpty ? "it has no contexts" : "set it to one of \(Self.list(known))")
        case .unknownEntry(let place, let entry, let name, let known):
            "the kubeconfig \(place): there is no \(entry) \(name.quoted)"
                + (known.isEmpty ? ", nor any other \(entry)" : ", only \(Self.list(known))")
        case .missing(let place, let field, let expected):
            "the kubeconfig \(place): \(field) is missing: \(expected)"
        case .value(let place, let field, let problem):
            "the kubeconfig \(place): \(field) \(problem)"
        case .file(let place, let field, let path, let problem):
            "the kubeconfig \(place): \(field) names \(path.excerpt), \(problem)"
        case .unsupportedCredentials(let place, let field, let problem):
            "the kubeconfig \(place): \(field) is not supported: \(problem); "
                + "give the user a client certificate or a token instead"
        }
    }

    private static func list(_ names: [String]) -> String {
        names.prefix(10).map(\.quoted).joined(separator: ", ")
            + (names.count > 10 ? " and \(names.count - 10) more" : "")
    }
}
