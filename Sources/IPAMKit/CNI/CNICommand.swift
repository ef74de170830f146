/// The operation that a runtime requests: CNI_COMMAND (CNI spec section 2).
public enum CNICommand: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Give addresses to an attachment.
    case add = "ADD"
    /// Free the addresses of an attachment.
    case del = "DEL"
    /// Check that an attachment is as it was added.
    case check = "CHECK"
    /// Free the addresses of attachments that are no longer valid.
    case gc = "GC"
    /// Report whether the plugin can serve ADD.
    case status = "STATUS"
    /// Report the supported versions.
    case version = "VERSION"

    /// The oldest version of the specification that has the command.
    public var minimumVersion: CNIVersion {
        switch self {
        case .add, .del, .version: .v010
        case .check: .v040
        case .gc, .status: .v110
        }
    }

    /// The command as written, such as "ADD".
    public var description: String { rawValue }
}
