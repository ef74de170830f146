import EtcdClient
import EtcdStore
import Foundation
import HTTPTransport
import Store
import TestSupport

/// A key's value and the revision that last changed it.
struct EtcdRecord: Hashable, Sendable {
    let value: String
    let modified: Int64
}

extension EtcdServer {
    /// All keys that begin with `prefix`, as etcdctl sees them; all there are, for an empty one.
    func contents(prefix: String = "") async throws -> [String: EtcdRecord] {
        struct Answer: Decodable {
            struct Pair: Decodable {
                let key: Data
                let value: Data?
                let modified: Int64

                enum CodingKeys: String, CodingKey {
                    case key, value
                    case modified = "mod_revision"
                }
            }
            let kvs: [Pair]?
        }
        let text = try await etcdctl(["get", "--prefix", prefix, "-w", "json"])
        let answer = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        let records = (answer.kvs ?? []).map { pair in
            (
                String(decoding: pair.key, as: UTF8.self),
                EtcdRecord(value: String(decoding: pair.value ?? Data(), as: UTF8.self), modified: pair.modified)
            )
        }
        return Dictionary(uniqueKeysWithValues: records)
    }

    /// Sets a key.
    func put(_ key: String, _ value: String, lease: String? = nil) async throws {
        try await etcdctl(["put"] + (lease.map { ["--lease", $0] } ?? []) + ["--", key, value])
    }

    /// A new lease's ID, as etcdctl writes it.
    func grantLease(seconds: Int) async throws -> String {
        // "lease 694d77aa9e38260f granted with TTL(60s)"
        let words = try await etcdctl(["lease", "grant", String(seconds)]).split(separator: " ")
        guard words.count > 1 else {
            throw TestSupportError.serverFailed(name: "etcdctl lease grant", detail: "\(words)")
        }
        return String(words[1])
    }

    /// Sets many keys to one value, in large transactions.
    func fill(_ keys: [String], value: String) async throws {
        let store = EtcdStore(client: EtcdClient(EtcdConfiguration(endpoints: endpoints), loop: Self.loop))
        for start in stride(from: 0, to: keys.count, by: Transaction.maximumWidth) {
            let some = keys[start..<min(start + Transaction.maximumWidth, keys.count)]
            let puts = Transaction(if: [], then: some.map { .put(Key($0), value) })
            _ = try await store.commit(puts, deadline: .now + .seconds(30))
        }
    }

    private static let loop = TransferLoop.onOwnThread()
}

/// Runs `body` for 0 up to `count`, `width` at a time, and returns the results in order.
func inParallel<Result: Sendable>(
    _ count: Int, atATime width: Int, _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: (Int, Result).self) { group in
        var next = 0
        var results: [Int: Result] = [:]
        func startNext() {
            let index = next
            next += 1
            group.addTask { (index, try await body(index)) }
        }
        while next < min(width, count) { startNext() }
        while let (index, result) = try await group.next() {
            results[index] = result
            if next < count { startNext() }
        }
        return (0..<count).compactMap { results[$0] }
    }
}
