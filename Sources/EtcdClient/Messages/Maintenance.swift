// The messages of the services Maintenance and Auth (api/etcdserverpb/rpc.proto).

/// `StatusRequest`.
struct EtcdStatusRequest: ProtobufEncodable {
    func write(to writer: inout ProtobufWriter) {}
}

/// `StatusResponse`: the state of one member.
public struct EtcdStatusResponse: ProtobufDecodable {
    /// The header.
    public private(set) var header = EtcdResponseHeader()
    /// The version of the server, such as `3.4.23`.
    public private(set) var version = ""
    /// The size of the database file, in bytes.
    public private(set) var dbSize: Int64 = 0
    /// The ID of the leader; 0 if there is none.
    public private(set) var leader: UInt64 = 0
    /// The alarms.
    public private(set) var errors: [String] = []
    /// The used part of the database, in bytes; 0 before etcd 3.4.
    public private(set) var dbSizeInUse: Int64 = 0
    /// Whether the member is a learner; false before etcd 3.4.
    public private(set) var isLearner = false
    /// The quota of the database, in bytes; 0 before etcd 3.6.
    public private(set) var dbSizeQuota: Int64 = 0

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 1: header = try reader.message()
            case 2: version = try reader.text()
            case 3: dbSize = try reader.integer()
            case 4: leader = try reader.unsigned()
            case 8: errors.append(try reader.text())
            case 9: dbSizeInUse = try reader.integer()
            case 10: isLearner = try reader.flag()
            case 12: dbSizeQuota = try reader.integer()
            default: try reader.skip()
            }
        }
    }
}

/// `AuthenticateRequest`: a login.
struct EtcdAuthenticateRequest: ProtobufEncodable {
    let name: String
    let password: String

    func write(to writer: inout ProtobufWriter) {
        writer.text(name, field: 1)
        writer.text(password, field: 2)
    }
}

/// `AuthenticateResponse`.
struct EtcdAuthenticateResponse: ProtobufDecodable {
    /// To be sent with each request.
    private(set) var token = ""

    init(from reader: inout ProtobufReader) throws(MalformedProtobuf) {
        while let field = try reader.next() {
            switch field {
            case 2: token = try reader.text()
            default: try reader.skip()
            }
        }
    }
}
