import Foundation

/// A TCP socket for an address of 127.0.0.0/8, closed with its owner.
struct TCPSocket: ~Copyable {
    let descriptor: OwnedDescriptor

    /// A new one that is neither bound nor connected.
    init(nonblocking: Bool = false) throws {
        let flags = Int32(SOCK_CLOEXEC.rawValue) | (nonblocking ? Int32(SOCK_NONBLOCK.rawValue) : 0)
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | flags, 0)
        guard number >= 0 else { throw TestSupportError.current("socket") }
        descriptor = OwnedDescriptor(number)
    }

    /// Takes a port of an address, 0 for any. False when it is taken.
    borrowing func bind(_ host: LoopbackAddress = .first, port: UInt16) -> Bool {
        Self.withAddress(host, port: port) { Foundation.bind(descriptor.number, $0, $1) == 0 }
    }

    /// Connects; 0, or the `errno` of the failure.
    borrowing func connect(_ host: LoopbackAddress = .first, port: UInt16) -> Int32 {
        Self.withAddress(host, port: port) { Foundation.connect(descriptor.number, $0, $1) == 0 ? 0 : errno }
    }

    /// The port that it is bound to.
    borrowing func localPort() throws -> UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor.number, $0, &length)
            }
        }
        guard code == 0 else { throw TestSupportError.current("getsockname") }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func withAddress<Result>(
        _ host: LoopbackAddress, port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = (in_addr_t(0x7f00_0000) + in_addr_t(host.rawValue)).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// An address that every Linux machine has for itself. Of a name that has both, the first is tried first.
public enum LoopbackAddress: UInt8, Sendable, CustomStringConvertible {
    case first = 1
    case second = 2

    /// `127.0.0.1`
    public var description: String { "127.0.0.\(rawValue)" }
}
