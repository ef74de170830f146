/// CNI_ARGS: extra arguments of the runtime, `KEY=value` pairs separated by semicolons (CNI spec section 2).
///
/// Keys that are not known are ignored, with or without `IgnoreUnknown`.
public struct CNIArguments: Hashable, Sendable {
    /// `IP`: the addresses asked for, one or a comma list, each alone or with a prefix length that does not count.
    public var requestedAddresses: [IPAddress] = []
    /// `K8S_POD_NAMESPACE`.
    public var podNamespace: Namespace?
    /// `K8S_POD_NAME`: a pod's name, or what another runtime calls its container.
    public var podName: PodName?
    /// `K8S_POD_UID`.
    public var podUID: String?

    /// Makes arguments that say nothing.
    public init() {}

    /// Reads CNI_ARGS. An empty value counts as absent; of a key given twice the last one counts.
    ///
    /// - Throws: ``ConfigurationError/arguments(found:problem:)`` for a pair without "=", and for a value of a known key that is malformed.
    public init(_ text: String) throws(ConfigurationError) {
        for pair in text.utf8.split(separator: UInt8(ascii: ";")) {
            guard let equals = pair.firstIndex(of: UInt8(ascii: "=")), equals > pair.startIndex else {
                throw .arguments(
                    found: String(Substring(pair)).quotedForPeople, problem: "is not a pair of the form KEY=value")
            }
            let key = String(Substring(pair[..<equals]))
            let value = String(Substring(pair[pair.index(after: equals)...]))
            if value.isEmpty { continue }
            do {
                try set(key, to: value)
            } catch let error as AddressError {
                throw .arguments(found: "\(key)=\(value)".quotedForPeople, problem: error.problem)
            } catch let error as NameError {
                throw .arguments(found: "\(key)=\(value)".quotedForPeople, problem: error.problem)
            } catch {
                throw .arguments(found: "\(key)=\(value)".quotedForPeople, problem: "is malformed")
            }
        }
    }

    /// The pod, where both its namespace and its name are given and Kubernetes can have one of these names.
    public var pod: PodReference? { ContainerName.resolve(podNamespace, podName).pod }

    /// What the runtime calls a container that is no pod: its name alone (podman), or names that Kubernetes cannot have.
    public var container: ContainerName? { ContainerName.resolve(podNamespace, podName).container }

    private mutating func set(_ key: String, to value: String) throws {
        switch key {
        case "IP":
            requestedAddresses = []
            for part in value.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
                let text = String(Substring(part))
                let address =
                    part.contains(UInt8(ascii: "/")) ? try CIDR.addressAndPrefixLength(text).0 : try IPAddress(text)
                requestedAddresses.append(address)
            }
        case "K8S_POD_NAMESPACE": podNamespace = try Namespace(value)
        case "K8S_POD_NAME": podName = try PodName(value)
        // A UID obeys what a name of Kubernetes does; that it is a UUID is not promised (static pods pass a hash).
        case "K8S_POD_UID": podUID = try PodName(value).text
        default: break
        }
    }
}
