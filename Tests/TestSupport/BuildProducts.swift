import Foundation

/// Where the package and what was built of it are.
public enum BuildProducts {
    /// The folder of Package.swift.
    public static let packageRoot = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The built executable of this name: from the folder of the running test bundle, so that tests of a release build
    /// meet release programs.
    ///
    /// - Throws: `TestSupportError.notBuilt` when it is not there.
    public static func product(_ name: String) throws -> URL {
        for folder in folders {
            let candidate = folder.appendingPathComponent(name)
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
        }
        throw TestSupportError.notBuilt(product: name, folders: folders.map(\.path))
    }

    /// The test bundle is itself the program that runs; where a helper loads it, it is among the arguments.
    private static let folders: [URL] = {
        let bundles = CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let found = bundles.map { URL(fileURLWithPath: $0).resolvingSymlinksInPath() } + [program]
        return found.map { $0.deletingLastPathComponent() } + [packageRoot.appendingPathComponent(".build/debug")]
    }()
}
