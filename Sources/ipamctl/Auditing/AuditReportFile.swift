import IPAMKit

/// A file that `ipamctl audit --report` has written.
enum AuditReportFile {
    /// The reports of a file, one for each network.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func read(_ path: String) throws(Failure) -> [AuditReport] {
        let json = try TextFile.json(path, try TextFile.read(path))
        return try Failure.wrap(
            about: "\(path) is not a report of an audit", hint: "name a file that 'ipamctl audit --report' has written"
        ) { try (json.array ?? [json]).map { (element) in try AuditReport(element) } }
    }
}
