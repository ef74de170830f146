// The messages of the service KV, and what they consist of (api/etcdserverpb/rpc.proto, api/mvccpb/kv.proto), with etcd's
// names and field numbers. What is used here is the same from etcd 3.2 on.

/// `mvccpb.KeyValue`: a key with its value.
public struct EtcdKeyValue: ProtobufDecodable {
    /// Shares the memory of the response.
    public private(set) var key: ArraySlice<UInt8> = []
    /// The revision of the key's creation.
    public private(set) var createRevision: Int64 = 0
    /// The revision of the last change.
    public private(set) var modRevision: Int64 = 0
    /// The number of changes since the creation, from 1; 0 in the event of a deletion.
    public private(set) var version: Int64 = 0
    /// Shares the memory of the response.
    public private(set) var value: ArraySlice<UInt8> = []
    /// The ID of the lease with which the key expires; 0 without one.
    public private(set) var lease: Int64 = 0

    init() {}

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: key = try reader.bytes()
            case 2: createRevision = try reader.integer()
            case 3: modRevision = try reader.integer()
            case 4: version = try reader.integer()
            case 5: value = try reader.bytes()
            case 6: lease = try reader.integer()
            default: try reader.skip()
            }
        }
    }
}

/// `ResponseHeader`: which member answered, and the store's revision at that time.
public struct EtcdResponseHeader: ProtobufDecodable {
    /// The ID of the cluster.
    public private(set) var clusterID: UInt64 = 0
    /// The ID of the member.
    public private(set) var memberID: UInt64 = 0
    /// The revision of the store when the request was carried out; 0 if the response has none.
    public private(set) var revision: Int64 = 0

    init() {}

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: clusterID = try reader.unsigned()
            case 2: memberID = try reader.unsigned()
            case 3: revision = try reader.integer()
            default: try reader.skip()
            }
        }
    }
}

/// `RangeRequest`: reads keys.
public struct EtcdRangeRequest: ProtobufEncodable, Hashable {
    /// The key, or the first key of the range.
    public var key: [UInt8]
    /// The end of the range, which does not belong to it; `[0]` for all keys from ``key`` on; empty for one key.
    public var rangeEnd: [UInt8] = []
    /// The largest number of keys; 0 for all.
    public var limit: Int64 = 0
    /// The revision to read at; 0 for the current one.
    public var revision: Int64 = 0
    /// Leave the values out.
    public var keysOnly = false
    /// Return only the number of keys.
    public var countOnly = false

    /// Makes a request for one key.
    public init(key: [UInt8]) { self.key = key }

    func write(to writer: inout ProtobufWriter) {
        writer.bytes(key, field: 1)
        writer.bytes(rangeEnd, field: 2)
        writer.integer(limit, field: 3)
        writer.integer(revision, field: 4)
        writer.flag(keysOnly, field: 8)
        writer.flag(countOnly, field: 9)
    }
}

/// `RangeResponse`.
public struct EtcdRangeResponse: ProtobufDecodable {
    /// The header.
    public private(set) var header = EtcdResponseHeader()
    /// The keys, in their order.
    public private(set) var kvs: [EtcdKeyValue] = []
    /// Whether the limit has cut the range.
    public private(set) var more = false
    /// The number of keys in the range, whatever the limit.
    public private(set) var count: Int64 = 0

    init() {}

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: header = try reader.message()
            case 2: kvs.append(try reader.message())
            case 3: more = try reader.flag()
            case 4: count = try reader.integer()
            default: try reader.skip()
            }
        }
    }
}

/// `PutRequest`: writes a key.
public struct EtcdPutRequest: ProtobufEncodable, Hashable {
    /// The key.
    public var key: [UInt8]
    /// Its new value.
    public var value: [UInt8]

    /// Makes a request.
    public init(key: [UInt8], value: [UInt8] = []) {
        self.key = key
        self.value = value
    }

    func write(to writer: inout ProtobufWriter) {
        writer.bytes(key, field: 1)
        writer.bytes(value, field: 2)
    }
}

/// `PutResponse`.
public struct EtcdPutResponse: ProtobufDecodable {
    /// The header.
    public private(set) var header = EtcdResponseHeader()

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: header = try reader.message()
            default: try reader.skip()
            }
        }
    }
}

/// `DeleteRangeRequest`: deletes keys.
public struct EtcdDeleteRangeRequest: ProtobufEncodable, Hashable {
    /// The key, or the first key of the range.
    public var key: [UInt8]
    /// As in ``EtcdRangeRequest/rangeEnd``.
    public var rangeEnd: [UInt8] = []

    /// Makes a request for one key.
    public init(key: [UInt8]) { self.key = key }

    func write(to writer: inout ProtobufWriter) {
        writer.bytes(key, field: 1)
        writer.bytes(rangeEnd, field: 2)
    }
}

/// `DeleteRangeResponse`.
public struct EtcdDeleteRangeResponse: ProtobufDecodable {
    /// The header.
    public private(set) var header = EtcdResponseHeader()
    /// The number of keys that were deleted.
    public private(set) var deleted: Int64 = 0

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: header = try reader.message()
            case 2: deleted = try reader.integer()
            default: try reader.skip()
            }
        }
    }
}
