import Foundation
import HTTPTransport
import TestSupport
import Testing

/// What concerns the whole process, each in one of its own.
@Suite(.serialized) struct ProcessTests {
    @Test(arguments: ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
    func proxyVariablesNeverApply(_ variable: String) async {
        await #expect(processExitsWith: .success) { [variable] in
            let dead = try MisbehavingServer(.refuse)
            let authority = try CertificateAuthority()
            let plain = try await ScriptedServer.start(.http)
            let secure = try await ScriptedServer.start(.https(authority))
            setenv(variable, dead.url, 1)
            let client = HTTPClient(loop: .onOwnThread())
            for server in [plain, secure] {
                var request = HTTPRequest(url: server.url + "/bytes/5")
                request.tls.trustRoots = .file(authority.certificate)
                let count = try await client.send(request).body.count
                #expect(count == 5)
            }
        }
    }

    @Test func aProxyThatIsAskedForIsNotTalkedAwayByTheEnvironment() async {
        await #expect(processExitsWith: .success) {
            let proxy = try await ScriptedServer.start(.http)
            let authority = try CertificateAuthority()
            let server = try await ScriptedServer.start(.https(authority))
            setenv("no_proxy", "*", 1)
            setenv("NO_PROXY", "*", 1)
            var request = HTTPRequest(url: server.url + "/bytes/5")
            request.tls.trustRoots = .file(authority.certificate)
            request.proxy = proxy.url
            _ = try await HTTPClient(loop: .onOwnThread()).send(request)
            #expect(proxy.seen.contains("CONNECT 127.0.0.1:\(server.port)"))
        }
    }

    @Test func cancelledRequestsLeaveNoDescriptors() async {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedServer.start(.http)
            let hole = try MisbehavingServer(.blackhole)
            let client = HTTPClient(loop: .onOwnThread())
            _ = try await client.send(HTTPRequest(url: server.url + "/bytes/1"))
            let before = try countOwn("fd")
            for round in 0..<100 {
                let url = round % 2 == 0 ? server.url + "/silence" : hole.url
                let task = Task { try await client.send(HTTPRequest(url: url)) }
                try await Task.sleep(for: .milliseconds(2))
                task.cancel()
                await #expect(throws: HTTPError.self) { try await task.value }
                let stream = try await client.stream(HTTPRequest(url: server.url + "/endless"))
                if round % 3 == 0 { await stream.cancel() }
            }
            _ = try await client.send(HTTPRequest(url: server.url + "/bytes/1"))
            let after = try countOwn("fd")
            #expect(after <= before + 2, "\(before) descriptors before, \(after) after")
        }
    }

    @Test func childrenInheritNoConnection() async {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedServer.start(.http)
            let client = HTTPClient(loop: .onOwnThread())
            let stream = try await client.stream(HTTPRequest(url: server.url + "/stall"))
            let child = try SpawnedProcess("sleep", ["60"], environment: ["PATH": "/usr/bin:/bin"])
            await stream.cancel()
            try await server.waitUntilSeen("gone")
            #expect(!child.hasEnded)
        }
    }

    @Test func runStartsNoThread() async {
        await #expect(processExitsWith: .success) {
            let server = try await ScriptedServer.start(.http)
            let url = server.url
            let counts = try await onNewThread {
                let loop = TransferLoop()
                let before = try countOwn("task")
                let during = try loop.run {
                    let client = HTTPClient(loop: loop)
                    var most = 0
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        for _ in 0..<4 {
                            group.addTask {
                                _ = try await client.send(HTTPRequest(url: url + "/bytes/1"))
                                await loop.sleep(until: .now + .milliseconds(5))
                                return try countOwn("task")
                            }
                        }
                        for try await count in group { most = max(most, count) }
                    }
                    return most
                }
                return [before, during]
            }
            #expect(counts[1] <= counts[0], "before and at most during the run: \(counts)")
        }
    }

    @Test func aReadingEndThatIsGoneDoesNotKillTheProcess() async {
        await #expect(processExitsWith: .success) {
            let authority = try CertificateAuthority()
            let server = try await ScriptedServer.start(.https(authority))
            let client = HTTPClient(loop: .onOwnThread())
            var request = HTTPRequest(method: "POST", url: server.url + "/close")
            request.tls.trustRoots = .file(authority.certificate)
            request.body = [UInt8](repeating: 1, count: 4 << 20)
            for _ in 0..<5 { _ = try? await client.send(request) }
        }
    }
}
