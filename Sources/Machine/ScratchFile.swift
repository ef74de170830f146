import Glibc

/// A temporary file without a name, which is gone when the process ends.
public final class ScratchFile: Sendable {
    private let descriptor: Int32
    private let folder: String

    /// Makes the file in a folder, readable and writable by this process alone.
    ///
    /// - Throws: ``FileError`` with the folder.
    public init(in folder: String) throws(FileError) {
        self.folder = folder
        var path = Array("\(folder)/kube-ipam.XXXXXX".utf8CString)
        descriptor = mkstemp(&path)
        guard descriptor >= 0 else { throw FileError(.written, folder) }
        unlink(&path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// Writes all of `bytes` at a position in bytes.
    ///
    /// - Throws: ``FileError`` with the folder, such as for a full disk.
    public func write(_ bytes: [UInt8], at position: Int) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { whole in
                let rest = UnsafeRawBufferPointer(rebasing: whole[done...])
                return pwrite(descriptor, rest.baseAddress, rest.count, position + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw FileError(.written, folder) }
            done += count
        }
    }

    /// Reads bytes from a position, as many as `bytes` has, or fewer at the end of the file.
    ///
    /// - Returns: the number of bytes.
    /// - Throws: ``FileError`` with the folder.
    public func read(into bytes: inout [UInt8], at position: Int) throws(FileError) -> Int {
        while true {
            let count = bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, position) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError(.read, folder) }
            return count
        }
    }
}
