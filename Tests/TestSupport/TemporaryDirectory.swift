import Foundation

/// A new folder, readable by its owner only, that goes with its last reference, and at the latest with this process.
public final class TemporaryDirectory: Sendable {
    /// Where it is; an absolute path.
    public let url: URL

    /// The same as a path.
    public var path: String { url.path }

    /// Makes a folder in `TMPDIR`, or in `/tmp`: inside the one that holds all of this process's.
    ///
    /// - Throws: `TestSupportError.systemCall` when the file system refuses.
    public init(prefix: String = "test") throws {
        url = try Self.make(in: Self.parent.get(), prefix: prefix)
    }

    deinit {
        remove()
    }

    /// The path of a file in it, existing or not.
    public func file(_ name: String) -> URL {
        url.appendingPathComponent(name, isDirectory: false)
    }

    /// Writes a file in it and returns where it is.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> URL {
        let target = file(name)
        try Data(text.utf8).write(to: target)
        return target
    }

    /// Removes it with all that is in it, now. Once is enough; what cannot be removed goes with this process.
    public func remove() {
        try? FileManager.default.removeItem(at: url)
    }

    /// The folder of all folders. A server may still write into it when this process is killed, until its own supervisor
    /// has ended it: hence the second try.
    private static let parent = Result {
        let place = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        let folder = try make(in: URL(fileURLWithPath: place, isDirectory: true), prefix: "kube-ipam-tests")
        try Janitor.afterThisProcess(
            """
            rm -rf -- "$1" 2>/dev/null && exit
            sleep 1
            rm -rf -- "$1"
            """, [folder.path])
        return folder
    }

    private static func make(in parent: URL, prefix: String) throws -> URL {
        var template = Array("\(parent.path)/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestSupportError.current("mkdtemp in \(parent.path)") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return URL(fileURLWithPath: path, isDirectory: true)
    }
}
