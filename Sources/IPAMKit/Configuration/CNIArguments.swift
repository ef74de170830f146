/// CNI_ARGS: extra arguments of the runtime, `KEY=value` pairs separated by semicolons (CNI spec section 2).
///
/// Unknown keys are ignored, with or without `IgnoreUnknown`.
public struct CNIArguments: Hashable, Sendable {
    /// `IP`: the requested addresses, comma-separated, each with or without a prefix length, which is ignored.
    public var requestedAddresses: [IPAddress] = []
    /// `K8S_POD_NAMESPACE`; nil if absent.
    public var podNamespace: Namespace?
    /// `K8S_POD_NAME`: the name of a pod, or the name that another runtime gives its container; nil if absent.
    public var podName: PodName?
    /// `K8S_POD_UID`; nil if absent.
    public var podUID: String?

    /// Makes the arguments of an empty CNI_ARGS.
    public init() {}

    /// Reads CNI_ARGS. An empty value counts as absent; if a key occurs twice, the last value counts.
    ///
    /// - Throws: ``ConfigurationError/arguments(found:problem:)`` if a pair has no "=", or the value of a known key is malformed.
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

    /// The pod; nil if the namespace or the name is absent, or if Kubernetes does not accept them.
    public var pod: PodReference? { ContainerName.resolve(podNamespace, podName).pod }

    /// The name of a container that is not a pod: a name alone (podman), or names that Kubernetes does not accept. Nil for a
    /// pod, and if the name is absent.
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
        // A UID follows the rules of a Kubernetes name. It need not be a UUID: that of a static pod is a hash.
        case "K8S_POD_UID": podUID = try PodName(value).text
        default: break
        }
    }
}
