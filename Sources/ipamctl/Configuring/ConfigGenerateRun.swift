import EtcdClient
import HTTPTransport
import IPAMKit
import Machine

/// Makes a CNI configuration, and reads it as the plugin does before anybody gets it.
struct ConfigGenerateRun {
    let generated: ConfigGenerateOptions
    let global: GlobalOptions

    /// - Throws: ``Failure`` for values that do not fit together, and if nothing says where etcd is.
    func text() throws(Failure) -> String {
        let options = Session.current?.completed(global) ?? global
        guard let name = generated.name ?? options.network else {
            throw Failure(.usage, "--name is missing", hint: "name the network, such as --name k8snetwork")
        }
        var files: ConfigurationFiles.Network?
        let access = try EtcdAccess(options) { () throws(Failure) in
            let found = try ConfigurationFiles(found: options, within: .seconds((options.timeout ?? .standard).seconds))
            files = try Connection.source(found, global.network)
            return files
        }
        var template = ConfigurationTemplate(
            generated.type, name: name, subnets: try generated.subnets(), etcd: EtcdSettings(access.configuration))
        template.version = generated.cniVersion ?? template.version
        template.kubeConfig = options.kubeconfig ?? files?.configuration.kubeConfig
        template.master = generated.master
        template.bridge = generated.bridge
        template.routes = generated.route.isEmpty ? nil : generated.route
        template.resolvConf = generated.resolvConf
        template.isMultus = generated.multus
        try check(template)
        if options.verbose { Terminal.note("etcd: \(access.origin)") }
        return generated.multus
            ? template.networkAttachmentDefinition(namespace: generated.namespace) : template.text
    }

    /// - Throws: ``Failure`` with the first error that the plugin would find.
    private func check(_ template: ConfigurationTemplate) throws(Failure) {
        if template.isMultus {
            // Namespaces and names follow the rules for those of pods.
            let name = "\(generated.namespace?.text ?? "default")/\(template.name)"
            _ = try NetworkDefinitionName(argument: name)
        }
        let review = ConfigurationReview(of: Array(template.text.utf8), .init(isMultus: template.isMultus))
        if let error = review.findings.first(where: \.isError) {
            throw Failure(.usage, Self.message(of: error), hint: "see 'ipamctl config generate --help'")
        }
        Terminal.warn(review.findings.map { $0.message + ($0.next.map { "; \($0)" } ?? "") })
    }

    /// The options whose values become members of ranges.
    private static let options = [
        "subnet": "--subnet", "gateway": "--gateway", "rangeStart": "--range-start", "rangeEnd": "--range-end",
        "fixedStart": "--fixed-start", "fixedEnd": "--fixed-end", "exclude": "--exclude",
    ]

    /// The error message, with the option in place of the key.
    private static func message(of error: ConfigurationReview.Finding) -> String {
        guard let key = error.key, let name = key.split(separator: ".").last, let option = options[String(name)] else {
            return error.message
        }
        return error.message.replacing(key, with: option)
    }
}

extension EtcdSettings {
    /// The settings of a connection, as a CNI file has them.
    fileprivate init(_ configuration: EtcdConfiguration) {
        func path(_ pem: TLSOptions.PEM?) -> String? {
            if case .file(let path) = pem { path } else { nil }
        }
        self.init(
            endpoints: configuration.endpoints, certFile: path(configuration.tls.certificate),
            keyFile: path(configuration.tls.privateKey), caFile: path(configuration.tls.trustRoots),
            username: configuration.credentials?.user, password: configuration.credentials?.password)
    }
}
