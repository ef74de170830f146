import Store

/// A key in a backup. Its line is `{"key":"k8s/used/10.0.0.1","value":"c1","modRevision":12}`; the key is relative to
/// ``Keyspace/root``. A value that is not UTF-8 is `base64` instead of `value`.
public struct BackupEntry: Hashable, Sendable {
    /// The whole key.
    public let key: Key
    /// The network that the key belongs to.
    public let network: NetworkName
    /// The value.
    public let value: StoredValue
    /// The revision that last changed the key before the backup.
    public let modified: Revision

    /// - Parameter line: the number of the line, for errors.
    init(_ json: JSONValue, line: Int) throws(BackupProblem) {
        guard let text = json["key"]?.string, let revision = json["modRevision"]?.int, revision > 0 else {
            throw BackupProblem(line, "it has no key, or no modRevision")
        }
        key = Key(Keyspace.root + text)
        guard let network = Keyspace.network(of: key) else {
            throw BackupProblem(line, "\(text.quotedForPeople) is not the key of a network")
        }
        self.network = network
        modified = Revision(revision)
        if let text = json["value"]?.string {
            value = .text(text)
        } else if let text = json["base64"]?.string, let bytes = StoredValue(base64: text) {
            value = bytes
        } else {
            throw BackupProblem(line, "it has neither a value nor a base64 that is valid")
        }
    }

    /// The line of a record, without a line break.
    static func line(_ record: Record) -> String {
        let value = StoredValue(record)
        var object: JSONObject = ["key": .string(String(record.key.text.dropFirst(Keyspace.root.count)))]
        if let base64 = value.base64 {
            object["base64"] = .string(base64)
        } else {
            object["value"] = .string(value.text)
        }
        object["modRevision"] = JSONValue(record.modified)
        return JSONValue.object(object).serialized()
    }
}
