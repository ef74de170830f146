import Glibc

/// Environment variables; an empty one counts as not set.
enum Variable {
    static func text(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }

    /// A variable that stands in for an option, read as the option is.
    ///
    /// - Throws: ``Failure`` that names the variable.
    static func value<Value>(_ name: String, _ read: (String) throws -> Value) throws(Failure) -> Value? {
        try Failure.wrap(.usage, about: name, hint: "correct or unset the variable \(name)") {
            try text(name).map(read)
        }
    }
}
