import Glibc
import IPAMKit

/// The CNI configuration of this machine, as far as it uses kube-ipam.
struct ConfigurationFiles {
    static let folder = "/etc/cni/net.d"

    /// The networks found, each once, with the file that it stands in.
    let networks: [(path: String, configuration: NetworkConfiguration)]
    /// What could not be read; fatal only when nothing else names the network and the store.
    let problems: [Failure]

    /// Reads one file.
    ///
    /// - Throws: ``Failure`` when it cannot be read, is not valid, or does not use kube-ipam.
    init(file: String) throws(Failure) {
        let found = try Self.read(file)
        guard !found.isEmpty else {
            throw Failure(
                .failed, "\(file) has no plugin whose ipam.type is \"kube-ipam\"",
                hint: "name another file with --config")
        }
        networks = found.map { (file, $0) }
        problems = []
    }

    /// Reads the files of a folder that a runtime would read (`.conf`, `.conflist`, `.json`), in their order.
    init(folder: String) {
        var found: [(path: String, configuration: NetworkConfiguration)] = []
        var problems: [Failure] = []
        for name in Self.names(in: folder) where [".conf", ".conflist", ".json"].contains(where: name.hasSuffix) {
            let path = folder + "/" + name
            do throws(Failure) {
                for configuration in try Self.read(path)
                where !found.contains(where: { $0.configuration.name == configuration.name }) {
                    found.append((path, configuration))
                }
            } catch {
                problems.append(error)
            }
        }
        networks = found
        self.problems = problems
    }

    private static func read(_ path: String) throws(Failure) -> [NetworkConfiguration] {
        let text = try TextFile.read(path)
        let json: JSONValue
        do throws(JSONSyntaxError) {
            json = try JSONValue(parsing: text)
        } catch {
            throw Failure(.failed, "\(path) is not valid JSON: \(error)")
        }
        var configurations: [NetworkConfiguration] = []
        for network in ConfigurationLocator.networks(in: json) {
            do throws(ConfigurationError) {
                configurations.append(try NetworkConfiguration(network))
            } catch {
                throw Failure(.failed, "\(path): \(error)")
            }
        }
        return configurations
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                })
        }
        return names.sorted()
    }
}

/// A file of text.
enum TextFile {
    private static let limit = 64 << 20

    /// The text of a file; `-` is standard input.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func read(_ path: String) throws(Failure) -> String {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { if path != "-" { close(descriptor) } }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < limit {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw unreadable(path) }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unreadable(_ path: String) -> Failure {
        Failure(.failed, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
}
