/// Why a file, a folder or a descriptor cannot be read or written.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was tried.
    public enum Access: String, Hashable, Sendable {
        /// Reading, or opening to read.
        case read
        /// Writing, or opening to write.
        case written
    }

    /// What was tried.
    public let access: Access
    /// The path, or a name such as "standard input".
    public let path: String
    /// The reason, in the words of strerror(3) if the operating system gave it.
    public let reason: String
    /// The error number of the operating system; nil if it gave none.
    let code: Int32?

    /// Makes the error for a reason that is already in words.
    public init(_ access: Access, _ path: String, reason: String) {
        self.access = access
        self.path = path
        self.reason = reason
        code = nil
    }

    init(_ access: Access, _ path: String, reason: String, code: Int32) {
        self.access = access
        self.path = path
        self.reason = reason
        self.code = code
    }

    /// "/etc/x cannot be read: Permission denied"
    public var description: String { "\(path) cannot be \(access.rawValue): \(reason)" }
}
