import EtcdClient
import Foundation
import HTTPTransport
import TestSupport

extension EtcdClient {
    /// A client of these endpoints.
    static func of(
        _ endpoints: [String], tls: TLSOptions = TLSOptions(), user: String? = nil, password: String = "secret",
        loop: TransferLoop = .onOwnThread(), _ change: (inout EtcdConfiguration) -> Void = { _ in }
    ) -> EtcdClient {
        var configuration = EtcdConfiguration(endpoints: endpoints, tls: tls)
        if let user { configuration.credentials = .init(user: user, password: password) }
        change(&configuration)
        return EtcdClient(configuration, loop: loop)
    }

    /// A client of this server, with the certificate of `commonName` where it wants one.
    static func of(
        _ server: EtcdServer, commonName: String = "root", user: String? = nil, password: String = "secret"
    ) throws -> EtcdClient {
        of(server.endpoints, tls: try server.tls(commonName: commonName), user: user, password: password)
    }

    func put(_ key: String, _ value: String = "v") async throws(EtcdError) -> Int64 {
        try await put(.init(key: Array(key.utf8), value: Array(value.utf8)), deadline: soon).header.revision
    }

    func get(_ key: String, within time: Duration = .seconds(60)) async throws(EtcdError) -> EtcdRangeResponse {
        try await range(.init(key: Array(key.utf8)), deadline: .now + time)
    }

    func value(_ key: String) async throws(EtcdError) -> String? {
        try await get(key).kvs.first.map { String(decoding: $0.value, as: UTF8.self) }
    }
}

extension EtcdServer {
    /// What a client needs to trust this server and to be trusted by it.
    func tls(commonName: String = "root") throws -> TLSOptions {
        guard let certificates else { return TLSOptions() }
        var options = TLSOptions(trustRoots: .file(certificates.certificate))
        if security == .mutualTLS {
            let identity = try certificates.client(commonName: commonName)
            options.certificate = .file(identity.certificate)
            options.privateKey = .file(identity.key)
        }
        return options
    }
}

/// The deadline of what is expected to take no time.
var soon: ContinuousClock.Instant { .now + .seconds(60) }
