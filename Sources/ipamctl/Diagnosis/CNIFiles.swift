import IPAMKit
import Machine

/// The CNI files of this machine as they are, also those that cannot be used.
struct CNIFiles: Sendable {
    /// The file, the folder, or the NetworkAttachmentDefinition.
    let path: String
    /// The configurations that use kube-ipam, each with the path of its file.
    let configurations: [(path: String, value: JSONValue)]
    /// Files that cannot be read, or are not JSON.
    let problems: [String]
    /// The same for a command that needs one of them.
    private let found: Result<ConfigurationFiles, Failure>

    /// - Parameters:
    ///   - options: name a file, a folder or a NetworkAttachmentDefinition; else it is the folder of runtimes, which need not
    ///     exist.
    ///   - limit: how long Kubernetes may take.
    init(_ options: GlobalOptions, within limit: Duration) {
        if let name = options.nad {
            path = "NetworkAttachmentDefinition \(name)"
            let path = path
            do throws(Failure) {
                let definition = try NetworkDefinition.read(name, options, within: limit)
                let values = try definition.configurations()
                found = Self.result { () throws(Failure) in try ConfigurationFiles(definition) }
                (configurations, problems) = (values.map { (path, $0) }, [])
            } catch {
                (found, configurations, problems) = (.failure(error), [], [error.message])
            }
            return
        }
        let named = options.config ?? Variable.text("IPAMCTL_CONFIG")
        path = named ?? ConfigurationFolder.standard
        let path = path
        // Each file is read once: standard input has its text only once, and a file may change.
        guard named != nil, FileReader.kind(of: path) != .folder else {
            let folder = ConfigurationFiles.folder(path)
            let isRequired = named != nil
            found = Self.result { () throws(Failure) in
                isRequired ? try ConfigurationFiles(required: folder) : ConfigurationFiles(folder)
            }
            configurations = folder.configurations
            problems = folder.problems.map(\.description)
            return
        }
        let text: String
        do throws(Failure) {
            text = try TextFile.read(path)
        } catch {
            (found, configurations, problems) = (.failure(error), [], [error.message])
            return
        }
        found = Self.result { () throws(Failure) in try ConfigurationFiles(text: text, of: path) }
        do throws(Failure) {
            let values = try Failure.wrap { try ConfigurationFolder.configurations(in: text, of: path) }
            configurations = values.map { (path, $0) }
            problems = []
        } catch {
            configurations = []
            problems = [error.message]
        }
    }

    private static func result(_ body: () throws(Failure) -> ConfigurationFiles) -> Result<ConfigurationFiles, Failure>
    {
        do throws(Failure) { return .success(try body()) } catch { return .failure(error) }
    }

    /// The configurations for a command that needs one of them.
    ///
    /// - Throws: ``Failure`` as `ConfigurationFiles.init(found:within:)`.
    func usable() throws(Failure) -> ConfigurationFiles { try found.get() }

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
        let next = "correct the file; 'ipamctl config check' shows where, and 'man kube-ipam.conf' explains every key"
        var checks = problems.map { Check.failed(.cniFile, path, $0, next: next) }
        var seen: [NetworkName: String] = [:]
        for (path, value) in configurations {
            let review = ConfigurationReview(of: Array(value.serialized().utf8))
            for finding in review.findings where finding.isError {
                checks.append(.failed(.cniFile, path, finding.message, next: next))
            }
            for network in review.networks {
                guard let found = network.configuration else { continue }
                checks.append(Self.check(found, network.plugin, path, earlier: seen[found.name]))
                seen[found.name] = seen[found.name] ?? path
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

    private static func check(_ found: NetworkConfiguration, _ plugin: String?, _ path: String, earlier: String?)
        -> Check
    {
        if let earlier {
            return .warning(
                .cniFile, path, "network \(found.name) is also configured in \(earlier), which is used",
                next: "remove one of the files, or give one of the networks another name")
        }
        let plugin = plugin.map { ", plugin \($0)" } ?? ""
        return .ok(.cniFile, path, "network \(found.name)\(plugin), CNI \(found.cniVersion.rawValue)")
    }
}
