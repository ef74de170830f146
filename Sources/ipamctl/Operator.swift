import Glibc
import IPAMKit

/// The person, or the program, that runs ipamctl.
enum Operator {
    /// In bytes, as Linux has it (LOGIN_NAME_MAX): it becomes a part of what is stored.
    private static let longestUser = 256

    /// `user@host`; behind sudo the user who called it.
    static var name: String {
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let user =
            getenv("SUDO_USER").map { String(cString: $0) }.flatMap { $0.utf8.count <= longestUser ? $0 : nil }
            ?? getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) }
        return "\(user ?? "uid \(getuid())")@\(name)"
    }

    static func now() -> Timestamp {
        Timestamp(seconds: Int64(time(nil)))
    }
}
