/*
 * A disk that can lose power, played by LD_PRELOAD to a process that writes into the middle of its files.
 *
 * After each fsync and fdatasync that succeeds, what the file then holds is copied to DISK_KEPT/<inode>: what the disk
 * is sure to hold. Whoever plays the power loss chooses, page by page, between that and what was written since.
 * Only files below DISK_FOLDER count. New names count as kept, which is more than a real disk promises.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(int fd, const struct stat *found) {
    const char *kept = getenv("DISK_KEPT"), *folder = getenv("DISK_FOLDER");
    char link[64], name[4096], made[4096], whole[4096], page[65536];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (!kept || !folder || length < 0 || strncmp(name, folder, strlen(folder))) return;
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

static int sync_and_keep(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    struct stat found;
    int result = real(fd);
    if (result == 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) keep(fd, &found);
    return result;
}

int fsync(int fd) { return sync_and_keep(fd, "fsync"); }
int fdatasync(int fd) { return sync_and_keep(fd, "fdatasync"); }
