import IPAMKit

extension ConfigurationFolder {
    /// Reads a folder of this machine. One that is not there has no files; one that cannot be read is a problem.
    public init(reading path: String) {
        let host = Host()
        var names: [String] = []
        var unreadable: Problem?
        do throws(Host.Unreadable) {
            names = try host.names(in: path) ?? []
        } catch {
            unreadable = Problem(error.description)
        }
        self.init(path: path, names: names, problem: unreadable) { file throws(Problem) in
            do throws(Host.Unreadable) {
                return try host.readText(file)
            } catch {
                throw Problem(error.description)
            }
        }
    }
}
