import EtcdClient
import Glibc
import HTTPTransport
import IPAMKit
import Machine

/// Writes a line to `descriptor`; false if it cannot be written.
@discardableResult
private func put(_ text: String, to descriptor: Int32) -> Bool {
    FileWriter.write(text + "\n", to: descriptor)
}

StandardDescriptors.reserve()
private let environment = PluginEnvironment { name in getenv(name).map { String(cString: $0) } }

switch CommandLine.arguments.dropFirst().first {
case "--version", "-v", "version":
    exit(put("kube-ipam \(ProductVersion.text)", to: STDOUT_FILENO) ? 0 : 1)
case "--help", "-h", "help":
    exit(put(About.help, to: STDOUT_FILENO) ? 0 : 1)
case let unknown?:
    put("kube-ipam: unknown argument \"\(unknown)\"\nhint: kube-ipam --help", to: STDERR_FILENO)
    exit(64)
case nil where environment.commandName.isEmpty:
    put(About.help, to: STDERR_FILENO)
case nil:
    let answer = Plugin(environment: environment).run(input: STDIN_FILENO)
    // If the result cannot be written, the call fails, and the runtime calls DEL.
    let isWritten = answer.output.map { put($0.serialized(), to: STDOUT_FILENO) } ?? true
    // Nothing is buffered, and the clean-up of libcurl and OpenSSL at exit would only take time.
    _exit(isWritten ? answer.status : 1)
}
