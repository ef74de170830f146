import Foundation
import IPAMKit
import TestSupport
import Testing

/// A program that is started without a standard output, as by a script that closed it.
@Suite(.needs(.etcd, .root)) struct ClosedDescriptorTests {
    private func run(_ redirection: String, _ site: AdminSite, _ arguments: [String]) async throws -> ProcessOutput {
        let command = try site.command(arguments)
        return try await runProcess(
            "sh", ["-c", #"exec "$@" \#(redirection)"#, "sh", command.program] + command.arguments,
            environment: site.environment())
    }

    @Test(arguments: [["list"], ["networks"], ["version"], ["--version"], ["list", "--help"], ["list", "-o", "json"]])
    func aResultThatCannotBeWrittenIsAFailure(arguments: [String]) async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        for redirection in [">&-", "<&- >&-"] {
            let output = try await run(redirection, site, arguments)
            #expect(output.status == 1, "\(redirection): \(output.stderrText)")
            #expect(
                output.stderrText == "ipamctl: the result cannot be written: Bad file descriptor\n"
                    + "hint: check where standard output goes\n")
        }
        #expect(try await run(">&- 2>&-", site, arguments).status == 1)
        #expect(try await run("2>&-", site, arguments).status == 0)
    }

    /// Without a descriptor 1 the connection to etcd would get that number, and the result would go to etcd.
    @Test func nothingIsWrittenIntoWhatIsOpenedLater() async throws {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1")
        let folder = try TemporaryDirectory()
        let report = folder.file("report.json").path
        let output = try await run(
            ">&-", site, ["audit", "--node-local", "--cni-cache", folder.path, "--report", report])
        #expect(output.status == 1)
        let text = try String(contentsOfFile: report, encoding: .utf8)
        #expect(try JSONValue(parsing: text)["network"] == "k8s", "\(text)")
        _ = try await site.run("list").checked()
    }
}
