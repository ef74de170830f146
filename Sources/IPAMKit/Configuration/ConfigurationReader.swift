/// Reads the members of one object of a configuration, with their key paths for errors.
///
/// As in Go's encoding/json, a key is looked up as written first, then in any case; `null` counts as absent. So does an empty
/// string if the value is optional.
///
/// With ``problems``, an invalid value counts as absent, and its error is kept there; without, it is thrown.
struct ConfigurationReader {
    /// A value and the path to it.
    struct Item {
        let value: JSONValue
        let key: String
        var problems: ConfigurationProblems?

        /// The error that the value is invalid.
        func error(_ problem: String) -> ConfigurationError {
            .value(key: key, found: value.excerpt, problem: problem)
        }

        /// The error that the value is of the wrong kind.
        func kindError(_ expected: String) -> ConfigurationError {
            error("must be \(expected)")
        }

        /// The string.
        func string() throws(ConfigurationError) -> String {
            guard let text = value.string else { throw kindError("a string") }
            return text
        }

        /// The string, which must not have control characters, such as a path.
        func line() throws(ConfigurationError) -> String {
            let text = try string()
            guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw error("has control characters") }
            return text
        }

        /// A string that must not be part of an error message.
        func secret() throws(ConfigurationError) -> String {
            guard let text = value.string else {
                throw .value(key: key, found: "the value", problem: "must be a string")
            }
            return text
        }

        /// The elements with their paths.
        func elements() throws(ConfigurationError) -> [Item] {
            guard let array = value.array else { throw kindError("an array") }
            return array.enumerated().map {
                Item(value: $0.element, key: "\(key)[\($0.offset)]", problems: problems)
            }
        }

        /// A reader of the object.
        func reader() throws(ConfigurationError) -> ConfigurationReader {
            guard let object = value.object else {
                // A list may have passwords in it.
                guard let array = value.array, !array.isEmpty else { throw kindError("an object") }
                throw .value(key: key, found: "\(value.kind)", problem: "must be an object")
            }
            return ConfigurationReader(object: object, path: key, problems: problems)
        }

        /// An address.
        func address() throws(ConfigurationError) -> IPAddress {
            let text = try string()
            do { return try IPAddress(text) } catch { throw self.error(error.problem) }
        }

        /// An address, with or without a prefix length, which is ignored.
        func addressIgnoringPrefixLength() throws(ConfigurationError) -> IPAddress {
            let text = try string()
            guard text.utf8.contains(UInt8(ascii: "/")) else { return try address() }
            do { return try CIDR.addressAndPrefixLength(text).0 } catch { throw self.error(error.problem) }
        }

        /// A CIDR block.
        func block() throws(ConfigurationError) -> CIDR {
            let text = try string()
            do { return try CIDR(text) } catch { throw self.error(error.problem) }
        }

        /// The CIDR block that an address with a prefix length is in.
        func blockOfAddress() throws(ConfigurationError) -> CIDR {
            let text = try string()
            do {
                let (address, length) = try CIDR.addressAndPrefixLength(text)
                return CIDR(containing: address, prefixLength: length)
            } catch { throw self.error(error.problem) }
        }

        /// A whole number in a range.
        func integer(_ allowed: ClosedRange<Int>) throws(ConfigurationError) -> Int {
            guard let number = value.int, allowed.contains(number) else {
                throw kindError("a whole number from \(allowed.lowerBound) to \(allowed.upperBound)")
            }
            return number
        }
    }

    let object: JSONObject
    /// The path to the object, empty for the configuration itself.
    let path: String
    /// Keeps all errors and the keys that were looked up; nil if the first error is thrown.
    var problems: ConfigurationProblems?

    /// The path to a member, such as `ipam.subnet` or `runtimeConfig["io.kubernetes.cri.pod-annotations"]`.
    func keyPath(_ key: String) -> String { Self.keyPath(path, key) }

    static func keyPath(_ path: String, _ key: String) -> String {
        if path.isEmpty { return key }
        return key.utf8.contains(UInt8(ascii: ".")) ? "\(path)[\(key.quotedForPeople)]" : "\(path).\(key)"
    }

    /// A member that is present and not null.
    subscript(key: String) -> Item? {
        problems?.lookUp(key, in: self)
        guard let member = member(key), !member.value.isNull else { return nil }
        return Item(value: member.value, key: keyPath(member.key), problems: problems)
    }

    /// The member that counts for a key: with the same case, else the first one with another case.
    func member(_ key: String) -> JSONObject.Member? {
        object.members.first { $0.key == key } ?? object.members.first { Self.matches($0.key, key) }
    }

    /// Runs a part of the reading.
    ///
    /// - Returns: nil if that returns nil, or if its error was kept in ``problems``.
    /// - Throws: its error, unless it was kept.
    func attempt<Value>(_ read: @autoclosure () throws(ConfigurationError) -> Value?)
        throws(ConfigurationError) -> Value?
    {
        try problems.attempt(try read())
    }

    /// The number of errors that were kept.
    var errorCount: Int { problems?.errors.count ?? 0 }

    /// The effective version of `cniVersions`; nil if it is absent. A runtime passes `cniVersion`.
    var versions: Item? {
        guard self["cniVersions"] != nil, let version = CNIVersion.chosen(of: object) else { return nil }
        return Item(value: version, key: keyPath("cniVersions"), problems: problems)
    }

    /// A member whose string is not empty.
    func nonEmpty(_ key: String) -> Item? {
        guard let item = self[key], item.value != "" else { return nil }
        return item
    }

    /// A string without control characters, such as a path or a name, of the first of the keys that has a value; nil if all are
    /// absent or empty.
    func string(_ keys: String...) throws(ConfigurationError) -> String? {
        guard let item = keys.lazy.compactMap({ nonEmpty($0) }).first else { return nil }
        return try attempt(try item.line())
    }

    /// A string that must not be part of an error message.
    func secret(_ key: String) throws(ConfigurationError) -> String? {
        guard let item = nonEmpty(key) else { return nil }
        return try attempt(try item.secret())
    }

    /// An address; nil if absent or empty.
    func address(_ key: String) throws(ConfigurationError) -> IPAddress? {
        guard let item = nonEmpty(key) else { return nil }
        return try attempt(try item.address())
    }

    /// The CIDR block that an address with a prefix length is in, as Go's `net.ParseCIDR` reads it: `10.1.2.3/16` is
    /// `10.1.0.0/16`; nil if absent or empty.
    func blockOfAddress(_ key: String) throws(ConfigurationError) -> CIDR? {
        guard let item = nonEmpty(key) else { return nil }
        return try attempt(try item.blockOfAddress())
    }

    /// A CIDR block; nil if absent or empty.
    func block(_ key: String) throws(ConfigurationError) -> CIDR? {
        guard let item = nonEmpty(key) else { return nil }
        return try attempt(try item.block())
    }

    /// A whole number in a range; nil if absent.
    func integer(_ key: String, _ allowed: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let item = self[key] else { return nil }
        return try attempt(try item.integer(allowed))
    }

    /// An object; nil if absent.
    func reader(_ key: String) throws(ConfigurationError) -> ConfigurationReader? {
        guard let item = self[key] else { return nil }
        return try attempt(try item.reader())
    }

    /// The elements of an array; empty if absent.
    func elements(_ key: String) throws(ConfigurationError) -> [Item] {
        guard let item = self[key] else { return [] }
        return try attempt(try item.elements()) ?? []
    }

    /// Whether two keys differ in the case of ASCII letters at most.
    static func matches(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8) { lowered($0) == lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
