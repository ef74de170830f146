import StrictJSON

/// The kinds of names that callers pass and that become part of a key in the store.
public enum NameKind: String, Hashable, Sendable {
    /// The `name` of a network configuration.
    case network = "network name"
    /// A container ID.
    case containerID = "container ID"
    /// The name of a network interface.
    case interface = "interface name"
    /// A Kubernetes namespace.
    case namespace = "namespace"
    /// A Kubernetes pod.
    case pod = "pod name"

    /// The pattern of a name of this kind, to follow "must".
    var rule: String {
        switch self {
        case .network, .containerID:
            "start with a letter or digit, then have letters, digits, \"_\", \".\" and \"-\" only"
        case .interface: "have 1 to 15 bytes, not be \".\" or \"..\", and have no \"/\", \":\" or white space"
        case .namespace, .pod: "have 1 to 253 bytes and no \"/\" or white space"
        }
    }

    /// Whether a text is a name of this kind.
    func accepts(_ text: String) -> Bool {
        let bytes = text.utf8
        switch self {
        case .network, .containerID:
            guard let first = bytes.first, Self.isAlphanumeric(first) else { return false }
            return bytes.allSatisfy { Self.isAlphanumeric($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
        case .interface:
            return (1...15).contains(bytes.count) && text != "." && text != ".." && Self.isOneSegment(text)
                && !bytes.contains(UInt8(ascii: ":"))
        case .namespace, .pod:
            return (1...253).contains(bytes.count) && Self.isOneSegment(text)
        }
    }

    /// Returns the text itself.
    ///
    /// - Throws: ``NameError`` if the text is not a name of this kind.
    func validated(_ text: String) throws(NameError) -> String {
        guard accepts(text) else { throw NameError(kind: self, text: text) }
        return text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// No "/", no white space of any script, no control character (C0, DEL and C1).
    private static func isOneSegment(_ text: String) -> Bool {
        // Nearly every name is ASCII.
        if text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "/") }) { return true }
        return text.unicodeScalars.allSatisfy { scalar in
            scalar != "/" && scalar.value > 0x20 && !(0x7F...0x9F).contains(scalar.value)
                && (scalar.isASCII || !scalar.properties.isWhitespace)
        }
    }
}

/// A text that is not a valid name.
public struct NameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of name that is required.
    public let kind: NameKind
    /// The text as found.
    public let text: String

    /// Makes an error for a text that is not a name of `kind`.
    public init(kind: NameKind, text: String) {
        self.kind = kind
        self.text = text
    }

    /// The error message, on one line.
    public var description: String { "\(text.quotedForPeople) \(problem)" }

    /// The error message without the text that it is about.
    public var problem: String { "is not a valid \(kind.rawValue): it must \(kind.rule)" }
}

/// The `name` of a network configuration (CNI spec section 1): `^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`.
public struct NetworkName: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Takes a name.
    ///
    /// - Throws: ``NameError`` when it does not match the pattern.
    public init(_ text: String) throws(NameError) { self.text = try NameKind.network.validated(text) }

    /// The name.
    public var description: String { text }
}

/// A container ID, CNI_CONTAINERID (CNI spec section 2): `^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`.
public struct ContainerID: Hashable, Sendable, CustomStringConvertible {
    /// The ID.
    public let text: String

    /// Takes an ID.
    ///
    /// - Throws: ``NameError`` when it does not match the pattern.
    public init(_ text: String) throws(NameError) { self.text = try NameKind.containerID.validated(text) }

    /// The ID.
    public var description: String { text }
}

/// The name of a network interface, CNI_IFNAME: 1 to 15 bytes, as Linux accepts it (`dev_valid_name`).
public struct InterfaceName: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Takes a name.
    ///
    /// - Throws: ``NameError`` if the name is empty, too long, "." or "..", or has "/", ":", white space or control characters.
    public init(_ text: String) throws(NameError) { self.text = try NameKind.interface.validated(text) }

    /// The name.
    public var description: String { text }
}

extension PodReference {
    /// Whether Kubernetes accepts this namespace and name for a pod or a workload (apimachinery, `ValidateNamespaceName` and
    /// `NameIsDNSSubdomain`). A namespace is a DNS label of at most 63 bytes, a name is a DNS subdomain of at most 253 bytes,
    /// both in lower case. The parts of a name between its dots have no limit of their own.
    public var isPossible: Bool { Self.isPossible(namespace: namespace) && isDNSName(name.text, allowingDots: true) }

    public static func isPossible(namespace: Namespace) -> Bool {
        namespace.text.utf8.count <= 63 && isDNSName(namespace.text, allowingDots: false)
    }
}

/// A Kubernetes namespace, or the value that another runtime passes as `K8S_POD_NAMESPACE`; 1 to 253 bytes.
public struct Namespace: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Takes a name.
    ///
    /// - Throws: ``NameError`` when it is empty, longer than 253 bytes, or has "/", white space or controls.
    public init(_ text: String) throws(NameError) { self.text = try NameKind.namespace.validated(text) }

    /// The name.
    public var description: String { text }
}

/// Whether a text is `[a-z0-9]([-a-z0-9]*[a-z0-9])?`, or several of these with dots between them (apimachinery,
/// `dns1123LabelFmt` and `dns1123SubdomainFmt`), of any length.
private func isDNSName(_ text: String, allowingDots: Bool) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
    let (dot, dash) = (UInt8(ascii: "."), UInt8(ascii: "-"))
    var previous = dot
    for byte in text.utf8 {
        switch byte {
        case dot: guard allowingDots, isAlphanumeric(previous) else { return false }
        case dash: guard previous != dot else { return false }
        default: guard isAlphanumeric(byte) else { return false }
        }
        previous = byte
    }
    return isAlphanumeric(previous)
}

/// The name of a Kubernetes pod or workload, or the value that another runtime passes as `K8S_POD_NAME`; 1 to 253 bytes.
public struct PodName: Hashable, Sendable, CustomStringConvertible {
    /// The name.
    public let text: String

    /// Takes a name.
    ///
    /// - Throws: ``NameError`` when it is empty, longer than 253 bytes, or has "/", white space or controls.
    public init(_ text: String) throws(NameError) { self.text = try NameKind.pod.validated(text) }

    /// The name.
    public var description: String { text }
}

/// The namespace and name of a pod. They do not identify it for ever: a later pod can have the same name.
public struct PodReference: Hashable, Sendable, CustomStringConvertible {
    /// `metadata.namespace`.
    public let namespace: Namespace
    /// `metadata.name`.
    public let name: PodName

    /// Makes a reference; ``isPossible`` checks whether Kubernetes accepts its names.
    public init(namespace: Namespace, name: PodName) {
        self.namespace = namespace
        self.name = name
    }

    /// `namespace/name`.
    public var description: String { "\(namespace)/\(name)" }
}
