import HTTPTransport
import IPAMKit
import Machine

/// What a server shows to anybody who connects: its clock, and its certificates.
struct HTTPContact: Sendable {
    /// nil if the server did not answer, or did not tell the time.
    let clocks: ClockComparison?
    /// nil if there was no handshake.
    let certificates: ServerCertificates?

    /// Requests a URL, without a user or a token. If the server is not trusted, its certificates are read without trusting it.
    init(_ url: String, _ tls: TLSOptions, _ limit: Duration) async {
        var request = HTTPRequest(url: url)
        request.tls = tls
        await self.init(request, limit)
    }

    /// - Parameter request: a GET that shows no secret.
    init(_ given: HTTPRequest, _ limit: Duration) async {
        var request = given
        request.recordsCertificates = true
        request.timeout = limit
        request.connectTimeout = limit
        let host = request.tls.serverName ?? Self.host(of: request.url)
        let client = HTTPClient(loop: .current)
        let sent = Timestamp(seconds: Host.now())
        do throws(HTTPError) {
            let response = try await client.send(request)
            let received = Timestamp(seconds: Host.now())
            clocks = response.head.headers["date"].flatMap(ClockComparison.time).map {
                ClockComparison(server: $0, sent: sent, received: received)
            }
            certificates = ServerCertificates(chain: response.certificates, problem: nil, host: host)
        } catch {
            clocks = nil
            guard error.kind == .tls else {
                certificates = nil
                return
            }
            request.tls.verifiesServer = false
            let chain = (try? await client.send(request))?.certificates ?? []
            certificates = ServerCertificates(chain: chain, problem: error.detail, host: host)
        }
    }

    /// The host of a URL, without the brackets of an IPv6 address.
    static func host(of url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = rest.prefix { $0 != "/" }
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }
}
