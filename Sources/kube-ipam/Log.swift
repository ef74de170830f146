import Glibc
import IPAMKit
import Synchronization

/// The log file: appended to, one line with one write, so that plugins that run side by side do not cut into each
/// other's lines. A log that cannot be written is no reason to fail.
final class Log: Sendable {
    private struct State {
        var descriptor: Int32 = -1
        var level = LogLevel.info
    }

    private let state = Mutex(State())

    func open(_ path: String, level: LogLevel) {
        let descriptor = Glibc.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0o640)
        // Standard output is the result's alone.
        var file = stat()
        var output = stat()
        if descriptor >= 0, fstat(descriptor, &file) == 0, fstat(STDOUT_FILENO, &output) == 0,
            file.st_dev == output.st_dev, file.st_ino == output.st_ino, file.st_rdev == output.st_rdev
        {
            close(descriptor)
            return
        }
        state.withLock { $0 = State(descriptor: descriptor, level: level) }
    }

    /// Appends `2026-11-23T02:00:00Z info ADD network=k8s addresses=10.188.1.0`; empty fields are left out.
    func write(_ level: LogLevel, _ what: String, _ fields: KeyValuePairs<String, String>) {
        let (descriptor, least) = state.withLock { ($0.descriptor, $0.level) }
        guard descriptor >= 0, level.rank >= least.rank else { return }
        var line = "\(Timestamp(seconds: Int64(time(nil)))) \(level.rawValue) \(what)"
        for (key, value) in fields where !value.isEmpty { line += " \(key)=\(Self.quoted(value))" }
        line += "\n"
        _ = line.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }

    private static func quoted(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
        return isPlain ? value : JSONValue.string(value).serialized()
    }
}

extension LogLevel {
    fileprivate var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}
