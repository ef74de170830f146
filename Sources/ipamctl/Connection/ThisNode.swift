import IPAMKit
import Machine

/// What this node knows about its containers without Kubernetes.
enum ThisNode {
    /// Where libcni keeps the results of ADDs.
    static let cacheFolder = "/var/lib/cni/results"

    /// - Parameters:
    ///   - configuration: the network's CNI file, which may name the node.
    ///   - folder: the runtime's result cache.
    /// - Throws: ``Failure`` if the cache cannot be read: it is the only list of what the runtime has attached.
    static func snapshot(of network: NetworkName, _ configuration: NetworkConfiguration?, cache folder: String)
        throws(Failure) -> NodeSnapshot
    {
        NodeSnapshot(view(configuration), cached: try cached(network, in: folder))
    }

    /// This node as it is now.
    ///
    /// - Parameter configuration: the network's CNI file, which may name the node.
    static func view(_ configuration: NetworkConfiguration?) -> NodeView {
        NodeView(Host.identity, named: configuration?.nodeName, namespace: Host.namespace)
    }

    /// The entries of libcni's cache (`libcni.cachedInfo`, kind `cniCacheV1`) for one network. A file that cannot be used
    /// does not keep the others from being read.
    private static func cached(_ network: NetworkName, in folder: String) throws(Failure) -> [NodeSnapshot.Cached] {
        let names = try Failure.wrap(hint: "name the runtime's result cache with --cni-cache") {
            guard let names = try FileReader.names(in: folder) else {
                throw FileError(.read, folder, reason: "No such file or directory")
            }
            return names
        }
        var entries: [NodeSnapshot.Cached] = []
        var problems: [String] = []
        for name in names.sorted() where !name.hasPrefix(".") {
            let path = folder + "/" + name
            // A DEL may have removed the file.
            guard FileReader.exists(path) else { continue }
            do throws(Failure) {
                if let entry = try entry(path, of: network) { entries.append(entry) }
            } catch {
                problems.append(error.message)
                if let reference = attachment(named: name, of: network) {
                    entries.append(.init(attachment: reference, addresses: []))
                }
            }
        }
        Terminal.warn(problems)
        return entries
    }

    /// nil for a file of another network.
    private static func entry(_ path: String, of network: NetworkName) throws(Failure) -> NodeSnapshot.Cached? {
        let json = try TextFile.json(path, try Failure.wrap { try FileReader.text(of: path) })
        guard json["networkName"]?.string == network.text else { return nil }
        guard let container = json["containerId"]?.string, let ifname = json["ifName"]?.string,
            let containerID = try? ContainerID(container), let interface = try? InterfaceName(ifname)
        else { throw Failure(.failed, "\(path) names no container and interface") }
        return .init(
            attachment: AttachmentReference(containerID: containerID, ifname: interface),
            addresses: json["result"].map(CNIResult.addresses(inPrevResult:)) ?? [])
    }

    /// The attachment in the name of a cache file, `NETWORK-CONTAINER-INTERFACE`.
    private static func attachment(named name: String, of network: NetworkName) -> AttachmentReference? {
        guard name.hasPrefix(network.text + "-") else { return nil }
        let rest = name.dropFirst(network.text.count + 1)
        guard let dash = rest.lastIndex(of: "-"), let container = try? ContainerID(String(rest[..<dash])),
            let ifname = try? InterfaceName(String(rest[dash...].dropFirst()))
        else { return nil }
        return AttachmentReference(containerID: container, ifname: ifname)
    }
}
