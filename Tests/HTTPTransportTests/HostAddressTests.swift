import Foundation
import TestSupport
import Testing

@testable import HTTPTransport

/// A host name with several addresses, of which some swallow packets. Each test is in a process of its own, because the name
/// is known there alone.
@Suite(.serialized, .needs(.root)) struct HostAddressTests {
    @Test func theSecondAddressIsReachedWhenTheFirstSwallowsPackets() async {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedServer.start(.http)
            let port = try await NameOfTwoAddresses.Port(to: server.port)
            let count = try await knowingTheName { client in
                try await client.send(HTTPRequest(url: "http://\(port.authority)/bytes/7")).body.count
            }
            #expect(count == 7)
        }
    }

    @Test(.needs(.etcd)) func theSecondAddressIsReachedWithTLSAndHTTP2() async {
        await #expect(processExitsWith: .success) {
            let etcd = try await EtcdServer.start(security: .tls)
            let authority = try #require(etcd.certificates)
            let port = try await NameOfTwoAddresses.Port(to: etcd.port)
            var request = RawGRPC.range(etcd)
            request.url = request.url.replacingOccurrences(of: "127.0.0.1:\(etcd.port)", with: port.authority)
            request.tls = TLSOptions(trustRoots: .file(authority.certificate))
            request.tls.serverName = "localhost"
            let range = request
            let status = try await knowingTheName { client in try await client.send(range).trailers["grpc-status"] }
            #expect(status == "0")
        }
    }

    @Test func aNameWhoseAddressesAllSwallowPacketsEndsWithTheConnectTimeout() async {
        await #expect(processExitsWith: .success) {
            let port = try await NameOfTwoAddresses.Port(to: nil)
            let error = try await knowingTheName { client in
                var request = HTTPRequest(method: "POST", url: "http://\(port.authority)/")
                request.connectTimeout = .seconds(1)
                request.timeout = .seconds(300)
                return await #expect(throws: HTTPError.self) { try await client.send(request) }
            }
            #expect(error?.kind == .cannotConnect && error?.mayHaveReachedServer == false)
        }
    }

    /// The loop turns by itself as long as it connects, and no longer.
    @Test func onceConnectedTheLoopStandsStill() async {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedServer.start(.http)
            let port = try await NameOfTwoAddresses.Port(to: server.port)
            let turns = try await knowingTheName { client in
                var silence = HTTPRequest(url: "http://\(port.authority)/silence")
                silence.timeout = .seconds(300)
                let unanswered = silence
                let waiting = Task(executorPreference: client.loop) { try await client.send(unanswered) }
                try await server.waitUntilSeen("GET /silence")
                await client.loop.sleep(until: .now + .milliseconds(500))
                let before = await client.turnsOfLoop
                await client.loop.sleep(until: .now + .seconds(2))
                let turns = await client.turnsOfLoop - before
                waiting.cancel()
                return turns
            }
            #expect(turns < 8, "the loop turned \(turns) times in two idle seconds")
        }
    }
}

/// Runs `body` on a loop whose thread knows the name of two addresses.
private func knowingTheName<Value: Sendable>(
    _ body: @escaping @Sendable (HTTPClient) async throws -> Value
) async throws -> Value {
    try await NameOfTwoAddresses().onThread {
        let loop = TransferLoop()
        return try loop.run { try await body(HTTPClient(loop: loop)) }
    }
}
