import Glibc
import HTTPTransport
import IPAMKit
import KubernetesPods
import Machine

/// Looks at what the plugin needs on this node.
struct NodeProbe: Sendable {
    /// The folder of CNI plugins, and the runtime's result cache.
    struct Folders: Sendable {
        let plugins: String
        let cache: String
    }

    /// The folder in which runtimes look for CNI plugins by default.
    static let pluginFolder = "/opt/cni/bin"

    let folders: Folders
    let files: CNIFiles
    /// How long a request, or a program, may take.
    let limit: Duration

    /// - Parameter kubernetes: the nodes' kubeconfig; nil if there is none, or if it does not lead to Kubernetes.
    func checks(_ kubernetes: KubernetesPodSource?) async -> [Check] {
        let networks = files.networks.values.sorted { $0.name.text < $1.name.text }
        var checks = [await plugin()]
        checks += mainPlugins()
        checks.append(cache())
        var logs: [String] = []
        for network in networks where !logs.contains(network.logFile) { logs.append(network.logFile) }
        checks += logs.map(Self.log)
        var names: [String] = []
        for network in networks.map(Optional.some) + (networks.isEmpty ? [nil] : []) {
            let name = ThisNode.view(network).identity.name
            if !names.contains(name) { names.append(name) }
        }
        for name in names { checks.append(await node(name, kubernetes)) }
        return checks
    }

    private func plugin() async -> Check {
        let path = folders.plugins + "/" + ConfigurationLocator.pluginType
        guard FileReader.exists(path) else { return .plugin(path, nil) }
        return .plugin(path, await PluginProgram.version(of: path, within: limit))
    }

    /// The plugins that call kube-ipam; only those that are missing are reported.
    private func mainPlugins() -> [Check] {
        var types: [String] = []
        for (_, value) in files.configurations {
            if let type = value["type"]?.string, !type.isEmpty, !type.contains("/"), !types.contains(type) {
                types.append(type)
            }
        }
        return types.map { folders.plugins + "/" + $0 }.filter { access($0, X_OK) != 0 }.map {
            .failed(
                .pluginBinary, $0, "a CNI file names this plugin, and it is not there or cannot be executed",
                next: "install the plugin, or name its folder with --cni-bin")
        }
    }

    private func cache() -> Check {
        do throws(FileError) {
            let names = try FileReader.names(in: folders.cache)
            return .cache(folders.cache, entries: names?.count { !$0.hasPrefix(".") })
        } catch {
            return .skipped(.resultCache, folders.cache, error.description)
        }
    }

    private static func log(_ path: String) -> Check {
        let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        return .log(
            path, folder: folder, hasFolder: FileReader.kind(of: folder) == .folder, kind: FileReader.kind(of: path),
            isWritable: access(FileReader.exists(path) ? path : folder, W_OK) == 0, isRoot: geteuid() == 0)
    }

    private func node(_ name: String, _ kubernetes: KubernetesPodSource?) async -> Check {
        guard let kubernetes else {
            return .skipped(.nodeName, name, "no kubeconfig of the nodes leads to Kubernetes")
        }
        do throws(PodSourceError) {
            return .node(name, try await kubernetes.node(name, deadline: .now + limit))
        } catch {
            return .skipped(.nodeName, name, error.description)
        }
    }
}

extension Check {
    /// - Parameter answer: nil if there is no such file.
    static func plugin(_ path: String, _ answer: PluginProgram.Answer?) -> Check {
        let reinstall = "install kube-ipam \(ProductVersion.text) there, or name its folder with --cni-bin"
        switch answer {
        case nil: return .failed(.pluginBinary, path, "there is no such file", next: reinstall)
        case .notStarted(let reason):
            return .failed(.pluginBinary, path, "it cannot be started: \(reason)", next: reinstall)
        case .tooSlow: return .failed(.pluginBinary, path, "'--version' did not end", next: reinstall)
        case .line("kube-ipam \(ProductVersion.text)"):
            return .ok(.pluginBinary, path, "kube-ipam \(ProductVersion.text), the version of ipamctl")
        case .line(let line) where line.hasPrefix("kube-ipam "):
            return .warning(
                .pluginBinary, path, "\(line), and ipamctl is \(ProductVersion.text)",
                next: "install the same version of both")
        case .line(let line):
            let said = line.isEmpty ? "nothing" : String(line.prefix(60)).quotedForPeople
            return .warning(
                .pluginBinary, path, "it is another plugin: '--version' prints \(said)",
                next: "\(reinstall); if it is the Go plugin, see docs/keyspace.md")
        }
    }

    /// - Parameter entries: nil if there is no such folder.
    static func cache(_ path: String, entries: Int?) -> Check {
        guard let entries else {
            return .warning(
                .resultCache, path, "there is no such folder",
                next: "name the runtime's result cache with --cni-cache; it appears with the node's first pod")
        }
        return .ok(.resultCache, path, entries == 1 ? "1 result of an ADD" : "\(entries) results of ADDs")
    }

    /// - Parameters:
    ///   - kind: of what is at the path; nil if nothing is there.
    ///   - isWritable: whether this process may write to the file, or create it.
    ///   - isRoot: whether this process runs as the plugin does.
    static func log(
        _ path: String, folder: String, hasFolder: Bool, kind: FileReader.Kind?, isWritable: Bool, isRoot: Bool
    ) -> Check {
        guard hasFolder else {
            return .failed(
                .logFile, path, "the folder \(folder) does not exist, so that nothing is logged",
                next: "create it: mkdir -p \(folder)")
        }
        if kind == .folder {
            return .failed(.logFile, path, "it is a folder, so that nothing is logged", next: "correct ipam.logFile")
        }
        if isWritable { return .ok(.logFile, path, kind == nil ? "it can be created" : "it can be written") }
        guard isRoot else {
            return .skipped(
                .logFile, path, "this user may not write it; the plugin runs as root", next: "run ipamctl as root")
        }
        return .failed(
            .logFile, path, "it cannot be written, so that nothing is logged",
            next: "check the permissions, and whether its file system is read-only")
    }

    /// - Parameter node: nil if Kubernetes has no node of this name.
    static func node(_ name: String, _ node: Node?) -> Check {
        guard let node else {
            return .failed(
                .nodeName, name, "Kubernetes has no node of this name, so that its pods' addresses cannot be judged",
                next: "set ipam.nodeName to the node's name in 'kubectl get nodes'")
        }
        guard node.isReady else {
            return .warning(
                .nodeName, name, "Kubernetes has this node, and it is not ready", next: "see 'kubectl describe node'")
        }
        return .ok(.nodeName, name, "Kubernetes has a node of this name")
    }
}
