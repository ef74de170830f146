import Foundation

/// The least of an HTTP client, to look at servers that the tests start without the client under test.
enum PlainHTTP {
    /// The body of a GET from 127.0.0.1; `nil` when there is no answer, or another one than 200, in time.
    static func get(_ path: String, port: UInt16, timeout: Duration = .seconds(5)) -> String? {
        guard let socket = try? TCPSocket() else { return nil }
        let number = socket.descriptor.number
        let milliseconds = Int(timeout.pollMilliseconds)
        var limit = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard socket.connect(port: port) == 0 else { return nil }
        // HTTP/1.0: the answer comes in one piece and ends with the connection.
        let request = Array("GET \(path) HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        guard send(number, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { break }
            answer += buffer[..<count]
        }
        let text = String(decoding: answer, as: UTF8.self)
        guard text.prefix(16).split(separator: " ").dropFirst().first == "200",
            let head = text.range(of: "\r\n\r\n")
        else { return nil }
        return String(text[head.upperBound...])
    }
}
