import Foundation

/// A program in Python, in the folder `Scripts`, that a test runs with `python3`. Its first lines say what it does and which
/// arguments it takes.
public enum PythonProgram: String, CaseIterable, Sendable {
    case containerImage = "container_image"
    case greetingClient = "greeting_client"
    case greetingServer = "greeting_server"
    case httpServer = "http_server"
    case http2Server = "http2_server"
    case kubernetesServer = "kubernetes_server"
    case namespaceRelay = "namespace_relay"
    case residentSize = "resident_size"
    case screen
    case tcpRelay = "tcp_relay"
    case terminal

    /// The arguments of `python3` that run it; its output is not buffered, and no compiled module is left in `Scripts`.
    public func command(_ arguments: String...) -> [String] {
        command(arguments)
    }

    /// The same for arguments that are in an array already.
    public func command(_ arguments: [String]) -> [String] {
        let file = BuildProducts.packageRoot.appendingPathComponent("Tests/TestSupport/Scripts/\(rawValue).py")
        return ["-B", "-u", file.path] + arguments
    }
}
