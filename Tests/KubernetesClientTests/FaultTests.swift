import HTTPTransport
import TestSupport
import Testing

@testable import KubernetesClient

@Suite(.serialized) struct FaultTests {
    private func failure(_ client: KubernetesClient, within limit: Duration = .seconds(60)) async throws
        -> KubernetesError
    {
        try await #require(throws: KubernetesError.self) {
            try await client.pod(namespace: "default", name: "db-0", deadline: .now + limit)
        }
    }

    private func server() async throws -> (KubernetesServer, KubernetesClient) {
        let server = try await KubernetesServer.start(.plain)
        try server.put(pod: .init("db-0", uid: "u"))
        return (server, try KubernetesClient.of(server))
    }

    private func isFound(_ client: KubernetesClient) async throws -> Bool {
        try await client.pod(namespace: "default", name: "db-0", deadline: farOff)?.uid == "u"
    }

    // MARK: What passes

    @Test(arguments: [429, 500, 503, 504, 599]) func whatPassesIsAskedAgain(_ status: Int) async throws {
        let (server, client) = try await server()
        try server.fail(.status(status, retryAfter: 0), times: 2)
        #expect(try await isFound(client))
        #expect(server.requests.count == 3)
        // Without the server's word on when, too.
        try server.forgetRequests()
        try server.fail(.status(status), times: 2)
        #expect(try await isFound(client))
        #expect(server.requests.count == 3)
    }

    @Test func theServersPauseIsKept() async throws {
        let (server, client) = try await server()
        try server.fail(.status(503, retryAfter: 1), times: 1)
        let start = ContinuousClock.now
        #expect(try await isFound(client))
        #expect(.now - start >= .seconds(1))
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [429, 503]) func aPauseBeyondTheDeadlineIsNotWaitedFor(_ status: Int) async throws {
        let (server, client) = try await server()
        try server.fail(.status(status, retryAfter: 3600))
        let error = try await failure(client)
        #expect(server.requests.count == 1)
        #expect(error.isTransient)
        #expect(error.description.contains("could not get pod default/db-0 from Kubernetes at "), "\(error)")
        #expect(error.description.contains("(\(status): "), "\(error)")
    }

    @Test func anErrorThatStaysIsTheAnswer() async throws {
        let (server, client) = try await server()
        try server.fail(.status(500))
        let error = try await failure(client, within: .seconds(1))
        // The deadline may pass during an attempt: then the one before it tells.
        switch error {
        case .serverFailed(_, status: 500, _), .timedOut(_, before: _?): break
        default: #expect(Bool(false), "\(error)")
        }
        #expect(
            error.description.contains("the server failed (500: Internal error occurred: the test wants it so)"),
            "\(error)")
        #expect(server.requests.count > 1)
    }

    @Test func aBrokenAnswerIsAskedForAgain() async throws {
        let (server, client) = try await server()
        for fault in [KubernetesServer.Fault.cutBody, .close] {
            try server.forgetRequests()
            try server.fail(fault, times: 1)
            #expect(try await isFound(client))
            #expect(server.requests.count == 2)
        }
        try server.fail(.cutBody)
        let error = try await failure(client, within: .seconds(1))
        #expect(error.description.contains("the response was cut off ("), "\(error)")
        #expect(error.isTransient)
    }

    @Test func aServerThatComesBackIsFound() async throws {
        let (server, client) = try await server()
        try server.fail(.refuseConnections)
        let error = try await failure(client, within: .milliseconds(300))
        guard case .unreachable = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.isTransient)
        #expect(error.description.contains("from Kubernetes at 127.0.0.1:\(server.port): "), "\(error)")
        #expect(error.description.contains("the server is not reachable"), "\(error)")
        async let found = isFound(client)
        try await Task.sleep(for: .milliseconds(200))
        try server.recover()
        #expect(try await found)
    }

    @Test func aHostThatNobodyKnowsIsNotWaitedFor() async throws {
        let server = try await KubernetesServer.start(.plain)
        let client = try KubernetesClient.of(try server.kubeconfig(server: "http://no-such-host.invalid:6443"))
        let error = try await failure(client)
        guard case .unreachable = error else { return #expect(Bool(false), "\(error)") }
        #expect(error.description.contains("no-such-host.invalid"), "\(error)")
    }

    // MARK: What stays

    @Test func whatStaysIsAskedOnce() async throws {
        let (server, client) = try await server()
        for (status, words) in [
            (401, "the server does not accept the credentials (401: Unauthorized)"),
            (403, "the user is not allowed to get it (403: pods is forbidden: User \"system:node:n1\""),
            (400, "the server refused the request (400: the test wants it so)"),
            (418, "the server refused the request (418: "), (410, "(410: The provided"),
        ] {
            try server.forgetRequests()
            try server.fail(.status(status), times: 1)
            let error = try await failure(client)
            #expect(error.description.contains(words), "\(error)")
            #expect(error.isTransient == (status == 410))
            #expect(server.requests.count == 1)
        }
    }

    @Test func aRedirectIsNotFollowed() async throws {
        let (server, client) = try await server()
        try server.fail(.body("", status: 302, location: "http://127.0.0.1:\(server.port)/elsewhere"))
        let error = try await failure(client)
        #expect(error.description.contains("(302: a redirect to http://127.0.0.1:"), "\(error)")
        #expect(server.requests.count == 1)
    }

    @Test func aMessageIsCutAndHarmless() async throws {
        let (server, client) = try await server()
        let message = "first\\nsecond\\u001b[31m \\u0000\\u009f" + String(repeating: "x", count: 5000)
        try server.fail(.body(#"{"kind": "Status", "message": "\#(message)"}"#, status: 403))
        let error = try await failure(client)
        #expect(error.description.contains("403: first second [31m xxx"), "\(error)")
        #expect(error.description.contains("xxx..."), "\(error)")
        #expect(error.description.count < 500)
    }

    // MARK: Silence

    @Test func silenceEndsWithTheDeadline() async throws {
        let (server, client) = try await server()
        try server.fail(.hang)
        let error = try await failure(client, within: .milliseconds(300))
        #expect(error == .timedOut(error.question, before: nil))
        #expect(
            error.description
                == "could not get pod default/db-0 from Kubernetes at 127.0.0.1:\(server.port): "
                + "the server did not answer in time")
        try server.fail(.status(503), times: 1)
        let later = try await failure(client, within: .seconds(3))
        #expect(
            later.description.hasSuffix(
                "in time (before that: the server failed (503: the server is currently unable to handle the request))"),
            "\(later)")
        try server.recover()
        #expect(try await isFound(client))
    }

    @Test func aDeadlineThatHasPassedIsKept() async throws {
        let (server, client) = try await server()
        let error = try await failure(client, within: .seconds(-1))
        #expect(error == .timedOut(error.question, before: nil))
        #expect(server.requests.isEmpty)
    }

    @Test func aLateAnswerIsAnAnswer() async throws {
        let (server, client) = try await server()
        try server.fail(.delay(milliseconds: 300))
        #expect(try await isFound(client))
    }

    @Test(arguments: [KubernetesServer.Fault.hang, .status(503, retryAfter: 30)])
    func aQuestionMayBeWithdrawn(_ fault: KubernetesServer.Fault) async throws {
        let (server, client) = try await server()
        try server.fail(fault)
        let task = Task { try await client.pod(namespace: "default", name: "db-0", deadline: farOff) }
        try await server.waitForRequests(1)
        task.cancel()
        let error = await #expect(throws: KubernetesError.self) { try await task.value }
        #expect(error?.description.hasSuffix("the request was cancelled") == true)
    }

    // MARK: The crowd

    @Test func twoHundredQuestionsAtATimeAreAnswered() async throws {
        let server = try await KubernetesServer.start(.token)
        try server.put(pods: (0..<200).map { .init("p-\($0)", uid: "u-\($0)") })
        let client = try KubernetesClient.of(server)
        let found = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let pod = try await client.pod(namespace: "default", name: "p-\(number)", deadline: farOff)
                    return pod?.uid == "u-\(number)"
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(found == 200)
        #expect(server.requests.count == 200)
    }
}
