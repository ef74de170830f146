import Glibc
import IPAMKit
import Machine

/// What this node knows by itself of its containers.
enum ThisNode {
    static let cacheFolder = "/var/lib/cni/results"

    /// - Parameters:
    ///   - configuration: the network's CNI file, which may name the node.
    ///   - folder: the runtime's result cache.
    /// - Throws: ``Failure`` when the cache cannot be read: without it, what the runtime has attached is not known.
    static func snapshot(of network: NetworkName, _ configuration: NetworkConfiguration?, cache folder: String)
        throws(Failure) -> NodeSnapshot
    {
        let host = Host()
        return NodeSnapshot(
            host.node(named: configuration?.nodeName), cached: try cached(network, in: folder))
    }

    /// The entries of libcni's cache (`libcni.cachedInfo`, kind `cniCacheV1`) for one network.
    private static func cached(_ network: NetworkName, in folder: String) throws(Failure) -> [NodeSnapshot.Cached] {
        guard let directory = opendir(folder) else {
            throw Failure(
                .failed, "\(folder) cannot be read: \(String(cString: strerror(errno)))",
                hint: "name the runtime's result cache with --cni-cache")
        }
        defer { closedir(directory) }
        var entries: [NodeSnapshot.Cached] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix(".") else { continue }
            let path = folder + "/" + name
            // A DEL may come between.
            guard access(path, F_OK) == 0 else { continue }
            let text = try TextFile.read(path)
            let json: JSONValue
            do throws(JSONSyntaxError) {
                json = try JSONValue(parsing: text)
            } catch {
                throw Failure(.failed, "\(path) is not valid JSON: \(error)")
            }
            guard json["networkName"]?.string == network.text else { continue }
            guard let container = json["containerId"]?.string, let ifname = json["ifName"]?.string,
                let containerID = try? ContainerID(container), let interface = try? InterfaceName(ifname)
            else { throw Failure(.failed, "\(path) names no container and interface") }
            entries.append(
                .init(
                    attachment: AttachmentReference(containerID: containerID, ifname: interface),
                    addresses: json["result"].map(CNIResult.addresses(inPrevResult:)) ?? []))
        }
        return entries
    }
}
