import Glibc
import IPAMKit
import Machine

/// The person, or the program, that runs ipamctl.
enum Operator {
    /// In bytes, as on Linux (LOGIN_NAME_MAX): the name becomes a part of what is stored.
    private static let longestUser = 256

    /// `user@host`; under sudo the user who called it.
    static var name: String {
        let user =
            Variable.text("SUDO_USER").flatMap { $0.utf8.count <= longestUser ? $0 : nil }
            ?? getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        return "\(user ?? "uid \(getuid())")@\(Host.name)"
    }

    static func now() -> Timestamp {
        Timestamp(seconds: Host.now())
    }
}
