import Foundation

/// What etcd counts about itself. Counters start with the process: a test takes the difference of two readings.
extension EtcdServer {
    /// The value of a metric; with several label sets, the sum over those that have the given labels.
    ///
    /// - Parameters:
    ///   - name: As etcd exports it, for example `etcd_mvcc_range_total`; 3.5 has lost `etcd_debugging_mvcc_range_total`.
    ///   - labels: For example `["grpc_method": "Txn"]`.
    /// - Returns: The number.
    /// - Throws: `TestSupportError.noSuchMetric` when there is none, `.serverFailed` when etcd does not answer.
    public func metric(_ name: String, labels: [String: String] = [:]) throws -> Double {
        guard let text = PlainHTTP.get("/metrics", port: metricsPort) else {
            throw TestSupportError.serverFailed(name: clientURL, detail: "no answer to /metrics")
        }
        let wanted = labels.map { "\($0.key)=\"\($0.value)\"" }
        let values = text.split(separator: "\n").compactMap { line -> Double? in
            // Prometheus' text format: name{label="value",...} number
            guard line.hasPrefix(name), let gap = line.lastIndex(of: " ") else { return nil }
            let set = line[..<gap].dropFirst(name.count)
            guard set.isEmpty || (set.first == "{" && set.last == "}") else { return nil }
            let pairs = set.dropFirst().dropLast().split(separator: ",").map(String.init)
            guard wanted.allSatisfy(pairs.contains) else { return nil }
            return Double(line[gap...].dropFirst())
        }
        guard !values.isEmpty else {
            throw TestSupportError.noSuchMetric(([name] + wanted).joined(separator: " "))
        }
        return values.reduce(0, +)
    }

    /// How many gRPC calls of this method etcd has begun to serve: `Range`, `Put`, `Txn`, `Watch`, ...
    public func grpcCalls(_ method: String) throws -> Int {
        Int(try metric("grpc_server_started_total", labels: ["grpc_method": method]))
    }
}
