/// What a runtime asks of a plugin: CNI_COMMAND (CNI spec section 2).
public enum CNICommand: String, Hashable, Sendable, CaseIterable, CustomStringConvertible {
    /// Give addresses to an attachment.
    case add = "ADD"
    /// Take the addresses of an attachment back.
    case del = "DEL"
    /// Say whether an attachment is as it was added.
    case check = "CHECK"
    /// Take back what attachments that are no longer valid hold.
    case gc = "GC"
    /// Say whether the plugin can serve ADD.
    case status = "STATUS"
    /// Say which versions are spoken.
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
