import Foundation
import TestSupport

/// A machine of its own as far as kube-ipam can tell: a name for the configuration, and a boot ID, a machine ID and a folder
/// /run/kube-ipam that a private mount namespace shows in the place of this machine's.
struct SimulatedNode: Sendable {
    let name: String
    private let bootFile: URL
    private let machineFile: URL
    /// What is /run/kube-ipam there; empty after each start.
    let runFolder: URL
    private let folder: TemporaryDirectory

    /// A machine that has just been started.
    init(_ name: String) throws {
        let folder = try TemporaryDirectory(prefix: "node")
        try self.init(name, folder, machine: try Self.newMachine(in: folder))
    }

    /// A machine that is a container of the same host as another one, as kind(1) makes them: with the host's boot ID and
    /// a machine ID of its own.
    init(_ name: String, sharingTheKernelOf other: SimulatedNode) throws {
        let boot = try String(contentsOf: other.bootFile, encoding: .utf8)
        let folder = try TemporaryDirectory(prefix: "node")
        try self.init(name, folder, machine: try Self.newMachine(in: folder), boot: boot)
    }

    private init(
        _ name: String, _ folder: TemporaryDirectory, machine: URL, boot: String = UUID().uuidString.lowercased() + "\n"
    ) throws {
        self.name = name
        self.folder = folder
        machineFile = machine
        let start = UUID().uuidString
        bootFile = try folder.write(boot, to: "boot-\(start)")
        runFolder = folder.file("run-\(start)")
        try FileManager.default.createDirectory(at: runFolder, withIntermediateDirectories: false)
    }

    private static func newMachine(in folder: TemporaryDirectory) throws -> URL {
        let machine = UUID().uuidString.lowercased().replacingOccurrences(of: "-", with: "")
        return try folder.write(machine + "\n", to: "machine-id")
    }

    /// The same machine after its next start.
    func rebooted() throws -> SimulatedNode {
        try SimulatedNode(name, folder, machine: machineFile)
    }

    private static let script = """
        /bin/mount --bind "$1" /proc/sys/kernel/random/boot_id &&
        if [ -e /etc/machine-id ]; then /bin/mount --bind "$2" /etc/machine-id; fi &&
        /bin/mkdir -p /run/kube-ipam && /bin/mount --bind "$3" /run/kube-ipam &&
        shift 3 && exec "$@"
        """

    /// The command that runs a program there, in the same process.
    func command(_ program: String, _ arguments: [String] = []) -> (program: String, arguments: [String]) {
        (
            "unshare",
            ["-m", "/bin/sh", "-c", Self.script, "sh", bootFile.path, machineFile.path, runFolder.path, program]
                + arguments
        )
    }
}
