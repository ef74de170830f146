import IPAMKit
import TestSupport

/// What `ipamctl doctor -o json` printed.
struct DoctorReport: CustomStringConvertible {
    let exit: Int32
    private let checks: [JSONValue]
    private let output: ProcessOutput

    init(_ output: ProcessOutput) throws {
        self.output = output
        exit = output.status
        checks = try output.json.array ?? []
    }

    private func texts(_ member: String, _ code: String, _ subject: String?) -> [String] {
        checks.filter { check in
            check["check"]?.string == code && subject.map { check["subject"]?.string == $0 } ?? true
        }.map { $0[member]?.string ?? "" }
    }

    /// The status of each check of a kind.
    func status(_ code: String, _ subject: String? = nil) -> [String] { texts("status", code, subject) }
    /// What was seen by all checks of a kind.
    func seen(_ code: String, _ subject: String? = nil) -> String {
        texts("seen", code, subject).joined(separator: "\n")
    }
    func next(_ code: String, _ subject: String? = nil) -> String {
        texts("next", code, subject).joined(separator: "\n")
    }

    var failed: [String] { checks.filter { $0["status"] == "failed" }.compactMap { $0["check"]?.string } }

    var description: String { output.stdoutText + output.stderrText }
}
