import IPAMKit
import Machine

/// The CNI files of this machine as they are, also those that cannot be used.
struct CNIFiles: Sendable {
    /// The file or the folder.
    let path: String
    /// The configurations that use kube-ipam, each with the path of its file.
    let configurations: [(path: String, value: JSONValue)]
    /// Files that cannot be read, or are not JSON.
    let problems: [String]

    /// - Parameter named: a file or a folder; nil for the folder of runtimes, which need not exist.
    init(_ named: String?) {
        path = named ?? ConfigurationFolder.standard
        let path = path
        guard named != nil, FileReader.kind(of: path) != .folder else {
            let folder = ConfigurationFolder(path: path, names: FileReader.names, reading: FileReader.text)
            configurations = folder.configurations
            problems = folder.problems.map(\.description)
            return
        }
        do throws(Failure) {
            let text = try TextFile.read(path)
            let found = try Failure.wrap { try ConfigurationFolder.configurations(in: text, of: path) }
            configurations = found.map { (path, $0) }
            problems = []
        } catch {
            configurations = []
            problems = [error.message]
        }
    }

    /// The first valid configuration of each network.
    var networks: [NetworkName: NetworkConfiguration] {
        var networks: [NetworkName: NetworkConfiguration] = [:]
        for (_, value) in configurations {
            guard let found = try? NetworkConfiguration(value), networks[found.name] == nil else { continue }
            networks[found.name] = found
        }
        return networks
    }

    /// - Parameter isNode: whether this machine is a node, which needs a CNI file.
    func checks(isNode: Bool) -> [Check] {
        let next = "correct the file; 'man kube-ipam.conf' explains every key"
        var checks = problems.map { Check.failed(.cniFile, path, $0, next: next) }
        var seen: [NetworkName: String] = [:]
        for (path, value) in configurations {
            do throws(ConfigurationError) {
                let found = try NetworkConfiguration(value)
                checks.append(Self.check(found, value, path, earlier: seen[found.name]))
                seen[found.name] = seen[found.name] ?? path
            } catch {
                checks.append(.failed(.cniFile, path, "\(error)", next: next))
            }
        }
        guard checks.isEmpty else { return checks }
        let reason = "no CNI configuration uses kube-ipam"
        return [
            isNode
                ? .failed(.cniFile, path, reason, next: "install a CNI file whose ipam.type is \"kube-ipam\"")
                : .skipped(.cniFile, path, reason)
        ]
    }

    private static func check(
        _ found: NetworkConfiguration, _ value: JSONValue, _ path: String, earlier: String?
    ) -> Check {
        if let earlier {
            return .warning(
                .cniFile, path, "network \(found.name) is also configured in \(earlier), which is used",
                next: "remove one of the files, or give one of the networks another name")
        }
        guard let plugin = value["type"]?.string, !plugin.isEmpty else {
            return .failed(
                .cniFile, path, "network \(found.name) names no plugin", next: "set \"type\", such as \"macvlan\"")
        }
        return .ok(
            .cniFile, path, "network \(found.name), plugin \(plugin), CNI \(found.cniVersion.rawValue)")
    }
}
