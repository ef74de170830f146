import Machine

/// The CNI configurations that use kube-ipam in the files of a folder. The caller passes the functions that read files.
public struct ConfigurationFolder: Sendable {
    /// The default folder of runtimes for CNI configuration files.
    public static let standard = "/etc/cni/net.d"

    /// A folder or a file that cannot be read, or a file that is not JSON.
    public struct Problem: Error, Hashable, Sendable, CustomStringConvertible {
        /// The error message, with the path.
        public let description: String

        /// Makes a problem from its error message.
        public init(_ description: String) {
            self.description = description
        }
    }

    /// The path of the folder.
    public let path: String
    /// The plugin configurations that use kube-ipam, as ``ConfigurationLocator`` finds them, each with the path of its
    /// file; in the order of the files.
    public private(set) var configurations: [(path: String, value: JSONValue)] = []
    /// The files that were left out, in their order.
    public private(set) var problems: [Problem] = []

    /// Reads the files of a folder that a runtime would read, in the order of their names.
    ///
    /// - Parameters:
    ///   - path: the path of the folder.
    ///   - names: returns the names of the files in a folder, in any order; nil if there is no such folder.
    ///   - read: returns the text of the file at a path.
    public init(
        path: String, names: (String) throws(FileError) -> [String]?, reading read: (String) throws(FileError) -> String
    ) {
        self.path = path
        do throws(FileError) {
            for name in try (names(path) ?? []).sorted() where Self.isConfiguration(name) {
                let file = path + "/" + name
                do throws(FileError) {
                    add(try read(file), of: file)
                } catch {
                    problems.append(Problem(error.description))
                }
            }
        } catch {
            problems.append(Problem(error.description))
        }
    }

    private mutating func add(_ text: String, of file: String) {
        do throws(Problem) {
            configurations += try Self.configurations(in: text, of: file).map { (path: file, value: $0) }
        } catch {
            problems.append(error)
        }
    }

    /// The plugin configurations in the text of one file that use kube-ipam.
    ///
    /// - Throws: ``Problem`` if the text is not JSON.
    public static func configurations(in text: String, of path: String) throws(Problem) -> [JSONValue] {
        do throws(JSONSyntaxError) {
            return ConfigurationLocator.networks(in: try JSONValue(parsing: text))
        } catch {
            throw Problem("\(path) is not valid JSON: \(error)")
        }
    }

    /// Whether runtimes read a file of this name (libcni, `ConfFiles`).
    public static func isConfiguration(_ name: String) -> Bool {
        [".conf", ".conflist", ".json"].contains(where: name.hasSuffix)
    }

    /// The `ipam` of each file that configures `network` and has an `etcdURL`.
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
