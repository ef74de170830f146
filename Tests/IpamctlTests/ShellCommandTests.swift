import Foundation
import IPAMKit
import TestSupport
import Testing

/// `ipamctl shell` as a script, without a terminal.
@Suite(.needs(.etcd, .root)) struct ShellScriptTests {
    private func site() async throws -> AdminSite {
        let site = try await AdminSite()
        try await site.add("c0", "default/first")
        return site
    }

    @Test func commandsOfStandardInputRunOneAfterTheOther() async throws {
        let site = try await site()
        let script = """
            # before the deploy
            reserve 10.188.0.20 --for default/db-0 \\
              --note 'mysql primary'
            list -o name; set -o json

            show 10.188.0.20
            """
        let run = try await site.run("shell", stdin: script).checked()
        #expect(run.stderrText.isEmpty)
        let lines = run.lines
        #expect(lines.first == "10.188.0.20 reserved for default/db-0")
        #expect(lines.dropFirst().first == "10.188.0.2" && lines.contains("10.188.0.20"))
        let json = try JSONValue(parsing: String(run.stdoutText[try #require(run.stdoutText.firstIndex(of: "{"))...]))
        #expect(json["reservation"]?["note"] == "mysql primary")
    }

    @Test func aScriptStopsAtTheFirstErrorAndNamesItsLine() async throws {
        let site = try await site()
        let script = "list -o name\n\n# gone\nshow 10.9.9.9\nreserve 10.188.0.20\n"
        let run = try await site.run("shell", stdin: script)
        #expect(run.status == 4)
        #expect(run.stderrText.hasPrefix("ipamctl: line 4: 10.9.9.9 lies in no subnet"))
        #expect(run.lines == ["10.188.0.2", "fd00:188::2"])
        #expect(try await site.held().contains { $0.hasPrefix("reservations/") } == false)
    }

    @Test func keepGoingRunsTheRestAndEndsWithTheFirstStatus() async throws {
        let site = try await site()
        let script = "show 10.9.9.9\nnonsense\nreserve 10.188.0.20\n"
        let run = try await site.run("shell", "--keep-going", stdin: script)
        #expect(run.status == 4)
        #expect(run.stderrText.contains("ipamctl: line 2: unknown command \"nonsense\""))
        #expect(run.lines == ["10.188.0.20 reserved for any pod that requests it"])
    }

    @Test func anErrorInALineRunsNothingOfIt() async throws {
        let site = try await site()
        let run = try await site.run("shell", stdin: "reserve 10.188.0.20; show 'x\n")
        #expect(run.status == 64 && run.stdout.isEmpty)
        #expect(run.stderrText.hasPrefix("ipamctl: line 1: the quote ' is not closed\nhint: "))
    }

    @Test func commandsOfAnOptionRunAndTheirStatusIsTheExitStatus() async throws {
        let site = try await site()
        let run = try await site.run("shell", "-c", "use k8s; list -o name; networks -o name").checked()
        #expect(run.lines == ["10.188.0.2", "fd00:188::2", "k8s"] && run.stderrText.isEmpty)
        let failed = try await site.run("shell", "-c", "list -o name; use none; networks")
        #expect(failed.status == 4 && failed.lines == ["10.188.0.2", "fd00:188::2"])
        #expect(failed.stderrText.hasPrefix("ipamctl: network none is neither in the store nor in a CNI file"))
        #expect(try await site.run("shell", "-c", "exit; nonsense").checked().stdout.isEmpty)
        #expect(try await site.run("shell", "-c", "").checked().stdout.isEmpty)
    }

    /// `-c` before the command is `--config`, as for every command.
    @Test func shortConfigBeforeTheCommandIsTheCNIFile() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory(prefix: "cni")
        let file = folder.file("10-other.conf")
        try AdminSite.cniFile("other", etcd: site.server.clientURL, subnet: "10.9.0.0/24").write(
            to: file, atomically: true, encoding: .utf8)
        for leading in [["-c", file.path], ["-c\(file.path)"], ["--config", file.path]] {
            let run = try await site.run(leading + ["shell", "-c", "networks -o name"], environment: [:]).checked()
            #expect(run.lines == ["other"])
        }
    }

    @Test func theShellsOptionsAreThoseOfItsCommands() async throws {
        let site = try await site()
        try await site.add("c1", "default/other", network: "other", subnets: ["10.9.0.0/24"])
        let run = try await site.run(
            "shell", "--endpoints", site.server.clientURL, "-n", "other", "-o", "name", "-c",
            "list; list -n k8s; use --none; list; use", environment: [:]
        ).checked()
        #expect(
            run.lines == [
                "10.9.0.2", "10.188.0.2", "fd00:188::2", "10.188.0.2", "fd00:188::2", "10.9.0.2",
                "no network is chosen: commands work on all networks, or on the only one",
            ])
    }

    @Test func resultsCanBeFilteredAndWrittenToFiles() async throws {
        let site = try await site()
        let folder = try TemporaryDirectory(prefix: "shell")
        let file = folder.file("list")
        let script =
            "list -o name | grep -c . \nlist -o name > '\(file.path)'\nnetworks -o name >>'\(file.path)'\n| x\n"
        let run = try await site.run("shell", stdin: script)
        #expect(run.lines == ["2"] && run.status == 64)
        #expect(run.stderrText.hasPrefix("ipamctl: line 4: there is no command before | or >"))
        #expect(try String(contentsOf: file, encoding: .utf8) == "10.188.0.2\nfd00:188::2\nk8s\n")
    }

    /// A command that read standard input would take the rest of the script.
    @Test func aCommandCannotReadTheScript() async throws {
        let site = try await site()
        let run = try await site.run("shell", stdin: "reserve -f -\naddress\n10.188.0.30\n")
        #expect(run.stderrText.hasPrefix("ipamctl: line 1: - is standard input, from which the shell reads"))
        #expect(run.status == 64)
        let backup = try await site.run("shell", stdin: "restore -\nnetworks\n")
        #expect(backup.stderrText.hasPrefix("ipamctl: line 1: - is standard input, from which the shell reads"))
        let plan = try await site.run("shell", "-c", "reserve -f -", stdin: "address\n10.188.0.30\n").checked()
        #expect(plan.lines == ["10.188.0.30 reserved for any pod that requests it"])
    }

    @Test(arguments: [
        ("use a b", "use: unexpected argument"), ("set -o xml", "set: "), ("set x", "set: "), ("exit now", "exit: "),
        ("shell", "this is the shell already"), ("set --timeout never", "set: "),
    ])
    func wrongUseOfTheShellsOwnCommandsIsExplained(command: String, message: String) async throws {
        let site = try await site()
        let run = try await site.run("shell", "-c", command)
        #expect(run.status == 64 && run.isProperFailure)
        #expect(run.stderrText.hasPrefix("ipamctl: \(message)") && run.stderrText.contains("hint: "))
    }

    @Test func helpListsTheCommandsAndExplainsEach() async throws {
        let site = try await site()
        let help = try await site.run("shell", "-c", "help").checked().stdoutText
        for command in ["list", "reserve", "use NETWORK", "set -o FORMAT", "exit"] {
            #expect(help.contains("\n  \(command) "), "\(command)")
        }
        #expect(try await site.run("shell", "-c", "help list").checked().stdoutText.contains("USAGE: ipamctl list"))
        #expect(try await site.run("shell", "-c", "help use").checked().stdoutText.hasPrefix("use NETWORK\n"))
        #expect(try await site.run("shell", "-c", "list --help").checked().stdoutText.contains("USAGE: ipamctl list"))
    }

    @Test func theNameOfTheProgramMayBeWritten() async throws {
        let site = try await site()
        #expect(try await site.run("shell", "-c", "ipamctl networks -o name").checked().lines == ["k8s"])
    }

    /// All commands of a shell use one connection.
    @Test func theConnectionStaysOpen() async throws {
        let site = try await site()
        let relay = try await TCPRelay(to: site.server.port)
        let commands = Array(repeating: "networks -o name", count: 5).joined(separator: "; ")
        let run = try await site.run(
            "shell", "-c", commands, environment: ["IPAMCTL_ENDPOINTS": relay.url]
        ).checked()
        #expect(run.lines == Array(repeating: "k8s", count: 5))
        #expect(relay.accepted == 1)
    }

    /// A script that saves something before a change must not make the change without it.
    @Test(arguments: [
        ("list > /proc/none/x", "cannot write to /proc/none/x: No such file or directory"),
        ("list | false", "'false' ended with status 1"),
        ("list | nosuchprogram", "'nosuchprogram' ended with status 127"),
        ("help nosuch", "unknown command \"nosuch\""), ("reserve 10.188.0.7 > /proc/none/x", "cannot write to"),
        ("networks > /dev/full", "the result cannot be written"),
    ])
    func aFilterOrAFileThatFailsStopsTheScript(command: String, message: String) async throws {
        let site = try await site()
        let run = try await site.run("shell", stdin: "\(command)\nreserve 10.188.0.20\n")
        #expect(run.status != 0 && run.stderrText.contains(message), "\(run.stderrText)")
        #expect(try await site.held().contains { $0.hasPrefix("reservations/") } == false)
        #expect(try await site.run("shell", "-c", command).status != 0)
    }

    @Test func onlyTextIsAScript() async throws {
        let site = try await site()
        for script in [Data([0xFF, 0xFE, 0x0A]), Data("list\0 > x\n".utf8)] {
            let command = try site.command(["shell", "--keep-going"])
            let run = try await runProcess(
                command.program, command.arguments, environment: site.environment(), stdin: script)
            #expect(run.status == 64 && run.stderrText.hasPrefix("ipamctl: the commands are not text"))
        }
        let folder = try site.command(["shell"])
        let run = try await runProcess(
            "sh", ["-c", #"exec "$@" </tmp"#, "sh", folder.program] + folder.arguments, environment: site.environment())
        #expect(run.status == 1 && run.stderrText.hasPrefix("ipamctl: cannot read the commands from standard input"))
    }

    @Test func aShellInTheShellIsRefused() async throws {
        let site = try await site()
        let run = try await site.run("shell", stdin: "-v shell -c version\n")
        #expect(run.status == 64 && run.stderrText.contains("this is the shell already"))
        #expect(try await site.run("shell", "-c", "-n k8s networks -o name").checked().lines == ["k8s"])
    }

    /// Also with --keep-going, and while it waits for the next command.
    @Test(arguments: ["watch\nreserve 10.188.0.90 --yes\n", ""])
    func anInterruptEndsAScript(script: String) async throws {
        let site = try await site()
        let folder = try TemporaryDirectory(prefix: "script")
        let command = try site.command(["shell", "--keep-going"])
        let shell =
            #"mkfifo "$1/in"; exec 3<>"$1/in"; printf "$2" >&3; dir=$1; shift 2; echo >"$dir/up"; exec "$@" <&3 3<&-"#
        let process = try SpawnedProcess(
            "sh", ["-c", shell, "sh", folder.path, script, command.program] + command.arguments,
            environment: site.environment())
        let deadline = ContinuousClock.now + .seconds(60)
        let isReading = { (try? String(contentsOfFile: "/proc/\(process.pid)/comm", encoding: .utf8)) == "ipamctl\n" }
        while !isReading(), .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        // Until it has caught the signal: one that comes before that ends it, too, but otherwise.
        while process.isIgnoringNothing(SIGINT), .now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        process.kill(SIGINT)
        #expect(try await process.output().status == 130)
        #expect(try await site.held().contains { $0.hasPrefix("reservations/") } == false)
    }
}

extension SpawnedProcess {
    /// Whether the process has no handler for the signal yet (proc_pid_status(5), SigCgt).
    fileprivate func isIgnoringNothing(_ signal: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
        let caught = line.flatMap { UInt64($0.dropFirst("SigCgt:".count).drop { $0 == "\t" }, radix: 16) } ?? 0
        return caught & (1 << UInt64(signal - 1)) == 0
    }
}
