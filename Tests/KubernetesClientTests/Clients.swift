import Foundation
import HTTPTransport
import TestSupport
import Testing

@testable import KubernetesClient

/// A moment that no test is meant to reach.
var farOff: ContinuousClock.Instant { .now + .seconds(60) }

extension KubernetesClient {
    /// A client of a server, by a kubeconfig.
    static func of(_ kubeconfig: String) throws -> KubernetesClient {
        KubernetesClient(try Kubeconfig(contentsOf: kubeconfig), userAgent: "tests", loop: .onOwnThread())
    }

    /// A client of a server, by the kubeconfig that it writes.
    static func of(_ server: KubernetesServer) throws -> KubernetesClient {
        try of(try server.kubeconfig())
    }
}
