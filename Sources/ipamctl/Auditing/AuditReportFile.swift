import IPAMKit

/// A file that `ipamctl audit --report` has written.
enum AuditReportFile {
    /// The reports of a file, one for each network.
    ///
    /// - Throws: ``Failure`` with the path and the reason.
    static func read(_ path: String) throws(Failure) -> [AuditReport] {
        let text = try TextFile.read(path)
        let json: JSONValue
        do throws(JSONSyntaxError) {
            json = try JSONValue(parsing: text)
        } catch {
            throw Failure(.failed, "\(path) is not valid JSON: \(error)")
        }
        var reports: [AuditReport] = []
        for element in json.array ?? [json] {
            do throws(DamagedValue) {
                reports.append(try AuditReport(element))
            } catch {
                throw Failure(
                    .failed, "\(path) is no report of an audit: \(error)",
                    hint: "name a file that 'ipamctl audit --report' has written")
            }
        }
        return reports
    }
}
