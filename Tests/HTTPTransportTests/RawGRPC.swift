import HTTPTransport
import TestSupport

/// gRPC by hand, to use etcd without the client that is built on this module.
enum RawGRPC {
    /// A call of etcd's with this protobuf message.
    static func request(_ server: EtcdServer, _ method: String, _ message: [UInt8]) -> HTTPRequest {
        var request = HTTPRequest(method: "POST", url: server.clientURL + "/etcdserverpb." + method)
        request.version = .http2
        request.headers = [("content-type", "application/grpc"), ("te", "trailers")]
        let count = message.count
        request.body = [
            0, UInt8(count >> 24 & 255), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255),
        ]
        request.body? += message
        if let certificates = server.certificates { request.tls.trustRoots = .file(certificates.certificate) }
        return request
    }

    /// RangeRequest{key}.
    static func range(_ server: EtcdServer, _ key: String = "a") -> HTTPRequest {
        request(server, "KV/Range", field(1, Array(key.utf8)))
    }

    /// PutRequest{key, value}.
    static func put(_ server: EtcdServer, _ key: String, _ value: [UInt8]) -> HTTPRequest {
        request(server, "KV/Put", field(1, Array(key.utf8)) + field(2, value))
    }

    /// WatchRequest{create_request: {key, start_revision}}.
    static func watch(_ server: EtcdServer, _ key: String, from revision: UInt8) -> HTTPRequest {
        var request = request(
            server, "Watch/Watch", field(1, field(1, Array(key.utf8)) + [3 << 3, revision]))
        request.timeout = nil
        return request
    }

    /// A length-delimited field (protobuf's encoding guide).
    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        var length: [UInt8] = []
        var rest = bytes.count
        repeat {
            length.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
            rest >>= 7
        } while rest > 0
        return [number << 3 | 2] + length + bytes
    }
}
