/// What is wrong with a kubeconfig, or with a file that it names.
public enum KubeconfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A place in a kubeconfig.
    public struct Place: Hashable, Sendable, CustomStringConvertible {
        /// The kubeconfig's path.
        public let path: String
        /// The line, from 1; nil for the file as a whole.
        public let line: Int?
        /// The column, from 1, in characters; nil where the line says enough.
        public let column: Int?

        /// Names a place.
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
        case context
        case cluster
        case user
    }

    /// The kubeconfig cannot be read.
    case unreadable(path: String, reason: String)
    /// The kubeconfig is longer than is read.
    case tooLarge(path: String, limit: Int)
    /// The text is neither YAML nor JSON, or none that is understood.
    case syntax(Place, problem: String)
    /// There is no text, or nothing in it.
    case empty(path: String)
    /// Neither `current-context` nor the caller says which context counts; these are known.
    case noCurrentContext(path: String, known: [String])
    /// An entry is named and not there; these are.
    case unknownEntry(Place, Entry, name: String, known: [String])
    /// A field is missing; `expected` says what would be right.
    case missing(Place, field: String, expected: String)
    /// A field's value cannot be used; `problem` says why and what would be right. Never holds a secret.
    case value(Place, field: String, problem: String)
    /// A file that a field names cannot be used.
    case file(Place, field: String, path: String, problem: String)
    /// The user proves itself in a way that is not supported; `problem` says why.
    case unsupportedCredentials(Place, field: String, problem: String)

    /// One sentence for people: where, what is wrong, and what would be right.
    public var description: String {
        switch self {
        case .unreadable(let path, let reason):
            "the kubeconfig \(path) cannot be read: \(reason)"
        case .tooLarge(let path, let limit):
            "the kubeconfig \(path) is longer than \(limit) bytes, which is all that is read"
        case .syntax(let place, let problem):
            "the kubeconfig \(place): \(problem)"
        case .empty(let path):
            "the kubeconfig \(path) is empty"
        case .noCurrentContext(let path, let known):
            "the kubeconfig \(path) has no current-context, so that it is not said which cluster is meant: "
                + (known.isEmpty ? "it has no context at all" : "set it to one of \(Self.list(known))")
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
