import Foundation
import TestSupport
import Testing

/// `--report` and `--output-file`: where they lead to is written to, and nothing is put in its place but a file.
@Suite(.needs(.etcd, .root)) struct ResultFileTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c1", "default/db-1", subnets: ["10.188.0.0/24"])
        return site
    }

    private let names = ["networks", "-o", "name", "--output-file"]

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    @Test func theNullDeviceStaysWhatItIs() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let null = folder.file("null").path
        _ = try await runProcess(
            "mknod", ["-m", "666", null, "c", "1", "3"], environment: site.environment()
        ).checked()
        _ = try await site.run(names + [null]).checked()
        let link = folder.file("link").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: null)
        let cache = try TemporaryDirectory()
        _ = try await site.run(["audit", "--node-local", "--cni-cache", cache.path, "--report", link]).checked()
        let type = try FileManager.default.attributesOfItem(atPath: null)[.type] as? FileAttributeType
        #expect(type == .typeCharacterSpecial)
        #expect(try mode(null) == 0o666)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["link", "null"])
    }

    @Test func aFIFOIsWrittenInto() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let fifo = folder.file("fifo").path
        _ = try await runProcess("mkfifo", [fifo], environment: site.environment()).checked()
        async let read = runProcess("cat", [fifo], environment: site.environment())
        _ = try await site.run(names + [fifo]).checked()
        #expect(try await read.checked().stdoutText == "k8s\n")
        let type = try FileManager.default.attributesOfItem(atPath: fifo)[.type] as? FileAttributeType
        #expect(
            type == .typeUnknown,
            "a FIFO is none of the types that Foundation has a name for: \(String(describing: type))")
    }

    @Test(arguments: [0o600, 0o640, 0o644]) func aFileKeepsItsModeAndItsOwner(mode: Int) async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let path = try folder.write("former", to: "result").path
        let attributes: [FileAttributeKey: Any] = [
            .posixPermissions: mode, .ownerAccountID: 12345, .groupOwnerAccountID: 23456,
        ]
        try FileManager.default.setAttributes(attributes, ofItemAtPath: path)
        _ = try await site.run(names + [path]).checked()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "k8s\n")
        let now = try FileManager.default.attributesOfItem(atPath: path)
        #expect(now[.posixPermissions] as? Int == mode)
        #expect(now[.ownerAccountID] as? Int == 12345 && now[.groupOwnerAccountID] as? Int == 23456)
    }

    /// Also two links after one another, relative ones, and one to a file that is not there yet.
    @Test func aSymbolicLinkStaysAndItsFileIsWritten() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        try folder.write("former", to: "there")
        for (link, target) in [
            ("a", "b"), ("b", "there"), ("c", folder.file("new").path), ("d", "c2"), ("c2", "other"),
        ] {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file(link).path, withDestinationPath: target)
        }
        for (link, target) in [("a", "there"), ("c", "new"), ("d", "other")] {
            _ = try await site.run(names + [folder.file(link).path]).checked()
            #expect(try String(contentsOf: folder.file(target), encoding: .utf8) == "k8s\n", "\(link)")
            #expect((try? FileManager.default.destinationOfSymbolicLink(atPath: folder.file(target).path)) == nil)
        }
        for link in ["a", "b", "c", "d", "c2"] {
            #expect(
                (try? FileManager.default.destinationOfSymbolicLink(atPath: folder.file(link).path)) != nil, "\(link)")
        }
        try FileManager.default.createSymbolicLink(atPath: folder.file("loop").path, withDestinationPath: "loop")
        let loop = try await site.run(names + [folder.file("loop").path])
        #expect(
            loop.isProperFailure && loop.stderrText.contains("cannot be written: Too many levels of symbolic links"))
    }

    /// What was redirected is not replaced, and what stands in it stays.
    @Test func standardOutputAndOtherDescriptorsAreWrittenInto() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        for (path, redirection) in [
            ("-", ">>"), ("/dev/stdout", ">>"), ("/dev/fd/1", ">>"), ("/proc/self/fd/1", ">>"), ("/dev/fd/7", "7>>"),
        ] {
            let file = try folder.write("former\n", to: "out").path
            let command = try site.command(names + [path])
            _ = try await runProcess(
                "sh",
                ["-c", #"f=$1; shift; exec "$@" \#(redirection) "$f""#, "sh", file, command.program]
                    + command.arguments,
                environment: site.environment()
            ).checked()
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "former\nk8s\n", "\(path)")
        }
    }

    @Test(arguments: ["-", "/dev/stdout"]) func aReportOnStandardOutputStandsThereAlone(path: String) async throws {
        let site = try await site()
        let cache = try TemporaryDirectory()
        let output = try await site.run(
            "audit", "--node-local", "--cni-cache", cache.path, "--report", path
        ).checked()
        #expect(try output.json["network"] == "k8s", "\(output.stdoutText)")
    }

    /// As a file that is mounted by itself into a container.
    @Test func aFileThatCannotBeReplacedIsWrittenInto() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory()
        let source = try folder.write("a former and longer text", to: "source").path
        let mounted = try folder.write("", to: "mounted").path
        let command = try site.command(names + [mounted])
        _ = try await runProcess(
            "unshare",
            ["-m", "sh", "-c", #"mount --bind "$1" "$2"; shift 2; exec "$@""#, "sh", source, mounted, command.program]
                + command.arguments, environment: site.environment()
        ).checked()
        #expect(try String(contentsOfFile: source, encoding: .utf8) == "k8s\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["mounted", "source"])
    }
}
