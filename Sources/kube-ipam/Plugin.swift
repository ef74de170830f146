import EtcdClient
import EtcdStore
import HTTPTransport
import IPAMKit
import KubernetesClient
import Machine
import Store

/// One call of the plugin, from the environment and standard input to the result.
struct Plugin {
    let environment: PluginEnvironment

    /// The text for standard output, and the process's exit status.
    struct Answer {
        var output: JSONValue?
        var status: Int32 = 0
    }

    /// Carries out the call.
    ///
    /// - Parameter input: the descriptor from which the network configuration is read.
    func run(input: Int32) -> Answer {
        let log = Log()
        var version = CNIVersion.newest
        do throws(CNIErrorReport) {
            return Answer(output: try perform(input, log, &version))
        } catch {
            var error = error
            error.cniVersion = version
            // The runtime repeats the call, so this failure may pass by itself.
            log.write(
                error.code == .tryAgainLater ? .warning : .error, "\(environment.commandName) failed",
                [
                    "container": environment.containerID, "ifname": environment.interface,
                    "pod": environment.podName, "code": "\(error.code.rawValue)", "error": error.msg,
                ])
            return Answer(output: error.json, status: 1)
        }
    }

    private func perform(_ descriptor: Int32, _ log: Log, _ version: inout CNIVersion) throws(CNIErrorReport)
        -> JSONValue?
    {
        let command = try environment.command()
        let input = try readInput(descriptor)
        // The result of VERSION has the version of the request, if it is known.
        if command == .version { return (NetworkConfiguration.declaredVersion(in: input) ?? .newest).versionReport() }
        let configuration = try readConfiguration(input, for: command, &version)
        log.open(configuration.logFile, level: configuration.logLevel)
        for problem in configuration.ignored { report(ignored: problem, command, configuration.name, log) }
        guard version >= command.minimumVersion else {
            throw CNIErrorReport(
                .incompatibleCNIVersion,
                "\(command) needs cniVersion \(command.minimumVersion) or newer; the configuration has \(version)")
        }
        var kubernetesProblem: PodSourceError?
        let kubeconfig = command == .add ? try readKubeconfig(configuration, log, &kubernetesProblem) : nil
        let usesTLS = kubeconfig != nil || configuration.etcd.endpoints.contains { $0.hasPrefix("https:") }
        let loop = TransferLoop(usesTLS: usesTLS)
        let call = PluginCall(
            configuration: configuration, environment: environment, log: log, kubeconfig: kubeconfig,
            kubernetesProblem: kubernetesProblem, loop: loop, started: .now)
        do {
            // The whole call, and the loop, run on this thread.
            return try loop.run { try await call.perform(command) }
        } catch IPAMError.store(.invalidConfiguration(let problem)) {
            throw CNIErrorReport(.invalidNetworkConfig, "ipam.etcdConfig: \(problem)")
        } catch let error as IPAMError {
            throw CNIErrorReport(
                error.cniCode, error.description, details: error.nextStep(on: configuration.name) ?? "")
        } catch let error as CNIErrorReport {
            throw error
        } catch {
            throw CNIErrorReport(.internalError, "\(error)")
        }
    }

    private func readInput(_ descriptor: Int32) throws(CNIErrorReport) -> [UInt8] {
        do throws(FileError) {
            return try FileReader.bytes(
                from: descriptor, named: "standard input", limit: NetworkConfiguration.sizeLimit)
        } catch {
            throw CNIErrorReport(.ioFailure, error.description)
        }
    }

    private func readConfiguration(_ input: [UInt8], for command: CNICommand, _ version: inout CNIVersion)
        throws(CNIErrorReport) -> NetworkConfiguration
    {
        do throws(ConfigurationError) {
            let configuration = try parse(input, for: command)
            version = configuration.cniVersion
            return configuration
        } catch {
            version = NetworkConfiguration.declaredVersion(in: input) ?? .newest
            throw CNIErrorReport(error)
        }
    }

    private func parse(_ input: [UInt8], for command: CNICommand) throws(ConfigurationError) -> NetworkConfiguration {
        switch command {
        case .del, .gc:
            var configuration = try NetworkConfiguration(freeing: input, by: command) {
                ConfigurationFolder(
                    path: ConfigurationFolder.standard, names: FileReader.names, reading: FileReader.text)
            }
            // DEL and GC identify a pod by its container's ID; its name is only for the log.
            if let problem = environment.argumentsProblem { configuration.ignored.append(problem) }
            return configuration
        case .add, .check, .status, .version:
            return try NetworkConfiguration(json: input, cniArgs: try environment.arguments())
        }
    }

    private func report(ignored problem: ConfigurationError, _ command: CNICommand, _ network: NetworkName, _ log: Log)
    {
        log.write(
            .warning, "\(command) ignores an invalid value",
            [
                "network": network.text, "container": environment.containerID, "ifname": environment.interface,
                "problem": problem.description,
            ])
    }

    /// The kubeconfig; nil for a container that is not a pod, and if there is none.
    ///
    /// - Parameter problem: the error of a kubeconfig that cannot be read and that the ADD can do without: then it cannot check
    ///   whether other holders are gone, nor confirm the pod's workload.
    /// - Throws: a report with code 7 if the kubeconfig cannot be read and the pod's annotations must be read from Kubernetes.
    private func readKubeconfig(
        _ configuration: NetworkConfiguration, _ log: Log, _ problem: inout PodSourceError?
    ) throws(CNIErrorReport) -> Kubeconfig? {
        guard environment.pod != nil else { return nil }
        let path = configuration.kubeConfig ?? NetworkConfiguration.defaultKubeConfig
        guard configuration.kubeConfig != nil || FileReader.exists(path) else { return nil }
        do throws(KubeconfigError) {
            return try Kubeconfig(contentsOf: path)
        } catch {
            guard configuration.annotationSource(of: environment.pod) != .kubernetes else {
                throw CNIErrorReport(.invalidNetworkConfig, "ipam.kubeConfig: \(error)")
            }
            log.write(.warning, "cannot use the kubeconfig", ["pod": environment.podName, "error": "\(error)"])
            problem = PodSourceError("ipam.kubeConfig: \(error)")
            return nil
        }
    }
}
