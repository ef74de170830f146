import Glibc

/// Standard input, output and error.
public enum StandardDescriptors {
    /// Fills those that are closed, so that no file or socket that the program opens gets their numbers, and what is meant for
    /// standard output goes into it. To be called first of all.
    ///
    /// Writing to a standard output that was closed still fails, with EBADF; a standard error that was closed swallows what
    /// is written.
    public static func reserve() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) == -1 {
            // open(2) takes the lowest number that is free: this one.
            _ = open("/dev/null", descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY)
        }
    }
}
