import ArgumentParser
import Glibc

/// What the scripts of the shells ask for, and kubectl, which calls `kubectl_complete-ipam`.
///
/// It prints no error, asks nothing, and its exit status is always 0: a person is about to type.
struct CompleteCommand: ParsableCommand {
    /// The name that cobra gives to the same command.
    static let name = "__complete"

    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Print what can stand in place of the last word.", shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough, help: "--, then the words after the program's name.")
    var words: [String] = []

    /// More words are not typed by a person.
    private static let mostWords = 1_000

    func run() {
        // Not even what a library prints.
        let silence = open("/dev/null", O_WRONLY | O_CLOEXEC)
        if silence >= 0 { dup2(silence, STDERR_FILENO) }
        let words = words.first == "--" ? words.dropFirst() : words[...]
        guard words.count <= Self.mostWords else {
            Terminal.print(Completion().text)
            return
        }
        let before = Array(words.dropLast())
        let completer = Completer()
        let options = PartialCommandLine(before, of: completer.tree).globalOptions
        let completion =
            if let options {
                completer.completion(
                    of: before, current: words.last ?? "", live: LimitedValues(values: StoreValues(options)))
            } else {
                completer.completion(of: before, current: words.last ?? "", live: NoLiveValues())
            }
        Terminal.print(completion.text)
    }
}

/// Values of a source that may be stuck in a place that knows no deadline: resolving a host name, or reading a file on a
/// server. The process then ends without candidates.
private struct LimitedValues: LiveValues {
    let values: StoreValues

    /// How much later than the source itself this gives up.
    private static let margin = Duration.milliseconds(100)

    func candidates(for request: LiveRequest) -> [Completion.Candidate] {
        signal(SIGALRM) { _ in
            let nothing: StaticString = ":4\n"
            _ = write(STDOUT_FILENO, nothing.utf8Start, nothing.utf8CodeUnitCount)
            _exit(0)
        }
        let limit = values.patience + Self.margin
        let (seconds, attoseconds) = limit.components
        var timer = itimerval()
        timer.it_value = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
        defer {
            var none = itimerval()
            setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &none, nil)
        }
        return values.candidates(for: request)
    }
}
