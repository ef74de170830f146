import Glibc
import IPAMKit
import Machine

/// The CNI configurations of this machine that use kube-ipam.
struct ConfigurationFiles {
    /// The networks found, each once, with its file.
    let networks: [Network]
    /// Whether they come from one file that was named.
    let isOneFile: Bool
    /// What could not be read; fatal only if nothing else names the network and the store.
    let problems: [Failure]

    static let correction = "correct the file; 'man kube-ipam.conf' explains every key"

    struct Network {
        /// The file.
        let path: String
        let configuration: NetworkConfiguration

        /// For messages.
        var place: String { "network \(configuration.name) in \(path)" }
    }

    /// Reads what the options name, or `IPAMCTL_CONFIG`, else the files of this node.
    ///
    /// - Parameters:
    ///   - options: completed by those of the shell.
    ///   - limit: how long Kubernetes may take for a NetworkAttachmentDefinition.
    /// - Throws: ``Failure`` as ``init(_:)``, and as ``NetworkDefinition/read(_:_:within:)``.
    init(found options: GlobalOptions, within limit: Duration) throws(Failure) {
        if let name = options.nad {
            try self.init(try NetworkDefinition.read(name, options, within: limit))
        } else if let path = options.config ?? Variable.text("IPAMCTL_CONFIG") {
            try self.init(path)
        } else {
            self.init(Self.folder(ConfigurationFolder.standard))
        }
    }

    /// The network of a NetworkAttachmentDefinition.
    ///
    /// - Throws: ``Failure`` if it has no valid configuration that uses kube-ipam.
    init(_ definition: NetworkDefinition) throws(Failure) {
        isOneFile = true
        (networks, problems) = Self.configurations(
            try definition.configurations().map { (definition.place, $0) })
        if networks.isEmpty, let problem = problems.first {
            throw Failure(
                problem.status, problem.message,
                hint: "'ipamctl config check --nad \(definition.name)' shows all errors")
        }
    }

    /// Reads one file, or the files of a folder.
    ///
    /// - Throws: ``Failure`` if it cannot be read, or has no valid configuration that uses kube-ipam.
    init(_ path: String) throws(Failure) {
        guard FileReader.kind(of: path) == .folder else {
            try self.init(text: try TextFile.read(path), of: path)
            return
        }
        try self.init(required: Self.folder(path))
    }

    /// The configurations of a folder that was named.
    ///
    /// - Throws: ``Failure`` if none is valid.
    init(required folder: ConfigurationFolder) throws(Failure) {
        self.init(folder)
        guard networks.isEmpty else { return }
        throw problems.first
            ?? Failure(
                .failed, "no CNI configuration in \(folder.path) uses kube-ipam",
                hint: "name another folder, or a file, with --config")
    }

    /// The configurations in the text of one file.
    ///
    /// - Throws: ``Failure`` if it has no valid configuration that uses kube-ipam.
    init(text: String, of file: String) throws(Failure) {
        let found = try Failure.wrap(hint: Self.correction) {
            try ConfigurationFolder.configurations(in: text, of: file)
        }
        guard !found.isEmpty else {
            throw Failure(
                .failed, "\(file) has no plugin whose ipam.type is \"kube-ipam\"",
                hint: "name another file with --config")
        }
        isOneFile = true
        (networks, problems) = Self.configurations(found.map { (file, $0) })
        // If the file has several networks, the valid ones can be used.
        if networks.isEmpty, let problem = problems.first { throw problem }
    }

    /// Reads the files of a folder that a container runtime reads, in the same order.
    static func folder(_ path: String) -> ConfigurationFolder {
        ConfigurationFolder(path: path, names: FileReader.names, reading: FileReader.text)
    }

    /// The configurations of a folder, which may have none.
    init(_ folder: ConfigurationFolder) {
        let (found, problems) = Self.configurations(folder.configurations)
        isOneFile = false
        networks = found
        self.problems = folder.problems.map { Failure(.failed, $0.description, hint: Self.correction) } + problems
    }

    /// Each network once, with its first configuration that can be used.
    private static func configurations(_ values: [(path: String, value: JSONValue)]) -> ([Network], [Failure]) {
        var found: [Network] = []
        var problems: [Failure] = []
        for (path, value) in values {
            do throws(ConfigurationError) {
                let configuration = try NetworkConfiguration(value)
                guard !found.contains(where: { $0.configuration.name == configuration.name }) else { continue }
                found.append(Network(path: path, configuration: configuration))
            } catch {
                problems.append(Failure(.failed, "\(path): \(error)", hint: correction))
            }
        }
        return (found, problems)
    }
}

/// A text file.
enum TextFile {
    private static let limit = 64 << 20

    /// The text of a file; `-` is standard input.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func read(_ path: String) throws(Failure) -> String {
        String(decoding: try bytes(of: path), as: UTF8.self)
    }

    /// The text of a file that must be UTF-8.
    ///
    /// - Throws: ``Failure`` with the path and the reason, or with the line that is not UTF-8.
    static func readUTF8(_ path: String) throws(Failure) -> String {
        let bytes = try bytes(of: path)
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        let hint = "save the file as UTF-8"
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw Failure(.usage, "\(path), line 1: the file is UTF-16, not UTF-8", hint: hint)
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        throw Failure(.usage, "\(path), line \(line + 1): the text is not UTF-8", hint: hint)
    }

    /// The value of a file that must be JSON.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func json(_ path: String, _ text: String) throws(Failure) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: text)
        } catch {
            throw Failure(.failed, "\(path) is not valid JSON: \(error)", hint: "correct the file, or name another one")
        }
    }

    /// The bytes of a file; `-` is standard input.
    ///
    /// - Parameter limit: one byte more than this is read at most.
    /// - Throws: ``Failure`` with the path and the reason.
    static func bytes(of path: String, limit: Int = limit) throws(Failure) -> [UInt8] {
        if path == "-" { try Session.requireStandardInput() }
        return try Failure.wrap(hint: "check the path and the permissions, or name another file") {
            path == "-"
                ? try FileReader.bytes(from: STDIN_FILENO, named: path, limit: limit)
                : try FileReader.bytes(of: path, limit: limit, mayBlock: true)
        }
    }
}
