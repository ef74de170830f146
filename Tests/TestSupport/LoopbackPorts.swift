import Foundation
import Synchronization

/// Free TCP ports on 127.0.0.1.
///
/// They are below the range from which the kernel takes the ports of outgoing connections, so that a server that is
/// killed and started again finds its port free. None is given twice in one process; another process may still take one
/// in between, so whoever listens tries again.
enum LoopbackPorts {
    private static let given = Mutex<Set<UInt16>>([])

    /// Different ports that nothing listens on.
    static func take(_ count: Int) throws -> [UInt16] {
        try given.withLock { given in
            var found: [UInt16] = []
            for _ in 0..<10_000 where found.count < count {
                let port = UInt16.random(in: 10_000..<32_000)
                if try !given.contains(port) && isFree(port) {
                    given.insert(port)
                    found.append(port)
                }
            }
            guard found.count == count else { throw TestSupportError.systemCall("free ports", code: EADDRINUSE) }
            return found
        }
    }

    private static func isFree(_ port: UInt16) throws -> Bool {
        let socket = try TCPSocket()
        return socket.bind(port: port)
    }
}
