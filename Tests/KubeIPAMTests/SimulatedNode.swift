import Foundation
import TestSupport

/// A machine of its own as far as kube-ipam can tell: a name for the configuration, and a boot ID, an uptime, a machine ID and
/// a folder /run/kube-ipam that a private mount namespace shows in the place of this machine's.
struct SimulatedNode: Sendable {
    let name: String
    private let bootFile: URL
    private let machineFile: URL
    private let uptimeFile: URL
    /// What is /run/kube-ipam there; empty after each start.
    let runFolder: URL
    private let folder: TemporaryDirectory

    /// A machine that has been running for so many seconds, whenever it is asked.
    init(_ name: String, uptime: Int = 0) throws {
        let folder = try TemporaryDirectory(prefix: "node")
        try self.init(name, folder, machine: try Self.newMachine(in: folder), uptime: uptime)
    }

    /// A machine whose machine-id(5) is empty, as in most containers.
    init(withoutMachineID name: String) throws {
        let folder = try TemporaryDirectory(prefix: "node")
        try self.init(name, folder, machine: try folder.write("", to: "machine-id"))
    }

    /// The same, a container of the same host as another machine.
    init(withoutMachineID name: String, sharingTheKernelOf other: SimulatedNode) throws {
        let boot = try String(contentsOf: other.bootFile, encoding: .utf8)
        let folder = try TemporaryDirectory(prefix: "node")
        try self.init(name, folder, machine: try folder.write("", to: "machine-id"), boot: boot)
    }

    /// A machine that is a container of the same host as another one, as kind(1) makes them: with the host's boot ID and
    /// a machine ID of its own.
    init(_ name: String, sharingTheKernelOf other: SimulatedNode) throws {
        let boot = try String(contentsOf: other.bootFile, encoding: .utf8)
        let folder = try TemporaryDirectory(prefix: "node")
        try self.init(name, folder, machine: try Self.newMachine(in: folder), boot: boot)
    }

    /// A machine that is a copy of a container of the same host: with the boot ID and the machine ID of the other one.
    init(_ name: String, copyOf other: SimulatedNode) throws {
        let boot = try String(contentsOf: other.bootFile, encoding: .utf8)
        try self.init(name, try TemporaryDirectory(prefix: "node"), machine: other.machineFile, boot: boot)
    }

    /// A clone of another machine: it has its name and its machine ID, and has been running for an hour.
    init(cloneOf other: SimulatedNode) throws {
        try self.init(
            other.name, try TemporaryDirectory(prefix: "node"), machine: other.machineFile, uptime: 3600)
    }

    private init(
        _ name: String, _ folder: TemporaryDirectory, machine: URL,
        boot: String = UUID().uuidString.lowercased() + "\n", uptime: Int = 0
    ) throws {
        self.name = name
        self.folder = folder
        machineFile = machine
        let start = UUID().uuidString
        uptimeFile = try folder.write("\(uptime).00 0.00\n", to: "uptime-\(start)")
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

    /// Where this machine has no /etc/machine-id, it gets one in an /etc of the node's own.
    private static let script = """
        /bin/mount --bind "$1" /proc/sys/kernel/random/boot_id && /bin/mount --bind "$3" /proc/uptime &&
        if [ ! -e /etc/machine-id ]; then
            /bin/mount -t tmpfs none /mnt && /bin/mkdir /mnt/upper /mnt/work &&
            /bin/mount -t overlay none -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc &&
            /bin/rm -f /etc/machine-id && : > /etc/machine-id
        fi &&
        /bin/mount --bind "$2" /etc/machine-id && /bin/mkdir -p /run/kube-ipam && /bin/mount --bind "$4" /run/kube-ipam &&
        shift 4 && exec "$@"
        """

    /// The command that runs a program there, in the same process.
    func command(_ program: String, _ arguments: [String] = []) -> (program: String, arguments: [String]) {
        (
            "unshare",
            [
                "-m", "/bin/sh", "-c", Self.script, "sh", bootFile.path, machineFile.path, uptimeFile.path,
                runFolder.path, program,
            ]
                + arguments
        )
    }
}
