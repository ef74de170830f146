/// Reads the members of one object of a configuration, with their key paths for errors.
///
/// As in Go's encoding/json, a key is looked up as written first, then in any case; `null` counts as absent. So does an empty
/// string if the value is optional.
struct ConfigurationReader {
    /// A value and the path to it.
    struct Item {
        let value: JSONValue
        let key: String

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

        /// The elements with their paths.
        func elements() throws(ConfigurationError) -> [Item] {
            guard let array = value.array else { throw kindError("an array") }
            return array.enumerated().map { Item(value: $0.element, key: "\(key)[\($0.offset)]") }
        }

        /// A reader of the object.
        func reader() throws(ConfigurationError) -> ConfigurationReader {
            guard let object = value.object else {
                // A list may have passwords in it.
                guard let array = value.array, !array.isEmpty else { throw kindError("an object") }
                throw .value(key: key, found: "\(value.kind)", problem: "must be an object")
            }
            return ConfigurationReader(object: object, path: key)
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
    }

    let object: JSONObject
    /// The path to the object, empty for the configuration itself.
    let path: String

    /// The path to a member, such as `ipam.subnet` or `runtimeConfig["io.kubernetes.cri.pod-annotations"]`.
    func keyPath(_ key: String) -> String {
        if path.isEmpty { return key }
        return key.utf8.contains(UInt8(ascii: ".")) ? "\(path)[\(key.quotedForPeople)]" : "\(path).\(key)"
    }

    /// A member that is present and not null.
    subscript(key: String) -> Item? {
        let member =
            object.members.first { $0.key == key } ?? object.members.first { Self.matches($0.key, key) }
        guard let member, !member.value.isNull else { return nil }
        return Item(value: member.value, key: keyPath(member.key))
    }

    /// The effective version of `cniVersions`; nil if it is absent. A runtime passes `cniVersion`.
    var versions: Item? {
        guard self["cniVersions"] != nil, let version = CNIVersion.chosen(of: object) else { return nil }
        return Item(value: version, key: keyPath("cniVersions"))
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
        let text = try item.string()
        guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw item.error("has control characters")
        }
        return text
    }

    /// A string that must not be part of an error message.
    func secret(_ key: String) throws(ConfigurationError) -> String? {
        guard let item = nonEmpty(key) else { return nil }
        guard let text = item.value.string else {
            throw .value(key: item.key, found: "the value", problem: "must be a string")
        }
        return text
    }

    /// An address; nil if absent or empty.
    func address(_ key: String) throws(ConfigurationError) -> IPAddress? {
        guard let item = nonEmpty(key) else { return nil }
        return try item.address()
    }

    /// The CIDR block that an address with a prefix length is in, as Go's `net.ParseCIDR` reads it: `10.1.2.3/16` is
    /// `10.1.0.0/16`; nil if absent or empty.
    func blockOfAddress(_ key: String) throws(ConfigurationError) -> CIDR? {
        guard let item = nonEmpty(key) else { return nil }
        let text = try item.string()
        do {
            let (address, length) = try CIDR.addressAndPrefixLength(text)
            return CIDR(containing: address, prefixLength: length)
        } catch { throw item.error(error.problem) }
    }

    /// A CIDR block; nil if absent or empty.
    func block(_ key: String) throws(ConfigurationError) -> CIDR? {
        guard let item = nonEmpty(key) else { return nil }
        return try item.block()
    }

    /// A whole number in a range; nil if absent.
    func integer(_ key: String, _ allowed: ClosedRange<Int>) throws(ConfigurationError) -> Int? {
        guard let item = self[key] else { return nil }
        guard let number = item.value.int, allowed.contains(number) else {
            throw item.kindError("a whole number from \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        return number
    }

    /// An object; nil if absent.
    func reader(_ key: String) throws(ConfigurationError) -> ConfigurationReader? {
        guard let item = self[key] else { return nil }
        return try item.reader()
    }

    /// The elements of an array; empty if absent.
    func elements(_ key: String) throws(ConfigurationError) -> [Item] {
        guard let item = self[key] else { return [] }
        return try item.elements()
    }

    /// Whether two keys differ in the case of ASCII letters at most.
    private static func matches(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count && left.utf8.elementsEqual(right.utf8) { lowered($0) == lowered($1) }
    }

    private static func lowered(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
