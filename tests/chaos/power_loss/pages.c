/*
 * A disk that can lose power, played by LD_PRELOAD to a process that writes into the middle of its files.
 *
 * After each fsync and fdatasync that succeeds, what the file then holds is copied to DISK_KEPT/<inode>: what the disk
 * is sure to hold. Whoever plays the power loss chooses, page by page, between that and what was written since.
 * Only files below DISK_FOLDER count. New names count as kept, which is more than a real disk promises.
 *
 * Where DISK_DIE_AT is set, the process is killed right before the call of that number which changes or syncs a file:
 * tried with each number in turn, that is a kill at every point at which the disk can tell a difference.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int is_ours(const char *name) {
    const char *folder = getenv("DISK_FOLDER");
    return folder && !strncmp(name, folder, strlen(folder));
}

static int is_our_file(int fd) {
    char link[64], name[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return readlink(link, name, sizeof name - 1) >= 0 && is_ours(name);
}

static void reach(void) {
    static long reached;
    const char *last = getenv("DISK_DIE_AT");
    if (last && ++reached == atol(last)) raise(SIGKILL);
}

static void keep(int fd, const struct stat *found) {
    const char *kept = getenv("DISK_KEPT");
    char made[4096], whole[4096], page[65536];
    snprintf(made, sizeof made, "%s/%ju.%d", kept, (uintmax_t)found->st_ino, getpid());
    snprintf(whole, sizeof whole, "%s/%ju", kept, (uintmax_t)found->st_ino);
    int copy = open(made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (copy < 0) abort(); /* what is not noted would count as a loss that is none */
    for (off_t at = 0; at < found->st_size;) {
        ssize_t part = pread(fd, page, sizeof page, at);
        if (part <= 0 || write(copy, page, part) != part) abort();
        at += part;
    }
    close(copy);
    if (rename(made, whole)) abort(); /* a kill in between leaves the older copy, and a sync that has not returned */
}

static int sync_and_keep(int fd, int (*real)(int)) {
    struct stat found;
    int ours = is_our_file(fd);
    if (ours) reach();
    int result = real(fd);
    if (ours && result == 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) keep(fd, &found);
    return result;
}

int fsync(int fd) { return sync_and_keep(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_and_keep(fd, REAL(fdatasync)); }

ssize_t write(int fd, const void *bytes, size_t count) {
    if (is_our_file(fd)) reach();
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    if (is_our_file(fd)) reach();
    return REAL(pwrite)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    if (is_our_file(fd)) reach();
    return REAL(pwrite64)(fd, bytes, count, at);
}

int ftruncate(int fd, off_t size) {
    if (is_our_file(fd)) reach();
    return REAL(ftruncate)(fd, size);
}

int ftruncate64(int fd, off64_t size) {
    if (is_our_file(fd)) reach();
    return REAL(ftruncate64)(fd, size);
}

int unlink(const char *name) {
    if (is_ours(name)) reach();
    return REAL(unlink)(name);
}

#define OPEN(name)                                     \
    int name(const char *path, int flags, ...) {       \
        va_list rest;                                  \
        va_start(rest, flags);                         \
        mode_t mode = va_arg(rest, mode_t);            \
        va_end(rest);                                  \
        if (flags & O_CREAT && is_ours(path)) reach(); \
        return REAL(name)(path, flags, mode);          \
    }

OPEN(open)
OPEN(open64)
