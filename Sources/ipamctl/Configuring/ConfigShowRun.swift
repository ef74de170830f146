import IPAMKit
import Machine

/// Finds one configuration, and what takes effect of it.
struct ConfigShowRun {
    let options: GlobalOptions
    let file: String?

    /// - Throws: ``Failure`` if the files cannot be read, have errors, or have several networks of which none is named.
    func members() throws(Failure) -> ConfigMembers {
        var given = options
        given.config = file ?? options.config
        let options = Session.current?.completed(given) ?? given
        let files = CNIFiles(options, within: .seconds((options.timeout ?? .standard).seconds))
        let usable = try files.usable()
        let ofVariable = try Variable.value("IPAMCTL_NETWORK", NetworkName.init)
        let requested = options.network ?? ofVariable
        guard let first = usable.networks.first(where: { requested == nil || $0.configuration.name == requested })
        else {
            throw usable.problems.first ?? absent(requested, in: files.path)
        }
        guard requested != nil || usable.networks.count == 1 else {
            let names = usable.networks.map(\.configuration.name.text).joined(separator: ", ")
            throw Failure(
                .usage, "\(files.path) configures several networks: \(names)", hint: "choose one with --network")
        }
        for problem in usable.problems { Terminal.note("warning: \(problem.message)") }
        let name = first.configuration.name
        let value = files.configurations.first { (try? NetworkConfiguration($0.value))?.name == name }?.value
        guard let value else { throw absent(name, in: files.path) }
        let effective = EffectiveConfiguration(
            value, first.configuration,
            hasDefaultKubeConfig: FileReader.exists(NetworkConfiguration.defaultKubeConfig))
        return ConfigMembers(effective)
    }

    private func absent(_ network: NetworkName?, in path: String) -> Failure {
        guard let network else {
            return Failure(
                .notFound, "no CNI configuration in \(path) uses kube-ipam",
                hint: "name another folder, or a file")
        }
        return Failure(
            .notFound, "no CNI configuration in \(path) is for network \(network)",
            hint: "name its file; 'ipamctl config check' lists the networks of the files")
    }
}
