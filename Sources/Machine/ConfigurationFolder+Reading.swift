import Glibc
import IPAMKit

extension ConfigurationFolder {
    /// Reads a folder of this machine; one that is not there has no files.
    public init(reading path: String) {
        let host = Host()
        self.init(path: path, names: Self.names(in: path)) { file throws(Problem) in
            do throws(Host.Unreadable) {
                return try host.readText(file)
            } catch {
                throw Problem(error.description)
            }
        }
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
        return names
    }
}
