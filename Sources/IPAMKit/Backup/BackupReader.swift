import Digest
import Store

/// Reads the lines of a backup, one after the other. Nothing of a file may be believed before ``isComplete``.
public struct BackupReader {
    /// The first line.
    public let header: BackupHeader
    /// Whether the last line was read, and the file is as it was written.
    public private(set) var isComplete = false
    private var hash = SHA256()
    private var line = 1
    private var count = 0
    private var former: (place: Int, key: Key)?

    /// Begins with the first line, without its line break.
    ///
    /// - Throws: ``BackupProblem``.
    public init(firstLine: [UInt8]) throws(BackupProblem) {
        header = try BackupHeader(line: firstLine)
        note(firstLine)
    }

    private mutating func note(_ line: [UInt8]) {
        line.withUnsafeBytes { hash.update($0) }
        [UInt8(ascii: "\n")].withUnsafeBytes { hash.update($0) }
    }

    /// Reads the next line, without its line break.
    ///
    /// - Returns: nil for the last line.
    /// - Throws: ``BackupProblem``, also if the keys are not sorted.
    public mutating func read(_ bytes: [UInt8]) throws(BackupProblem) -> BackupEntry? {
        line += 1
        guard !isComplete else { throw BackupProblem(line, "there is text after the last line") }
        let json: JSONValue
        do throws(JSONSyntaxError) {
            json = try JSONValue(parsing: bytes)
        } catch {
            throw BackupProblem(line, "it is not JSON: the file is not complete, or was edited")
        }
        if let digest = json["sha256"]?.string {
            guard digest == hash.hexadecimal else {
                throw BackupProblem(nil, "its SHA-256 is not the one in its last line: it was edited, or damaged")
            }
            guard json["keys"]?.int == count, header.count == count else {
                throw BackupProblem(nil, "it has \(count) keys, and its header says \(header.count)")
            }
            isComplete = true
            return nil
        }
        note(bytes)
        let entry = try BackupEntry(json, line: line)
        guard let place = header.networks.firstIndex(of: entry.network) else {
            throw BackupProblem(line, "network \(entry.network) is not in the header")
        }
        if let former, (place, entry.key) <= former { throw BackupProblem(line, "the keys are not sorted") }
        former = (place, entry.key)
        count += 1
        return entry
    }

    /// Checks that the file is complete; to be called at its end.
    ///
    /// - Throws: ``BackupProblem``.
    public func finish() throws(BackupProblem) {
        guard isComplete else { throw BackupProblem(nil, "its last line is missing: the file is not complete") }
    }
}
