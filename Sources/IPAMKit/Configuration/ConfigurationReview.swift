/// Everything that is wrong or doubtful in the text of a CNI configuration file: all errors at once, with their places, and
/// warnings about what the plugin accepts and somebody may not have meant. It is for people; the plugin reads a configuration
/// with ``NetworkConfiguration``, and stops at the first error.
public struct ConfigurationReview: Sendable {
    /// An error or a warning.
    public struct Finding: Hashable, Sendable {
        /// Whether the plugin refuses the configuration; otherwise this is a warning.
        public let isError: Bool
        /// The key path in the file, such as `plugins[0].ipam.subnet`; nil for a finding about the whole file.
        public let key: String?
        /// The place of the key, or of the nearest object around a key that is absent; nil if there is none.
        public let place: JSONPlace?
        /// The message, on one line. It names the key.
        public let message: String
        /// What to do next: an imperative clause; nil if the message says it.
        public let next: String?
    }

    /// A plugin configuration of kube-ipam in the file.
    public struct Network: Sendable {
        /// The configuration, as ``ConfigurationLocator`` finds it.
        public let value: JSONValue
        /// What the plugin reads; nil if there are errors.
        public let configuration: NetworkConfiguration?
        /// The `type` of the plugin that calls kube-ipam; nil if it is absent.
        public let plugin: String?
    }

    /// How a configuration is used, and what the caller finds out for the review.
    public struct Situation {
        /// The `name` of a configuration without one: Multus gives it the name of its NetworkAttachmentDefinition.
        public var name: String?
        /// Whether Multus calls the plugin. It passes no annotations.
        public var isMultus: Bool
        /// Whether there is a file at a path; nil if files are not looked for.
        public var exists: ((String) -> Bool)?

        /// Makes the situation of a CNI file on a node, by default without looking for files.
        public init(name: String? = nil, isMultus: Bool = false, exists: ((String) -> Bool)? = nil) {
            self.name = name
            self.isMultus = isMultus
            self.exists = exists
        }
    }

    /// The configurations that use kube-ipam, in the order of the file.
    public private(set) var networks: [Network] = []
    /// Errors and warnings, in the order of their places.
    public private(set) var findings: [Finding] = []

    /// Reviews the text of a file: a plugin configuration, a list, or a Multus configuration with delegates.
    public init(of text: [UInt8], _ situation: Situation = Situation()) {
        var value: JSONValue
        let places: [String: JSONPlace]
        do throws(ConfigurationError) {
            value = try NetworkConfiguration.parse(text)
            places = Self.places(of: text)
        } catch {
            findings = [Self.finding(ofWhole: error)]
            return
        }
        guard value.object != nil else {
            findings = [Self.finding(ofWhole: .notAnObject(found: value.kind))]
            return
        }
        value = ConfigurationLocator.named(value, situation.name)
        for found in ConfigurationLocator.found(in: value) { review(found, places, situation) }
        findings += networks.isEmpty ? Self.misspelledType(value, places) : Self.brokenLists(value, places)
        findings.sort { ($0.place ?? Self.start, $0.message) < ($1.place ?? Self.start, $1.message) }
    }

    private static let start = JSONPlace(line: 1, column: 1)

    /// An error that concerns the text as a whole.
    private static func finding(ofWhole error: ConfigurationError) -> Finding {
        guard case .syntax(let syntax) = error else {
            return Finding(isError: true, key: nil, place: start, message: error.description, next: nil)
        }
        return Finding(
            isError: true, key: nil, place: JSONPlace(line: syntax.line, column: syntax.column),
            message: "not valid JSON: \(syntax.message)", next: nil)
    }

    private mutating func review(
        _ found: ConfigurationLocator.Found, _ places: [String: JSONPlace], _ situation: Situation
    ) {
        guard let object = found.value.object else { return }
        let problems = ConfigurationProblems()
        let reader = ConfigurationReader(object: object, path: found.path, problems: problems)
        var configuration: NetworkConfiguration?
        do throws(ConfigurationError) {
            configuration = try NetworkConfiguration(reader, CNIArguments())
        } catch {
            problems.add(error)
        }
        let plain = ConfigurationReader(object: object, path: found.path)
        let plugin = plain.nonEmpty("type")?.value.string
        if plugin == nil, configuration != nil {
            problems.add(.missing(key: plain.keyPath("type"), expected: "name the plugin, such as \"macvlan\""))
        }
        networks.append(
            Network(value: found.value, configuration: plugin == nil ? nil : configuration, plugin: plugin))

        for error in problems.errors {
            let error = Self.inFile(error, found, places)
            findings.append(
                Finding(
                    isError: true, key: error.key, place: error.key.flatMap { Self.place(of: $0, places) },
                    message: error.description, next: nil))
        }
        let doubts =
            ConfigurationKeys.doubts(problems, in: plain)
            + ConfigurationDoubt.all(in: plain, configuration, situation, places: places)
        for doubt in doubts {
            var key = doubt.key
            if places[key] == nil, let name = ["name", "cniVersion"].first(where: { plain.keyPath($0) == key }),
                let origin = found.origins[name]
            {
                key = ConfigurationReader.keyPath(origin, name)
            }
            findings.append(
                Finding(
                    isError: false, key: key, place: Self.place(of: key, places), message: "\(key) \(doubt.problem)",
                    next: doubt.next))
        }
    }

    /// An error of a member that is inherited is an error of the member in the file.
    private static func inFile(
        _ error: ConfigurationError, _ found: ConfigurationLocator.Found, _ places: [String: JSONPlace]
    ) -> ConfigurationError {
        for (name, origin) in found.origins where error.key == ConfigurationReader.keyPath(found.path, name) {
            return error.renamed(ConfigurationReader.keyPath(origin, name))
        }
        return error
    }

    /// Elements of `plugins` and `delegates` for which a runtime refuses the whole file (CNI specification, section 1).
    private static func brokenLists(_ value: JSONValue, _ places: [String: JSONPlace]) -> [Finding] {
        var findings: [Finding] = []
        func add(_ key: String, _ message: String) {
            findings.append(
                Finding(
                    isError: true, key: key, place: place(of: key, places), message: "\(key) \(message)", next: nil))
        }
        for list in ["plugins", "delegates"] {
            guard let listed = value[list], !listed.isNull else { continue }
            guard let elements = listed.array else {
                add(list, "must be an array, not \(listed.kind)")
                continue
            }
            for (index, element) in elements.enumerated() {
                let key = "\(list)[\(index)]"
                guard element.object != nil else {
                    add(key, "must be an object, not \(element.kind)")
                    continue
                }
                let type = element["type"]?.string ?? ""
                if type.contains("/") {
                    add("\(key).type", "must be the name of a plugin, not a path")
                } else if type.isEmpty, element["plugins"] == nil, element["ipam"]?["type"]?.string == nil {
                    add("\(key).type", "is missing")
                }
            }
        }
        return findings
    }

    /// A file that has an `ipam.type` almost like kube-ipam's would be left out without a word.
    private static func misspelledType(_ value: JSONValue, _ places: [String: JSONPlace]) -> [Finding] {
        let name = ConfigurationLocator.pluginType
        return types(in: value, path: "").compactMap { key, type in
            guard Spelling.distance(name, type.lowercased()) <= 2 else { return nil }
            return Finding(
                isError: false, key: key, place: place(of: key, places),
                message: "\(key) is \(type.quotedForPeople), which is another plugin",
                next: "write \(name.quotedForPeople)")
        }
    }

    private static func types(in value: JSONValue, path: String) -> [(key: String, type: String)] {
        guard let object = value.object else { return [] }
        let reader = ConfigurationReader(object: object, path: path)
        var types: [(key: String, type: String)] = []
        if let ipam = reader["ipam"], let type = (try? ipam.reader())?["type"], let text = type.value.string {
            types.append((type.key, text))
        }
        for list in ["plugins", "delegates"] {
            for element in (try? reader.elements(list)) ?? [] {
                types += Self.types(in: element.value, path: element.key)
            }
        }
        return types
    }

    // MARK: Places

    /// The places of all members and elements by their key paths.
    private static func places(of text: [UInt8]) -> [String: JSONPlace] {
        var found: [String: JSONPlace] = [:]
        func add(_ node: JSONPlaces, _ path: String) {
            found[path] = node.place
            for (key, member) in node.members { add(member, ConfigurationReader.keyPath(path, key)) }
            for (index, element) in node.elements.enumerated() { add(element, "\(path)[\(index)]") }
        }
        if let root = try? JSONPlaces(of: text) { add(root, "") }
        return found
    }

    /// The place of a key, or of the nearest object around it.
    private static func place(of key: String, _ places: [String: JSONPlace]) -> JSONPlace? {
        var path = key[...]
        while places[String(path)] == nil {
            guard let end = path.lastIndex(where: { $0 == "." || $0 == "[" }) else { return places[""] }
            path = path[..<end]
        }
        return places[String(path)]
    }
}
