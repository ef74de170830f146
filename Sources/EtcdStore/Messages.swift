import EtcdClient
import Store

// Converts the store's values to etcd's messages (api/etcdserverpb/rpc.proto), and back.

extension Key {
    /// The key's UTF-8.
    package var bytes: [UInt8] { Array(text.utf8) }
}

extension EtcdRangeRequest {
    init(_ read: Read, at revision: Revision? = nil) {
        self.init(key: read.range.start.bytes)
        if let end = read.range.end { rangeEnd = end.bytes }
        self.revision = revision ?? 0
        limit = Int64(read.limit ?? 0)
        switch read.content {
        case .records: break
        case .keys: keysOnly = true
        case .count: countOnly = true
        }
    }
}

extension ReadResult {
    init(_ answer: EtcdRangeResponse) {
        self.init(records: answer.kvs.map(Record.init), count: Int(answer.count))
    }
}

extension Record {
    init(_ kv: EtcdKeyValue) {
        let text = kv.value.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) }
        self.init(
            key: Key(String(decoding: kv.key, as: UTF8.self)), value: text ?? String(decoding: kv.value, as: UTF8.self),
            undecodable: text == nil ? Array(kv.value) : nil, created: kv.createRevision, modified: kv.modRevision,
            lease: kv.lease)
    }
}

extension EtcdTxnRequest {
    init(_ transaction: Transaction) {
        self.init(
            compare: transaction.guards.map { EtcdCompare($0) }, success: transaction.then.map { EtcdRequestOp($0) },
            failure: transaction.otherwise.map { EtcdRequestOp($0) })
    }
}

extension EtcdCompare {
    init(_ condition: Guard) {
        switch condition {
        case .absent(let key): self.init(key: key.bytes, .createRevision(0))
        case .unchanged(let key, let revision): self.init(key: key.bytes, .modRevision(revision))
        case .value(let key, let value): self.init(key: key.bytes, .value(Array(value.utf8)))
        case .noneNewer(let range, let revision):
            self.init(key: range.start.bytes, .modRevision(revision + 1), .less)
            if let end = range.end { rangeEnd = end.bytes }
        }
    }
}

extension EtcdRequestOp {
    init(_ operation: Operation) {
        switch operation {
        case .put(let key, let value): self = .put(EtcdPutRequest(key: key.bytes, value: Array(value.utf8)))
        case .putBytes(let key, let value): self = .put(EtcdPutRequest(key: key.bytes, value: value))
        case .delete(let range):
            var request = EtcdDeleteRangeRequest(key: range.start.bytes)
            if let end = range.end { request.rangeEnd = end.bytes }
            self = .deleteRange(request)
        case .read(let read): self = .range(EtcdRangeRequest(read))
        case .transaction(let nested): self = .txn(EtcdTxnRequest(nested))
        }
    }
}

extension Commit {
    /// The response of a nested transaction has no revision of its own.
    init(_ answer: EtcdTxnResponse, revision: Revision) {
        self.init(
            revision: revision, succeeded: answer.succeeded,
            results: answer.responses.map { OperationResult($0, revision: revision) })
    }
}

extension OperationResult {
    init(_ answer: EtcdResponseOp, revision: Revision) {
        switch answer {
        case .range(let range): self = .read(ReadResult(range))
        case .deleteRange(let deletion): self = .deleted(count: Int(deletion.deleted))
        case .txn(let nested): self = .transaction(Commit(nested, revision: revision))
        case .put: self = .put
        }
    }
}

extension StoreError {
    init(_ error: EtcdError) {
        let text = error.description
        self =
            switch error {
            case .unavailable, .malformedAnswer: .unreachable(text)
            case .deadlineExceeded: .deadlineExceeded(text)
            case .outcomeUnknown: .outcomeUnknown(text)
            case .unauthenticated, .permissionDenied: .denied(text)
            case .noSpace: .full(text)
            case .tooManyRequests, .rejected: .refused(text)
            case .tooManyOperations, .requestTooLarge: .tooLarge(text)
            case .compacted: .compacted
            case .invalidConfiguration: .invalidConfiguration(text)
            }
    }
}
