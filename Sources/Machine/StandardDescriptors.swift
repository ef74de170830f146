import Glibc

/// Standard input, output and error.
public enum StandardDescriptors {
    /// Opens /dev/null for each of the three that is closed. Otherwise a file or socket that the program opens later could get
    /// the number of standard output, and receive the output. To be called before anything else is opened.
    ///
    /// Writing to a standard output that was closed still fails with EBADF. What is written to a standard error that was
    /// closed is discarded.
    public static func reserve() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // open(2) takes the lowest free number, which is this one.
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
