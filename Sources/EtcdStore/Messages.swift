import EtcdClient
import FoundationEssentials
import Store

// Converts the store's values to etcd's messages (api/etcdserverpb/rpc.proto), and back.

extension Key {
    var bytes: Data { text.bytes }
}

extension String {
    /// The UTF-8 of the text. Copied from a buffer, because `Data`'s initializer for sequences looks up conformances at run
    /// time, which is noticeable in a process that lives for 10 ms.
    fileprivate var bytes: Data {
        var text = self
        return text.withUTF8 { buffer in
            buffer.baseAddress.map { Data(bytes: $0, count: buffer.count) } ?? Data()
        }
    }

    fileprivate init(utf8 data: Data) {
        self = data.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension EtcdRangeRequest {
    init(_ read: Read, at revision: Revision? = nil) {
        self.init()
        key = read.range.start.bytes
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
        let text = kv.value.withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        self.init(
            key: Key(String(utf8: kv.key)), value: text ?? String(utf8: kv.value),
            undecodable: text == nil ? Array(kv.value) : nil, created: kv.createRevision, modified: kv.modRevision,
            lease: kv.lease)
    }
}

extension EtcdTxnRequest {
    init(_ transaction: Transaction) {
        self.init()
        compare = transaction.guards.map(EtcdCompare.init)
        success = transaction.then.map(EtcdRequestOp.init)
        failure = transaction.otherwise.map(EtcdRequestOp.init)
    }
}

extension EtcdCompare {
    init(_ condition: Guard) {
        self.init()
        switch condition {
        case .absent(let key):
            self.key = key.bytes
            target = .create
            createRevision = 0
        case .unchanged(let key, let revision):
            self.key = key.bytes
            target = .mod
            modRevision = revision
        case .value(let key, let value):
            self.key = key.bytes
            target = .value
            self.value = value.bytes
        case .noneNewer(let range, let revision):
            key = range.start.bytes
            if let end = range.end { rangeEnd = end.bytes }
            target = .mod
            result = .less
            modRevision = revision + 1
        }
    }
}

extension EtcdRequestOp {
    init(_ operation: Operation) {
        self.init()
        switch operation {
        case .put(let key, let value):
            requestPut = .with {
                $0.key = key.bytes
                $0.value = value.bytes
            }
        case .putBytes(let key, let value):
            requestPut = .with {
                $0.key = key.bytes
                $0.value = Data(value)
            }
        case .delete(let range):
            requestDeleteRange = .with {
                $0.key = range.start.bytes
                if let end = range.end { $0.rangeEnd = end.bytes }
            }
        case .read(let read): requestRange = EtcdRangeRequest(read)
        case .transaction(let nested): requestTxn = EtcdTxnRequest(nested)
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
        switch answer.response {
        case .responseRange(let range): self = .read(ReadResult(range))
        case .responseDeleteRange(let deletion): self = .deleted(count: Int(deletion.deleted))
        case .responseTxn(let nested): self = .transaction(Commit(nested, revision: revision))
        case .responsePut, nil: self = .put
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
