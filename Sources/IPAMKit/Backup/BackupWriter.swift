import Digest
import Store

/// Writes the lines of a backup: a header, a line for each key, and a last line `{"keys":2,"sha256":"..."}` with the hash of
/// all bytes before it, so that a file that is not complete, or was edited, is recognized.
struct BackupWriter {
    private var hash = SHA256()
    private var count = 0

    /// The first line.
    mutating func first(_ header: BackupHeader) -> String { hashed(header.json.serialized() + "\n") }

    /// The lines of the next records.
    mutating func lines(_ records: [Record]) -> String {
        var text = ""
        for record in records {
            text += BackupEntry.line(record)
            text += "\n"
        }
        count += records.count
        return hashed(text)
    }

    /// The last line.
    var last: String {
        JSONValue.object(["keys": JSONValue(count), "sha256": .string(hash.hexadecimal)]).serialized() + "\n"
    }

    private mutating func hashed(_ text: String) -> String {
        var text = text
        text.withUTF8 { hash.update(UnsafeRawBufferPointer($0)) }
        return text
    }
}
