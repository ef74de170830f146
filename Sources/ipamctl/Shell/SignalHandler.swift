import Glibc

/// Handlers of signals. System calls that wait are interrupted by them.
enum SignalHandler {
    /// Installs a handler, unless the program was started with the signal ignored, as by nohup(1).
    static func install(_ number: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
        var former = sigaction()
        guard sigaction(number, nil, &former) == 0 else { return }
        let isIgnored = unsafeBitCast(former.__sigaction_handler.sa_handler, to: Int.self) == 1
        if isIgnored { return }
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        sigaction(number, &action, nil)
    }
}
