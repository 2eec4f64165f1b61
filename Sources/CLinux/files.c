// Files: holes, sizes, modes, and files that are only in memory.
#define _GNU_SOURCE
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int weir_punch_hole(int descriptor, int64_t offset, int64_t length) {
    return fallocate(descriptor, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, offset, length);
}

int weir_copy_mode(const char *path, int descriptor) {
    struct stat status;
    if (stat(path, &status) != 0) return errno == ENOENT ? 0 : -1;
    // Only root may give a file away; for others the file becomes their own.
    if (fchown(descriptor, status.st_uid, status.st_gid) != 0 && errno != EPERM) return -1;
    return fchmod(descriptor, status.st_mode & 07777);
}

int64_t weir_file_size(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 ? (int64_t)status.st_size : -1;
}

int weir_memory_file(const void *bytes, size_t length) {
    int descriptor = memfd_create("weir-fan-out", MFD_CLOEXEC);
    if (descriptor < 0) return -errno;
    for (size_t done = 0; done < length;) {
        ssize_t count = write(descriptor, (const char *)bytes + done, length - done);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            int error = count < 0 ? errno : EIO;
            close(descriptor);
            return -error;
        }
        done += (size_t)count;
    }
    return descriptor;
}

static int64_t as_count(rlim_t limit) { return limit > INT64_MAX ? INT64_MAX : (int64_t)limit; }

int64_t weir_descriptor_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? as_count(limit.rlim_cur) : -errno;
}

int64_t weir_raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return -errno;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? as_count(limit.rlim_cur) : -errno;
}
