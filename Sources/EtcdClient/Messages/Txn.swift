// The messages of a transaction (api/etcdserverpb/rpc.proto).

/// `Compare`: a guard of a transaction.
public struct EtcdCompare: ProtobufEncodable, Hashable {
    /// `CompareResult`: how the present value must relate to the given one; the raw value is etcd's. Its GREATER (1) and
    /// NOT_EQUAL (3) are not needed.
    public enum Result: Int64, Hashable, Sendable {
        case equal = 0
        case less = 2
    }

    /// `CompareTarget` and `target_union`: what is compared, and with which value.
    public enum Target: Hashable, Sendable {
        case version(Int64)
        case createRevision(Int64)
        case modRevision(Int64)
        case value([UInt8])
    }

    /// The key, or the first key of the range.
    public var key: [UInt8]
    /// As in ``EtcdRangeRequest/rangeEnd``: then all keys of the range must comply.
    public var rangeEnd: [UInt8] = []
    /// What is compared, and with which value.
    public var target: Target
    /// How the present value must relate to the given one.
    public var result: Result

    /// Makes a guard for one key.
    public init(key: [UInt8], _ target: Target, _ result: Result = .equal) {
        self.key = key
        self.target = target
        self.result = result
    }

    func write(to writer: inout ProtobufWriter) {
        writer.integer(result.rawValue, field: 1)
        let target: Int64 =
            switch target {
            case .version: 0
            case .createRevision: 1
            case .modRevision: 2
            case .value: 3
            }
        writer.integer(target, field: 2)
        writer.bytes(key, field: 3)
        switch self.target {
        case .version(let version): writer.integer(version, field: 4, isInOneof: true)
        case .createRevision(let revision): writer.integer(revision, field: 5, isInOneof: true)
        case .modRevision(let revision): writer.integer(revision, field: 6, isInOneof: true)
        case .value(let value): writer.bytes(value, field: 7, isInOneof: true)
        }
        writer.bytes(rangeEnd, field: 64)
    }
}

/// `RequestOp`: an operation of a transaction.
public enum EtcdRequestOp: ProtobufEncodable, Hashable {
    case range(EtcdRangeRequest)
    case put(EtcdPutRequest)
    case deleteRange(EtcdDeleteRangeRequest)
    case txn(EtcdTxnRequest)

    func write(to writer: inout ProtobufWriter) {
        switch self {
        case .range(let request): writer.message(request, field: 1)
        case .put(let request): writer.message(request, field: 2)
        case .deleteRange(let request): writer.message(request, field: 3)
        case .txn(let request): writer.message(request, field: 4)
        }
    }
}

/// `TxnRequest`: a transaction.
public struct EtcdTxnRequest: ProtobufEncodable, Hashable {
    /// The guards.
    public var compare: [EtcdCompare]
    /// The operations if all guards hold.
    public var success: [EtcdRequestOp]
    /// The operations otherwise.
    public var failure: [EtcdRequestOp]

    /// Makes a transaction.
    public init(compare: [EtcdCompare] = [], success: [EtcdRequestOp], failure: [EtcdRequestOp] = []) {
        self.compare = compare
        self.success = success
        self.failure = failure
    }

    /// True if no branch writes, nested transactions included.
    var onlyReads: Bool {
        (success + failure).allSatisfy { operation in
            switch operation {
            case .range: true
            case .txn(let nested): nested.onlyReads
            case .put, .deleteRange: false
            }
        }
    }

    func write(to writer: inout ProtobufWriter) {
        writer.messages(compare, field: 1)
        writer.messages(success, field: 2)
        writer.messages(failure, field: 3)
    }
}

/// `ResponseOp`: the result of an operation of a transaction.
public enum EtcdResponseOp: ProtobufDecodable {
    case range(EtcdRangeResponse)
    case put(EtcdPutResponse)
    case deleteRange(EtcdDeleteRangeResponse)
    case txn(EtcdTxnResponse)

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        var result: EtcdResponseOp?
        while let field = try reader.next() {
            switch field {
            case 1: result = .range(try reader.message())
            case 2: result = .put(try reader.message())
            case 3: result = .deleteRange(try reader.message())
            case 4: result = .txn(try reader.message())
            default: try reader.skip()
            }
        }
        guard let result else { throw MalformedProtobuf() }
        self = result
    }
}

/// `TxnResponse`.
public struct EtcdTxnResponse: ProtobufDecodable {
    /// The header; that of a nested transaction has no revision.
    public private(set) var header = EtcdResponseHeader()
    /// Whether all guards held.
    public private(set) var succeeded = false
    /// The results of the operations, in their order.
    public private(set) var responses: [EtcdResponseOp] = []

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: header = try reader.message()
            case 2: succeeded = try reader.flag()
            case 3: responses.append(try reader.message())
            default: try reader.skip()
            }
        }
    }
}
