import EtcdClient
import EtcdStore
import HTTPTransport
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct NetworkDirectoryTests {
    private let root = "/etcd-cni/networks/"

    private func networks(_ server: EtcdServer) async throws -> (names: [String], reads: Int) {
        let client = EtcdClient(EtcdConfiguration(endpoints: server.endpoints), loop: .onOwnThread())
        let store = FaultyStore(EtcdStore(client: client))
        let found = try await NetworkDirectory.networks(in: store, deadline: .now + .seconds(20))
        return (found.map(\.text), store.reads)
    }

    @Test func namesThatSortBetweenANetworkAndItsChildrenAreFound() async throws {
        let server = try await EtcdServer.start()
        #expect(try await networks(server).names.isEmpty)
        let keys = [
            "k8s", "k8s-net", "k8s.v2", "k8s-net/used/10.0.0.1", "k8s.v2/config", "k8s/config", "k8s/used/10.0.0.1",
            "only-document", "only-children/reservations/10.0.0.1", "K8S/used/10.0.0.1", "0/used/1", "z_/lock",
        ]
        for key in keys { try await server.etcdctl(["put", root + key, "x"]) }
        for index in 0..<60 { try await server.etcdctl(["put", root + "k8s/used/10.0.1.\(index)", "x"]) }
        try await server.etcdctl(["put", "/etcd-cni/networks0", "x"])
        try await server.etcdctl(["put", "/etcd-cni/network", "x"])
        let found = try await networks(server)
        #expect(found.names == ["0", "K8S", "k8s", "k8s-net", "k8s.v2", "only-children", "only-document", "z_"])
        #expect(found.reads < 20, "by seeking, not by reading all")
    }

    @Test func junkIsPassedOver() async throws {
        let server = try await EtcdServer.start()
        for key in ["", "/", "//x", "a b/used/1", "-x", ".", "é/used/1", "a/", "good", "z\u{301}/x", "/\u{301}x"] {
            try await server.etcdctl(["put", root + key, "x"])
        }
        #expect(try await networks(server).names == ["a", "good"])
    }

    /// Keys that are no UTF-8 cannot be named in a seek: they must neither hide others nor go on for ever.
    @Test func keysThatAreNotTextArePassedOver() async throws {
        let server = try await EtcdServer.start()
        let loop = TransferLoop.onOwnThread()
        let client = EtcdClient(EtcdConfiguration(endpoints: server.endpoints), loop: loop)
        for suffix in [[0xC3], [0xFF], [0xFF, 0x2F, 0x61], [0x6B, 0x38, 0x73, 0xFE, 0x2F, 0x78], [0x6D, 0x80]]
            as [[UInt8]]
        {
            var request = EtcdPutRequest()
            request.key = .init(Array(root.utf8) + suffix)
            _ = try await client.put(request, deadline: .now + .seconds(20))
        }
        for name in ["k8s", "n"] { try await server.etcdctl(["put", root + name + "/config", "x"]) }
        #expect(try await networks(server).names == ["k8s", "n"])
    }
}
