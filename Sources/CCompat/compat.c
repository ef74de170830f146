// Three functions that glibc has only since 2.35 or 2.36, so that the released programs also start on nodes with glibc
// 2.34 (RHEL 9; Ubuntu 22.04 has 2.35). A function that the program itself defines is used instead of glibc's. The
// build fails if a program needs any other symbol that is newer (scripts/check-portable).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

// Used by libswiftGlibc. The squares of two floats and their sum fit into a double.
float hypotf(float x, float y) {
    if (isinf(x) || isinf(y)) return INFINITY;
    return (float)sqrt((double)x * x + (double)y * y);
}

// Used by libstdc++'s std::random_device.
uint32_t arc4random(void) {
    uint32_t value;
    ssize_t count;
    do {
        count = getrandom(&value, sizeof value, 0);
    } while (count < 0 && errno == EINTR);
    // Linux always returns up to 256 bytes at once (getrandom(2)), and has had the call since 3.17.
    if (count != sizeof value) abort();
    return value;
}

#if __GLIBC_PREREQ(2, 35)
// Used by libgcc's unwinder, which calls it instead of dl_iterate_phdr if it was built with glibc 2.35.
struct search {
    uintptr_t address;
    struct dl_find_object *result;
};

static int find_object(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    struct search *search = context;
    uintptr_t start = UINTPTR_MAX, end = 0;
    const ElfW(Phdr) *frames = NULL;
    int is_inside = 0;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        uintptr_t first = info->dlpi_addr + header->p_vaddr;
        if (header->p_type == PT_GNU_EH_FRAME) frames = header;
        if (header->p_type != PT_LOAD) continue;
        if (first < start) start = first;
        if (first + header->p_memsz > end) end = first + header->p_memsz;
        if (search->address >= first && search->address - first < header->p_memsz) is_inside = 1;
    }
    if (!is_inside || frames == NULL) return 0;
    // The unwinder reads the address of the frames; it has no use for the link map.
    memset(search->result, 0, sizeof *search->result);
    search->result->dlfo_map_start = (void *)start;
    search->result->dlfo_map_end = (void *)end;
    search->result->dlfo_eh_frame = (void *)(info->dlpi_addr + frames->p_vaddr);
    return 1;
}

int _dl_find_object(void *address, struct dl_find_object *result) {
    struct search search = {(uintptr_t)address, result};
    return dl_iterate_phdr(find_object, &search) == 1 ? 0 : -1;
}
#endif
