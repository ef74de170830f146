import Foundation
import Synchronization

/// Swift does not see pipe2(2) and accept4(2), which make descriptors that no child inherits. In their stead: while such
/// a descriptor is made and marked, none of these functions starts a child.
private let starting = Mutex(())

/// Runs something during which no child is started.
func startingNothing<Result>(_ body: () -> Result) -> Result {
    starting.withLock { _ in body() }
}

/// Keeps a descriptor out of the programs that this process starts from now on. What is no descriptor stays so.
func closeOnExec(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
}

/// A file descriptor that is closed with its owner.
struct OwnedDescriptor: ~Copyable {
    let number: Int32

    init(_ number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Makes reads and writes return at once instead of waiting.
    func setNonblocking() throws {
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0, fcntl(number, F_SETFL, flags | O_NONBLOCK) >= 0 else {
            throw TestSupportError.current("fcntl")
        }
    }
}

/// The two ends of a new pipe, closed in every program that this process starts.
struct PipeEnds: ~Copyable {
    let reading: OwnedDescriptor
    let writing: OwnedDescriptor

    init() throws {
        var numbers: [Int32] = [-1, -1]
        let code = startingNothing {
            let code = pipe(&numbers)
            numbers.forEach { closeOnExec($0) }
            return code
        }
        guard code == 0 else { throw TestSupportError.current("pipe") }
        reading = OwnedDescriptor(numbers[0])
        writing = OwnedDescriptor(numbers[1])
    }

    /// Closes the end that a child reads from and gives the other one, not blocking.
    consuming func keepWriting() throws -> OwnedDescriptor {
        try writing.setNonblocking()
        return writing
    }

    /// Closes the end that a child writes to and gives the other one, not blocking.
    consuming func keepReading() throws -> OwnedDescriptor {
        try reading.setNonblocking()
        return reading
    }
}

/// Starts a program with exactly this environment and these three descriptors, as the leader of its own process group,
/// with no signal blocked or ignored, whatever this process does with signals. A name without `/` is sought in `PATH`.
///
/// - Returns: The process ID; the caller waits for it.
func spawn(
    _ executable: String, _ arguments: [String], environment: [String: String],
    stdin: Int32, stdout: Int32, stderr: Int32
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (source, target) in [(stdin, 0), (stdout, 1), (stderr, 2)] as [(Int32, Int32)] {
        posix_spawn_file_actions_adddup2(&actions, source, target)
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    var all = sigset_t()
    sigemptyset(&none)
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
        &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

    var words = ([executable] + arguments).map { strdup($0) } + [nil]
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var pid = pid_t()
    let code = startingNothing { posix_spawnp(&pid, executable, &actions, &attributes, &words, &variables) }
    guard code == 0 else {
        throw code == ENOENT
            ? TestSupportError.toolMissing(executable) : .systemCall("starting \(executable)", code: code)
    }
    return pid
}
