import IPAMKit
import Machine

/// Checks the configurations in files, folders, standard input, or a NetworkAttachmentDefinition.
struct ConfigCheckRun {
    /// Only this network, and files that cannot be read; nil for all.
    let network: NetworkName?
    private var rows: [ConfigCheckList.Row] = []
    private var seen: [(network: ConfigurationReview.Network, document: ConfigDocument)] = []

    init(network: NetworkName?) {
        self.network = network
    }

    /// - Parameters:
    ///   - paths: files and folders; `-` is standard input. Empty for what the options name.
    ///   - given: the options of the command line.
    /// - Throws: ``Failure`` if a NetworkAttachmentDefinition cannot be read.
    static func list(_ paths: [String], _ given: GlobalOptions) throws(Failure) -> ConfigCheckList {
        let options = Session.current?.completed(given) ?? given
        let ofVariable = try Variable.value("IPAMCTL_NETWORK", NetworkName.init)
        let network = given.network ?? ofVariable
        var run = ConfigCheckRun(network: network)
        if paths.isEmpty, let name = options.nad {
            let limit = Duration.seconds((options.timeout ?? .standard).seconds)
            let found = try NetworkDefinition.read(name, options, within: limit)
            run.check(
                ConfigDocument(
                    file: nil, definition: name.description, text: Array(found.config.utf8), offset: nil))
        } else {
            let standard = options.config ?? Variable.text("IPAMCTL_CONFIG") ?? ConfigurationFolder.standard
            if paths.isEmpty, standard == ConfigurationFolder.standard, !FileReader.exists(standard) {
                run.rows.append(
                    .init(
                        status: .failed, file: standard, isUnread: true, message: "there is no such folder",
                        next: "name a file: ipamctl config check FILE"))
            } else {
                for path in paths.isEmpty ? [standard] : paths { run.check(path) }
            }
        }
        run.compare()
        return ConfigCheckList(rows: run.rows)
    }

    private mutating func check(_ path: String) {
        guard path != "-", FileReader.kind(of: path) == .folder else {
            check(file: path)
            return
        }
        do throws(FileError) {
            let names = try FileReader.names(in: path) ?? []
            for name in names.sorted() where Self.isConfiguration(name) {
                check(file: path.hasSuffix("/") ? path + name : "\(path)/\(name)")
            }
            if !names.contains(where: Self.isConfiguration) {
                rows.append(
                    .init(status: .skipped, file: path, isUnread: true, message: "there is no CNI file in it"))
            }
        } catch {
            rows.append(
                .init(
                    status: .failed, file: path, isUnread: true, message: Self.without(path, error.description),
                    next: "check the permissions"))
        }
    }

    /// Whether a file of a folder is checked: those that runtimes read, and manifests.
    private static func isConfiguration(_ name: String) -> Bool {
        ConfigurationFolder.isConfiguration(name) || name.hasSuffix(".yaml") || name.hasSuffix(".yml")
    }

    private mutating func check(file path: String) {
        let name = path == "-" ? "standard input" : path
        do throws(Failure) {
            for document in ConfigDocument.documents(in: try TextFile.bytes(of: path), of: name) {
                switch document {
                case .success(let document): check(document)
                case .failure(let problem):
                    rows.append(
                        .init(
                            status: problem.status, file: problem.file, definition: problem.definition,
                            place: problem.place, message: problem.message, next: problem.next))
                }
            }
        } catch {
            rows.append(
                .init(
                    status: .failed, file: name, isUnread: true, message: Self.without(path, error.message),
                    next: error.hint))
        }
    }

    /// A message without the path at its start, which the row has already.
    private static func without(_ path: String, _ message: String) -> String {
        message.hasPrefix(path + " ") ? String(message.dropFirst(path.count + 1)) : message
    }

    private mutating func check(_ document: ConfigDocument) {
        let review = ConfigurationReview(
            of: document.text,
            .init(
                name: document.defaultName, isMultus: document.definition != nil,
                exists: { FileReader.exists($0) }))
        let names = review.networks.compactMap { NetworkName(of: $0.value) }
        if let network, !names.isEmpty, !names.contains(network) { return }
        for finding in review.findings {
            rows.append(
                .init(
                    status: finding.isError ? .failed : .warning, file: document.file, definition: document.definition,
                    isLineOfFile: document.offset != nil, place: document.place(finding.place), key: finding.key,
                    network: names.count == 1 ? names.first : nil, message: finding.message, next: finding.next))
        }
        for found in review.networks {
            seen.append((found, document))
            guard let configuration = found.configuration else { continue }
            let sets = configuration.rangeSets.map(\.phrase).joined(separator: "; ")
            rows.append(
                .init(
                    status: .ok, file: document.file, definition: document.definition, network: configuration.name,
                    message: "network \(configuration.name), plugin \(found.plugin ?? ""), CNI "
                        + "\(configuration.cniVersion.rawValue), \(sets)"))
        }
        if review.networks.isEmpty, review.findings.isEmpty {
            rows.append(
                .init(
                    status: .skipped, file: document.file, definition: document.definition,
                    message: "no plugin in it uses kube-ipam"))
        }
    }

    // MARK: Networks among each other

    /// Finds networks that are configured twice, and networks with addresses in common.
    private mutating func compare() {
        var places: [NetworkPlace] = []
        var files: [NetworkName: ConfigDocument] = [:]
        for (network, document) in seen {
            guard let configuration = network.configuration else { continue }
            let name = configuration.name
            guard let earlier = files[name] else {
                files[name] = document
                places.append(NetworkPlace(name, configuration.rangeSets))
                continue
            }
            let isSame = places.first { $0.name == name }?.rangeSets == configuration.rangeSets
            // Copies of a NetworkAttachmentDefinition in several namespaces are one network.
            if document.definition != nil, isSame { continue }
            rows.append(
                .init(
                    status: .warning, file: document.file, definition: document.definition, network: name,
                    message: "network \(name) is also configured in \(earlier.name)"
                        + (isSame ? "" : ", with other ranges: the ranges of the last ADD count"),
                    next: "remove one of them, or give one of the networks another name"))
        }
        for overlap in NetworkOverlap.all(among: places) {
            rows.append(
                .init(
                    status: .warning, file: files[overlap.second]?.file,
                    definition: files[overlap.second]?.definition, network: overlap.second,
                    message: overlap.description, next: "change one of the subnets, unless the networks are separate"))
        }
    }
}

extension NetworkName {
    /// The name in a configuration that may have errors.
    fileprivate init?(of value: JSONValue) {
        guard let text = value["name"]?.string, let name = try? NetworkName(text) else { return nil }
        self = name
    }
}

extension ConfigDocument {
    /// For messages.
    fileprivate var name: String {
        [file, definition.map { "NetworkAttachmentDefinition \($0)" }].compactMap(\.self).joined(separator: ", ")
    }

    /// The place in the file of a place in the text.
    fileprivate func place(_ place: JSONPlace?) -> JSONPlace? {
        guard let place, let offset else { return place }
        return JSONPlace(line: place.line + offset.lines, column: place.column + offset.columns)
    }
}
