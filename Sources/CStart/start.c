// A quicker start for a process that lives ten milliseconds.
//
// Before main, Swift's runtime (6.3, linked statically) reads and parses /proc/self/maps to find argv on the stack, and
// looks up its own path to find the swift-backtrace program. Together that is a twentieth of an ADD, and neither is of
// use here: glibc hands argv to constructors, and a node has no swift-backtrace. The functions below stand in for those
// of two members of libswiftCore.a (CommandLine.cpp.o, Paths.cpp.o), which the linker then leaves out. They are the
// whole of what those members export; if a newer runtime wants more of them, the link fails and says so.
#include <stddef.h>

static char **arguments;
static int argument_count;

__attribute__((constructor)) static void keep_arguments(int argc, char **argv) {
    argument_count = argc;
    arguments = argv;
}

char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
    *count = argument_count;
    return arguments;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **argv, int argc) {
    arguments = argv;
    argument_count = argc;
}

// Null: "not found", as on a machine without a Swift installation. A crash is then reported without a backtrace.
const char *swift_copyAuxiliaryExecutablePath(const char *name) {
    (void)name;
    return NULL;
}

const char *swift_getRootPath(void) {
    return NULL;
}

const char *swift_getRuntimeLibraryPath(void) {
    return NULL;
}
