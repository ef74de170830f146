/// What the reading of a configuration leaves behind if all of its errors are wanted: the errors, and the keys that were
/// looked up. The plugin reads without it, and stops at the first error.
final class ConfigurationProblems {
    /// The errors in the order in which they were found, each once.
    private(set) var errors: [ConfigurationError] = []
    /// The objects whose members were looked up, by their paths.
    private(set) var objects: [String: JSONObject] = [:]
    /// The keys that were looked up, by the paths of their objects.
    private(set) var keys: [String: Set<String>] = [:]

    /// Keeps an error. A member with an error counts as absent: that it is missing then is not an error of its own.
    func add(_ error: ConfigurationError) {
        if case .missing(let key, _) = error, errors.contains(where: { $0.key == key }) { return }
        if !errors.contains(error) { errors.append(error) }
    }

    /// Remembers that the member with a key would count.
    func lookUp(_ key: String, in reader: ConfigurationReader) {
        objects[reader.path] = reader.object
        keys[reader.path, default: []].insert(key)
    }
}

extension ConfigurationProblems? {
    /// Runs a part of the reading.
    ///
    /// - Returns: nil if that returns nil, or if its error was kept.
    /// - Throws: its error, unless it was kept.
    func attempt<Value>(_ read: @autoclosure () throws(ConfigurationError) -> Value?)
        throws(ConfigurationError) -> Value?
    {
        do throws(ConfigurationError) {
            return try read()
        } catch {
            guard let self else { throw error }
            self.add(error)
            return nil
        }
    }
}
