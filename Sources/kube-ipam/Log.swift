import IPAMKit
import Machine
import Synchronization

/// The log file. Each line is appended with one write, so that the lines of plugins that run at the same time are not mixed.
/// Errors are ignored: a log that cannot be written does not make the operation fail.
final class Log: Sendable {
    private struct State {
        var file: AppendedFile?
        var level = LogLevel.info
    }

    private let state = Mutex(State())

    func open(_ path: String, level: LogLevel) {
        guard let file = AppendedFile(path) else { return }
        state.withLock { $0 = State(file: file, level: level) }
    }

    /// Appends `2026-11-23T02:00:00Z info ADD network=k8s addresses=10.188.1.0`; empty fields are left out.
    func write(_ level: LogLevel, _ what: String, _ fields: KeyValuePairs<String, String>) {
        let (file, least) = state.withLock { ($0.file, $0.level) }
        guard let file, level.rank >= least.rank else { return }
        var line = "\(Timestamp(seconds: Host.now())) \(level.rawValue) \(what)"
        for (key, value) in fields where !value.isEmpty { line += " \(key)=\(Self.quoted(value))" }
        file.append(line + "\n")
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
