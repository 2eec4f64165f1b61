#define _GNU_SOURCE
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>
#include "files.h"

#include <fcntl.h>

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
