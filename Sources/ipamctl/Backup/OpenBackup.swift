import IPAMKit
import Machine

/// A backup that is read, from its first line to its last.
final class OpenBackup {
    private let lines: FileLines
    private var reader: BackupReader
    private let path: BackupPath

    var header: BackupHeader { reader.header }

    /// Reads the first line.
    ///
    /// - Throws: ``Failure`` if the file cannot be read, or is not a backup.
    init(_ path: BackupPath) throws(Failure) {
        self.path = path
        lines = try path.opened()
        do {
            guard let first = try lines.next() else {
                throw Failure(.failed, "\(path.name) is empty", hint: Self.hint)
            }
            reader = try BackupReader(firstLine: first)
        } catch {
            throw Self.failure(error, path)
        }
    }

    /// The next key; nil at the end of a file that is complete.
    ///
    /// - Throws: ``Failure``.
    func next() throws(Failure) -> BackupEntry? {
        do {
            while let line = try lines.next() {
                if let entry = try reader.read(line) { return entry }
            }
            try reader.finish()
            return nil
        } catch {
            throw Self.failure(error, path)
        }
    }

    private static let hint = "name a file that 'ipamctl backup' has written; nothing was changed"

    private static func failure(_ error: any Error, _ path: BackupPath) -> Failure {
        guard let problem = error as? BackupProblem else { return Failure(any: error) }
        return Failure(.failed, "\(path.name) cannot be restored: \(problem)", hint: hint)
    }
}
