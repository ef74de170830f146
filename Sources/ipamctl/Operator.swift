import Glibc
import IPAMKit
import Machine

/// The person, or the program, that runs ipamctl.
enum Operator {
    /// In bytes, as Linux has it (LOGIN_NAME_MAX): it becomes a part of what is stored.
    private static let longestUser = 256

    /// `user@host`; behind sudo the user who called it.
    static var name: String {
        let user =
            getenv("SUDO_USER").map { String(cString: $0) }.flatMap { $0.utf8.count <= longestUser ? $0 : nil }
            ?? getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        return "\(user ?? "uid \(getuid())")@\(Host.name)"
    }

    static func now() -> Timestamp {
        Timestamp(seconds: Host.now())
    }
}
