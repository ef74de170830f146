import EtcdClient
import EtcdStore
import HTTPTransport
import TestSupport
import Testing

@testable import IPAMKit
@testable import Store

@Suite struct NetworkDirectoryTests {
    private let root = "/etcd-cni/networks/"

    private func networks(_ store: any Store) async throws -> (names: [String], reads: Int) {
        let store = FaultyStore(store)
        let found = try await NetworkDirectory.networks(in: store, deadline: .now + .seconds(20))
        return (found.map(\.text), store.reads)
    }

    private func put(_ keys: [String], in store: MemoryStore) async throws {
        for key in keys {
            _ = try await store.commit(Transaction(if: [], then: [.put(Key(key), "x")]), deadline: .now + .seconds(20))
        }
    }

    @Test func namesThatSortBetweenANetworkAndItsChildrenAreFound() async throws {
        let store = MemoryStore()
        #expect(try await networks(store).names.isEmpty)
        let keys = [
            "k8s", "k8s-net", "k8s.v2", "k8s-net/used/10.0.0.1", "k8s.v2/config", "k8s/config", "k8s/used/10.0.0.1",
            "only-document", "only-children/reservations/10.0.0.1", "K8S/used/10.0.0.1", "0/used/1", "z_/lock",
        ]
        try await put(keys.map { root + $0 }, in: store)
        try await put((0..<60).map { root + "k8s/used/10.0.1.\($0)" }, in: store)
        try await put(["/etcd-cni/networks0", "/etcd-cni/network"], in: store)
        let found = try await networks(store)
        #expect(found.names == ["0", "K8S", "k8s", "k8s-net", "k8s.v2", "only-children", "only-document", "z_"])
        #expect(found.reads < 20, "by seeking, not by reading all")
    }

    @Test func eachNetworkIsOneRead() async throws {
        let store = MemoryStore()
        try await put(["k8s", "k8s/config", "k8s/used/10.0.0.1", "k8s/used/10.0.0.2"].map { root + $0 }, in: store)
        var found = try await networks(store)
        #expect(found.names == ["k8s"] && found.reads == 2, "\(found): the second read shows that there is no other")
        try await put(["storage", "storage/config", "storage/used/10.0.0.1"].map { root + $0 }, in: store)
        found = try await networks(store)
        #expect(found.names == ["k8s", "storage"] && found.reads == 3, "\(found)")
    }

    @Test func junkIsPassedOver() async throws {
        let store = MemoryStore()
        let keys = ["", "/", "//x", "a b/used/1", "-x", ".", "é/used/1", "a/", "good", "z\u{301}/x", "/\u{301}x"]
        try await put(keys.map { root + $0 }, in: store)
        #expect(try await networks(store).names == ["a", "good"])
    }

    /// Keys that are no UTF-8 cannot be named in a seek: they must neither hide others nor go on for ever.
    @Test(.needs(.etcd)) func keysThatAreNotTextArePassedOver() async throws {
        let server = try await EtcdServer.start()
        let loop = TransferLoop.onOwnThread()
        let client = EtcdClient(EtcdConfiguration(endpoints: server.endpoints), loop: loop)
        for suffix in [[0xC3], [0xFF], [0xFF, 0x2F, 0x61], [0x6B, 0x38, 0x73, 0xFE, 0x2F, 0x78], [0x6D, 0x80]]
            as [[UInt8]]
        {
            let request = EtcdPutRequest(key: Array(root.utf8) + suffix)
            _ = try await client.put(request, deadline: .now + .seconds(20))
        }
        for name in ["k8s", "n"] { try await server.etcdctl(["put", root + name + "/config", "x"]) }
        #expect(try await networks(EtcdStore(client: client)).names == ["k8s", "n"])
    }
}
