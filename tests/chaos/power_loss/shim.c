/*
 * A disk that can lose power and run full, played to a Redis server by LD_PRELOAD.
 *
 * A killed process loses nothing that it has written: the kernel still has it. Only a power loss shows what was not
 * fsynced, and only this file knows: it notes, after each fsync and fdatasync, how large the file was before it.
 * Cutting each file there is what a power loss may leave behind at the worst.
 *
 * Set by environment:
 *   DISK_SYNCED   a file that gets the line "device inode size" for each sync that has succeeded
 *   DISK_SLOW_MS  milliseconds that each sync takes longer; none if unset
 *   DISK_ROOM     a file with a number: the bytes to which a file may grow; beyond, a write is cut short and the next
 *                 one fails, as on a full disk. No limit while that file is not there, so room can be made at any time
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int sync_and_note(int fd, const char *name) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    const char *slow = getenv("DISK_SLOW_MS"), *path = getenv("DISK_SYNCED");
    struct stat before;
    /* The size before: another thread may write while this one waits, and nobody promises that part. */
    int is_file = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
    if (slow) usleep(1000 * atoi(slow));
    int result = real(fd);
    if (result == 0 && is_file && path) {
        int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (log < 0) abort(); /* a sync that is not noted would make the test count a loss that is none */
        dprintf(log, "%ju %ju %jd\n", (uintmax_t)before.st_dev, (uintmax_t)before.st_ino, (intmax_t)before.st_size);
        close(log);
    }
    return result;
}

int fsync(int fd) { return sync_and_note(fd, "fsync"); }
int fdatasync(int fd) { return sync_and_note(fd, "fdatasync"); }

/* Returns how many of the bytes fit. */
static size_t fitting(int fd, size_t count) {
    const char *path = getenv("DISK_ROOM");
    FILE *file = path ? fopen(path, "r") : NULL;
    long long limit;
    struct stat now;
    if (!file) return count;
    int limited = fscanf(file, "%lld", &limit) == 1 && fstat(fd, &now) == 0 && S_ISREG(now.st_mode);
    fclose(file);
    if (!limited || now.st_size + (long long)count <= limit) return count;
    return now.st_size < limit ? (size_t)(limit - now.st_size) : 0;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    ssize_t (*real)(int, const void *, size_t) = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    size_t fits = fitting(fd, count);
    if (count && !fits) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, bytes, fits);
}
