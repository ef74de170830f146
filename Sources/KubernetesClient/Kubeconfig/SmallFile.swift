import Machine

/// A kubeconfig, or a file that it names: read whole, at most 1 MiB.
enum SmallFile {
    /// The largest size, in bytes.
    static let limit = 1 << 20

    enum Problem: Error, Hashable {
        case unreadable(reason: String)
        case tooLarge

        /// A relative clause that follows the path and a comma in an error message.
        var clause: String {
            switch self {
            case .unreadable(let reason): "which cannot be read: \(reason)"
            case .tooLarge: "which is longer than \(SmallFile.limit) bytes"
            }
        }
    }

    /// The content of a file.
    ///
    /// - Throws: ``Problem``.
    static func bytes(_ path: String) throws(Problem) -> [UInt8] {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try FileReader.bytes(of: path, limit: limit)
        } catch {
            throw .unreadable(reason: error.reason)
        }
        guard bytes.count <= limit else { throw .tooLarge }
        return bytes
    }
}
