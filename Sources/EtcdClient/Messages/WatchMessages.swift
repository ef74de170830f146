// The messages of the service Watch (api/etcdserverpb/rpc.proto, api/mvccpb/kv.proto).

/// `mvccpb.Event`: a change of a key.
public struct EtcdEvent: ProtobufDecodable {
    /// `EventType`.
    public enum Kind: Hashable, Sendable {
        case put
        case delete
    }

    /// A put or a deletion.
    public private(set) var kind = Kind.put
    /// The key after the change; a deleted one has no value, and the revision of its deletion as ``EtcdKeyValue/modRevision``.
    public private(set) var kv = EtcdKeyValue()
    /// The key before the change; nil if it did not exist, or if the watch does not ask for it.
    public private(set) var previous: EtcdKeyValue?

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: kind = try reader.integer() == 1 ? .delete : .put
            case 2: kv = try reader.message()
            case 3: previous = try reader.message()
            default: try reader.skip()
            }
        }
    }
}

/// `WatchCreateRequest`: begins a watch.
public struct EtcdWatchCreateRequest: ProtobufEncodable, Hashable {
    /// The key, or the first key of the range.
    public var key: [UInt8]
    /// As in ``EtcdRangeRequest/rangeEnd``.
    public var rangeEnd: [UInt8] = []
    /// The revision of the first events; 0 for those that are to come.
    public var startRevision: Int64 = 0
    /// Send messages without events while nothing happens.
    public var progressNotify = false
    /// Send each key as it was before the change, too.
    public var previousKV = false
    /// Send a large message in fragments.
    public var fragment = false

    /// Makes a request for one key.
    public init(key: [UInt8]) { self.key = key }

    func write(to writer: inout ProtobufWriter) {
        writer.bytes(key, field: 1)
        writer.bytes(rangeEnd, field: 2)
        writer.integer(startRevision, field: 3)
        writer.flag(progressNotify, field: 4)
        writer.flag(previousKV, field: 6)
        writer.flag(fragment, field: 8)
    }
}

/// `WatchRequest`, whose other kinds are not needed.
struct EtcdWatchRequest: ProtobufEncodable {
    let create: EtcdWatchCreateRequest

    func write(to writer: inout ProtobufWriter) {
        writer.message(create, field: 1)
    }
}

/// `WatchResponse`.
public struct EtcdWatchResponse: ProtobufDecodable {
    /// The header; its revision is that of the member, and not of the events.
    public private(set) var header = EtcdResponseHeader()
    /// Whether this is the first message of the watch.
    public private(set) var created = false
    /// Whether the server has ended the watch.
    public private(set) var canceled = false
    /// If the watch was ended because its revision is compacted: the revision of the compaction; else 0.
    public private(set) var compactRevision: Int64 = 0
    /// Why the server has ended the watch.
    public private(set) var cancelReason = ""
    /// Whether the message is continued by the next one.
    public private(set) var fragment = false
    /// The changes, in their order.
    public private(set) var events: [EtcdEvent] = []

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: header = try reader.message()
            case 3: created = try reader.flag()
            case 4: canceled = try reader.flag()
            case 5: compactRevision = try reader.integer()
            case 6: cancelReason = try reader.text()
            case 7: fragment = try reader.flag()
            case 11: events.append(try reader.message())
            default: try reader.skip()
            }
        }
    }
}
