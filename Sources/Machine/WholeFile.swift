import Glibc

/// A file that is written piece by piece, and appears whole or not at all: a temporary file in the same folder is renamed into
/// place at the end. A device, a FIFO or an open descriptor is written into as it is.
public final class WholeFile {
    private let path: String
    private let descriptor: Int32
    /// The temporary file and the file that it becomes; nil if the path is written into as it is.
    private let names: (temporary: String, target: String)?
    private let former: stat?
    /// Whether the descriptor belongs to somebody else.
    private let isBorrowed: Bool
    private var isOpen = true

    /// Writes to an open descriptor, which stays open.
    public init(descriptor: Int32, named name: String) {
        path = name
        self.descriptor = descriptor
        names = nil
        former = nil
        isBorrowed = true
    }

    /// Begins to write the file at `path`, also behind symbolic links. The file that it replaces keeps its mode and its owner.
    ///
    /// - Throws: ``FileError``.
    public init(_ path: String) throws(FileError) {
        self.path = path
        let place = try FileWriter.Place(path)
        switch place {
        case .descriptor(let number):
            (descriptor, names, former, isBorrowed) = (number, nil, nil, true)
        case .other:
            descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            (names, former, isBorrowed) = (nil, nil, false)
            try checkDescriptor()
        case .new(let target), .file(let target, _):
            former = if case .file(_, let file) = place { file } else { nil }
            let temporary = "\(target).\(getpid()).new"
            names = (temporary, target)
            isBorrowed = false
            descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, former == nil ? 0o644 : 0o600)
            try checkDescriptor()
        }
    }

    private func checkDescriptor() throws(FileError) {
        guard descriptor < 0 else { return }
        let error = FileError(.written, path)
        // The temporary file is another process's.
        isOpen = false
        throw error
    }

    deinit { discard() }

    /// Writes the next piece.
    ///
    /// - Throws: ``FileError``; then the file is not replaced.
    public func write(_ text: String) throws(FileError) {
        guard FileWriter.write(text, to: descriptor) else {
            let error = FileError(.written, path)
            discard()
            throw error
        }
    }

    /// Puts the file in its place.
    ///
    /// - Throws: ``FileError``; then the file is not replaced.
    public func finish() throws(FileError) {
        guard let names else {
            isOpen = false
            guard isBorrowed || close(descriptor) == 0 else { throw FileError(.written, path) }
            return
        }
        var isWritten = true
        if let former {
            // Only root may give a file to another owner; otherwise it stays with the user who writes it.
            _ = fchown(descriptor, former.st_uid, former.st_gid)
            isWritten = fchmod(descriptor, former.st_mode & 0o777) == 0
        }
        guard isWritten, fsync(descriptor) == 0, rename(names.temporary, names.target) == 0 else {
            let error = FileError(.written, path)
            discard()
            throw error
        }
        isOpen = false
        close(descriptor)
    }

    /// Gives up: the path has what it had before.
    public func discard() {
        guard isOpen else { return }
        isOpen = false
        if !isBorrowed { close(descriptor) }
        if let names { unlink(names.temporary) }
    }
}
