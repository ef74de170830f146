import Foundation

/// A container image made on the spot: one layer with Debian's static busybox.
enum ContainerImage {
    /// What containerd calls it once it has been imported.
    static let name = "kube-ipam.test/busybox:latest"

    /// The image as a tar file of the OCI image layout.
    static func archive() async throws -> URL {
        try await made.value.file("image.tar")
    }

    /// The folder that holds it; it goes with this process.
    private static let made = Task {
        let folder = try TemporaryDirectory(prefix: "image")
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        guard
            let busybox = folders.map({ "\($0)/busybox" }).first(where: {
                FileManager.default.isExecutableFile(atPath: $0)
            })
        else { throw TestSupportError.toolMissing("busybox-static") }
        try runTool("python3", PythonProgram.containerImage.command(busybox, name, folder.file("image.tar").path))
        return folder
    }
}
