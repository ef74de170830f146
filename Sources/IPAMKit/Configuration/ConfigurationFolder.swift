/// What the CNI configuration files of a folder say to kube-ipam. Reading the files is the caller's business.
public struct ConfigurationFolder: Sendable {
    /// Where runtimes look for CNI configuration files by default.
    public static let standard = "/etc/cni/net.d"

    /// A file, or the folder, that could not be read; or a file that is not JSON.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// One sentence with the path.
        public let description: String

        public init(_ description: String) {
            self.description = description
        }
    }

    /// The path of the folder.
    public let path: String
    /// The plugin configurations that use kube-ipam, as ``ConfigurationLocator`` finds them, each with the path of its
    /// file; in the order of the files.
    public private(set) var configurations: [(path: String, value: JSONValue)] = []
    public private(set) var problems: [Problem] = []

    /// Looks at the files of a folder that a runtime would read, in the order of their names.
    ///
    /// - Parameters:
    ///   - path: the path of the folder.
    ///   - names: the names of its files, in any order.
    ///   - problem: why these names are not known, where that is so.
    ///   - read: the text of the file at a path.
    public init(
        path: String, names: [String], problem: Problem? = nil, reading read: (String) throws(Problem) -> String
    ) {
        self.path = path
        if let problem { problems = [problem] }
        for name in names.sorted() where Self.isConfiguration(name) {
            let file = path + "/" + name
            do throws(Problem) {
                for value in try Self.configurations(in: try read(file), of: file) {
                    configurations.append((file, value))
                }
            } catch {
                problems.append(error)
            }
        }
    }

    /// The plugin configurations in the text of one file that use kube-ipam.
    ///
    /// - Throws: ``Problem`` where the text is not JSON.
    public static func configurations(in text: String, of path: String) throws(Problem) -> [JSONValue] {
        do throws(JSONSyntaxError) {
            return ConfigurationLocator.networks(in: try JSONValue(parsing: text))
        } catch {
            throw Problem("\(path) is not valid JSON: \(error)")
        }
    }

    /// Runtimes read these and no others (libcni, `ConfFiles`).
    private static func isConfiguration(_ name: String) -> Bool {
        [".conf", ".conflist", ".json"].contains(where: name.hasSuffix)
    }

    /// The `ipam` of each file that configures `network` and says where its etcd is.
    func ipams(of network: NetworkName) -> [(path: String, ipam: ConfigurationReader)] {
        configurations.compactMap { path, value in
            guard let object = value.object else { return nil }
            let top = ConfigurationReader(object: object, path: "")
            guard top["name"]?.value.string == network.text, let ipam = top["ipam"]?.value.object else { return nil }
            let reader = ConfigurationReader(object: ipam, path: "\(path): ipam")
            guard let store = try? reader.reader("etcdConfig"), store.nonEmpty("etcdURL") != nil else { return nil }
            return (path, reader)
        }
    }
}
