import Store

/// The first line of a backup: `{"kubeIPAMBackup":1,"networks":["k8s"],"revision":120,"cluster":"cdf818194e3a8c32",
/// "time":"2026-11-26T21:00:00Z","keys":1024,"version":"0.3.0"}`.
public struct BackupHeader: Hashable, Sendable {
    /// The format that this version reads and writes.
    public static let format = 1
    /// The member that identifies a backup, with the format as its value.
    private static let mark = "kubeIPAMBackup"

    /// The networks, sorted; at least one.
    public let networks: [NetworkName]
    /// The revision at which all keys were read.
    public let revision: Revision
    /// The store's identity (`Store.identity`); nil if it has none.
    public let cluster: String?
    /// When the backup was made.
    public let time: Timestamp
    /// The number of keys of all networks.
    public let count: Int
    /// The version of ipamctl that wrote it.
    public let version: String

    /// Makes the header of a new backup.
    init(networks: [NetworkName], revision: Revision, cluster: String?, time: Timestamp, count: Int) {
        self.networks = networks
        self.revision = revision
        self.cluster = cluster
        self.time = time
        self.count = count
        version = ProductVersion.text
    }

    /// Reads the first line of a file.
    ///
    /// - Throws: ``BackupProblem``, also if the file has another format.
    init(line: [UInt8]) throws(BackupProblem) {
        guard let json = try? JSONValue(parsing: line), let format = json[Self.mark] else {
            throw BackupProblem(nil, "it is not a backup of ipamctl: the first line has no \(Self.mark)")
        }
        guard format.int == Self.format else {
            throw BackupProblem(
                nil, "its format is \(format.excerpt); this version reads only format \(Self.format)")
        }
        guard let texts = json["networks"]?.array?.map(\.string), !texts.isEmpty,
            let revision = json["revision"]?.int, revision > 0,
            let time = json["time"]?.string.flatMap(Timestamp.init), let count = json["keys"]?.int, count >= 0
        else { throw BackupProblem(1, "the header is not complete") }
        var networks: [NetworkName] = []
        for text in texts {
            guard let text, let name = try? NetworkName(text) else {
                throw BackupProblem(1, "the header has a network name that is not valid")
            }
            networks.append(name)
        }
        self.networks = networks
        self.revision = Revision(revision)
        cluster = json["cluster"]?.string
        self.time = time
        self.count = count
        version = json["version"]?.string ?? "unknown"
    }

    var json: JSONValue {
        var object: JSONObject = [Self.mark: JSONValue(Self.format)]
        object["networks"] = .array(networks.map { .string($0.text) })
        object["revision"] = JSONValue(revision)
        object["cluster"] = cluster.map(JSONValue.string)
        object["time"] = .string(time.description)
        object["keys"] = JSONValue(count)
        object["version"] = .string(version)
        return .object(object)
    }
}
