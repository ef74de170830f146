/*
 * Runs a program, waits for it, and writes to a file the largest resident size it had, in kilobytes, and the number of
 * page faults that needed no disk (ru_minflt).
 *
 *   resident FILE PROGRAM [ARGUMENT...]
 *
 * Why a program of its own: Linux counts the memory of the process that spawned a program into that program's peak, so
 * a peak taken from Python shows at least Python's own size. This one is about 1 MB.
 * Exit status: the program's, 128 plus the signal's number when a signal ended it, 127 when it could not be run.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

extern char **environ;

int main(int argc, char **argv) {
    pid_t child;
    int status;
    struct rusage usage;
    if (argc < 3) {
        fputs("usage: resident FILE PROGRAM [ARGUMENT...]\n", stderr);
        return 64;
    }
    if ((errno = posix_spawn(&child, argv[2], NULL, NULL, argv + 2, environ)) != 0) {
        perror(argv[2]);
        return 127;
    }
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR) {
            perror("wait4");
            return 127;
        }
    }
    FILE *file = fopen(argv[1], "w");
    if (!file || fprintf(file, "%ld %ld\n", usage.ru_maxrss, usage.ru_minflt) < 0 || fclose(file) != 0) {
        perror(argv[1]);
        return 127;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
