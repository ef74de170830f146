import EtcdClient
import EtcdStore
import HTTPTransport
import IPAMKit
import KubernetesClient
import Machine
import Store

/// One call of the plugin: what the runtime handed over, and what it gets back.
struct Plugin {
    let environment: PluginEnvironment

    /// What goes to standard output, and the process's exit status.
    struct Answer {
        var output: JSONValue?
        var status: Int32 = 0
    }

    /// Carries out the call that the environment and the configuration, which comes from `input`, describe.
    func run(input: Int32) -> Answer {
        let log = Log()
        do throws(CNIErrorReport) {
            return Answer(output: try perform(input, log))
        } catch {
            // What the runtime will try again by itself is worth less attention.
            log.write(
                error.code == .tryAgainLater ? .warning : .error, "\(environment.commandName) failed",
                [
                    "container": environment.containerID, "ifname": environment.interface,
                    "pod": environment.podName, "code": "\(error.code.rawValue)", "error": error.msg,
                ])
            return Answer(output: error.json, status: 1)
        }
    }

    private func perform(_ descriptor: Int32, _ log: Log) throws(CNIErrorReport) -> JSONValue? {
        let command = try environment.command()
        let input = try readInput(descriptor)
        if command == .version { return try versionReport(input) }
        let configuration = try readConfiguration(input, for: command)
        log.open(configuration.logFile, level: configuration.logLevel)
        for problem in configuration.ignored { report(ignored: problem, command, configuration.name, log) }
        let version = configuration.cniVersion
        guard version >= command.minimumVersion else {
            throw CNIErrorReport(
                cniVersion: version, code: .incompatibleCNIVersion,
                msg: "\(command) needs cniVersion \(command.minimumVersion) or newer, the configuration says \(version)"
            )
        }
        var kubernetesProblem: PodSourceError?
        let kubeconfig = command == .add ? try readKubeconfig(configuration, log, &kubernetesProblem) : nil
        let usesTLS = kubeconfig != nil || configuration.etcd.endpoints.contains { $0.hasPrefix("https:") }
        let loop = TransferLoop(usesTLS: usesTLS)
        let call = PluginCall(
            configuration: configuration, environment: environment, log: log, kubeconfig: kubeconfig,
            kubernetesProblem: kubernetesProblem, loop: loop, started: .now)
        do {
            // Everything runs on this one thread; the loop is lent to it until the call is done.
            return try loop.run { try await call.perform(command) }
        } catch IPAMError.store(.invalidConfiguration(let problem)) {
            throw CNIErrorReport(
                cniVersion: version, code: .invalidNetworkConfig, msg: "ipam.etcdConfig: \(problem)")
        } catch let error as IPAMError {
            throw CNIErrorReport(
                cniVersion: version, code: error.cniCode, msg: error.description,
                details: error.nextStep(on: configuration.name) ?? "")
        } catch let error as CNIErrorReport {
            throw CNIErrorReport(cniVersion: version, code: error.code, msg: error.msg, details: error.details)
        } catch {
            throw CNIErrorReport(cniVersion: version, code: .internalError, msg: "\(error)")
        }
    }

    private func readInput(_ descriptor: Int32) throws(CNIErrorReport) -> [UInt8] {
        do throws(FileError) {
            return try FileReader.bytes(
                from: descriptor, named: "standard input", limit: NetworkConfiguration.sizeLimit)
        } catch {
            throw CNIErrorReport(cniVersion: .newest, code: .ioFailure, msg: error.description)
        }
    }

    private func readConfiguration(_ input: [UInt8], for command: CNICommand) throws(CNIErrorReport)
        -> NetworkConfiguration
    {
        do throws(ConfigurationError) {
            switch command {
            case .del, .gc:
                var configuration = try NetworkConfiguration(freeing: input, by: command) {
                    ConfigurationFolder(
                        path: ConfigurationFolder.standard, names: FileReader.names, reading: FileReader.text)
                }
                // A pod is torn down by its container's ID; its name is only for the log.
                if let problem = environment.argumentsProblem { configuration.ignored.append(problem) }
                return configuration
            case .add, .check, .status, .version:
                return try NetworkConfiguration(json: input, cniArgs: try CNIArguments(environment.arguments))
            }
        } catch {
            throw CNIErrorReport(error, cniVersion: NetworkConfiguration.declaredVersion(in: input) ?? .newest)
        }
    }

    private func report(ignored problem: ConfigurationError, _ command: CNICommand, _ network: NetworkName, _ log: Log)
    {
        log.write(
            .warning, "\(command) ignores",
            [
                "network": network.text, "container": environment.containerID, "ifname": environment.interface,
                "problem": problem.description,
            ])
    }

    /// The kubeconfig, where a pod's ADD may need one. One that cannot be read is an error where the pod has to be looked
    /// up; else `problem` has it: holders cannot be judged, nor a pod's workload be confirmed.
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
                throw CNIErrorReport(
                    cniVersion: configuration.cniVersion, code: .invalidNetworkConfig,
                    msg: "ipam.kubeConfig: \(error)")
            }
            log.write(.warning, "no kubeconfig", ["pod": environment.podName, "error": "\(error)"])
            problem = PodSourceError("ipam.kubeConfig: \(error)")
            return nil
        }
    }

    /// VERSION answers in the version it was asked with, where that is known.
    private func versionReport(_ input: [UInt8]) throws(CNIErrorReport) -> JSONValue {
        (NetworkConfiguration.declaredVersion(in: input) ?? .newest).versionReport()
    }
}
