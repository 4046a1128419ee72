/* A disk that keeps nothing it was not told to sync: what a power loss may take, made certain.
 *
 * Preloaded into a process, it holds every write to a SQLite database or its write-ahead log in memory, shared by all
 * descriptors of the process, and puts it into the file only at fsync or fdatasync of that file. SIGKILL then loses
 * exactly what was not synced. The shared-memory index (-shm) and every other file are left alone. Names and lengths of
 * files are not modelled beyond that: a directory entry, once made, stays.
 *
 * cc -shared -fPIC -O1 -o lostsync.so lostsync.c -ldl -lpthread
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define FILES_MAX 64
#define DESCRIPTORS_MAX 65536

struct file {
    int used;
    dev_t dev;
    ino_t ino;
    unsigned char *bytes; /* what the process sees */
    size_t size, capacity;
    off_t synced_size;    /* of the real file */
    unsigned char *dirty; /* one a block: written and not synced */
    size_t blocks;
};

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct file files[FILES_MAX];
static struct file *by_descriptor[DESCRIPTORS_MAX];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static int ends_with(const char *text, const char *end) {
    size_t text_len = strlen(text), end_len = strlen(end);
    return text_len >= end_len && strcmp(text + text_len - end_len, end) == 0;
}

static int is_kept_back(const char *path) { return ends_with(path, ".db") || ends_with(path, ".db-wal"); }

static void reserve(struct file *file, size_t size) {
    if (size > file->capacity) {
        size_t capacity = file->capacity ? file->capacity : 1 << 20;
        while (capacity < size) capacity *= 2;
        file->bytes = realloc(file->bytes, capacity);
        if (!file->bytes) abort();
        memset(file->bytes + file->capacity, 0, capacity - file->capacity);
        file->capacity = capacity;
    }
    size_t blocks = file->capacity / BLOCK_BYTES;
    if (blocks > file->blocks) {
        file->dirty = realloc(file->dirty, blocks);
        if (!file->dirty) abort();
        memset(file->dirty + file->blocks, 0, blocks - file->blocks);
        file->blocks = blocks;
    }
}

static struct file *find(dev_t dev, ino_t ino) {
    for (int i = 0; i < FILES_MAX; i++)
        if (files[i].used && files[i].dev == dev && files[i].ino == ino) return &files[i];
    return NULL;
}

static struct file *of(int fd) { return fd >= 0 && fd < DESCRIPTORS_MAX ? by_descriptor[fd] : NULL; }

/* Reads the real file into memory when the process opens it for the first time. */
static struct file *take(int fd) {
    struct stat stat;
    if (REAL(fstat)(fd, &stat) != 0) abort();
    struct file *file = find(stat.st_dev, stat.st_ino);
    if (file) return file;
    for (int i = 0; i < FILES_MAX && !file; i++)
        if (!files[i].used) file = &files[i];
    if (!file) abort();
    memset(file, 0, sizeof *file);
    file->used = 1;
    file->dev = stat.st_dev;
    file->ino = stat.st_ino;
    file->size = file->synced_size = stat.st_size;
    reserve(file, file->size + 1);
    size_t got = 0;
    while (got < file->size) {
        ssize_t n = REAL(pread)(fd, file->bytes + got, file->size - got, got);
        if (n <= 0) abort();
        got += n;
    }
    return file;
}

static int opened(int fd, const char *path, int flags) {
    if (fd < 0 || fd >= DESCRIPTORS_MAX) return fd;
    pthread_mutex_lock(&turn);
    by_descriptor[fd] = is_kept_back(path) && !(flags & O_DIRECTORY) ? take(fd) : NULL;
    pthread_mutex_unlock(&turn);
    return fd;
}

#define MODE_OF(flags, mode)                     \
    mode_t mode = 0;                             \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {     \
        va_list rest;                            \
        va_start(rest, flags);                   \
        mode = va_arg(rest, mode_t);             \
        va_end(rest);                            \
    }

int open(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(REAL(open)(path, flags, mode), path, flags);
}

int open64(const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(REAL(open64)(path, flags, mode), path, flags);
}

int openat(int dir, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(REAL(openat)(dir, path, flags, mode), path, flags);
}

int openat64(int dir, const char *path, int flags, ...) {
    MODE_OF(flags, mode)
    return opened(REAL(openat64)(dir, path, flags, mode), path, flags);
}

int close(int fd) {
    pthread_mutex_lock(&turn);
    if (fd >= 0 && fd < DESCRIPTORS_MAX) by_descriptor[fd] = NULL;
    pthread_mutex_unlock(&turn);
    return REAL(close)(fd);
}

int unlink(const char *path) {
    pthread_mutex_lock(&turn);
    struct stat stat;
    if (is_kept_back(path) && REAL(lstat)(path, &stat) == 0 && stat.st_nlink == 1) {
        struct file *file = find(stat.st_dev, stat.st_ino);
        int is_open = 0;
        for (int fd = 0; file && fd < DESCRIPTORS_MAX; fd++) is_open |= by_descriptor[fd] == file;
        /* One that is still open lives on without its name; its memory is not given to another file. */
        if (file && is_open) file->ino = 0;
        if (file && !is_open) {
            free(file->bytes);
            free(file->dirty);
            file->used = 0;
        }
    }
    pthread_mutex_unlock(&turn);
    return REAL(unlink)(path);
}

static ssize_t put(struct file *file, const void *from, size_t count, off_t at) {
    reserve(file, at + count);
    memcpy(file->bytes + at, from, count);
    if (file->size < at + count) file->size = at + count;
    for (size_t block = at / BLOCK_BYTES; block * BLOCK_BYTES < at + count; block++) file->dirty[block] = 1;
    return count;
}

static ssize_t get(struct file *file, void *into, size_t count, off_t at) {
    if ((size_t)at >= file->size) return 0;
    if (count > file->size - at) count = file->size - at;
    memcpy(into, file->bytes + at, count);
    return count;
}

#define KEPT_BACK(fd, file, kept, otherwise)      \
    do {                                          \
        pthread_mutex_lock(&turn);                \
        struct file *file = of(fd);               \
        if (file) {                               \
            __typeof__(otherwise) result = kept;  \
            pthread_mutex_unlock(&turn);          \
            return result;                        \
        }                                         \
        pthread_mutex_unlock(&turn);              \
        return otherwise;                         \
    } while (0)

ssize_t pwrite(int fd, const void *from, size_t count, off_t at) {
    KEPT_BACK(fd, file, put(file, from, count, at), REAL(pwrite)(fd, from, count, at));
}

ssize_t pwrite64(int fd, const void *from, size_t count, off_t at) {
    KEPT_BACK(fd, file, put(file, from, count, at), REAL(pwrite64)(fd, from, count, at));
}

ssize_t pread(int fd, void *into, size_t count, off_t at) {
    KEPT_BACK(fd, file, get(file, into, count, at), REAL(pread)(fd, into, count, at));
}

ssize_t pread64(int fd, void *into, size_t count, off_t at) {
    KEPT_BACK(fd, file, get(file, into, count, at), REAL(pread64)(fd, into, count, at));
}

static ssize_t moved(int fd, ssize_t done) {
    if (done > 0) REAL(lseek)(fd, done, SEEK_CUR);
    return done;
}

ssize_t write(int fd, const void *from, size_t count) {
    KEPT_BACK(fd, file, moved(fd, put(file, from, count, REAL(lseek)(fd, 0, SEEK_CUR))),
              REAL(write)(fd, from, count));
}

ssize_t read(int fd, void *into, size_t count) {
    KEPT_BACK(fd, file, moved(fd, get(file, into, count, REAL(lseek)(fd, 0, SEEK_CUR))),
              REAL(read)(fd, into, count));
}

off_t lseek(int fd, off_t by, int from) {
    KEPT_BACK(fd, file, REAL(lseek)(fd, from == SEEK_END ? (off_t)file->size + by : by, from == SEEK_END ? SEEK_SET : from),
              REAL(lseek)(fd, by, from));
}

off_t lseek64(int fd, off_t by, int from) { return lseek(fd, by, from); }

static int cut(struct file *file, off_t size) {
    reserve(file, size);
    if ((size_t)size < file->size) memset(file->bytes + size, 0, file->size - size);
    file->size = size;
    return 0;
}

int ftruncate(int fd, off_t size) { KEPT_BACK(fd, file, cut(file, size), REAL(ftruncate)(fd, size)); }

int ftruncate64(int fd, off_t size) { KEPT_BACK(fd, file, cut(file, size), REAL(ftruncate64)(fd, size)); }

/* The one way from memory into the file. */
static int sync_file(int fd, struct file *file) {
    if (file->synced_size != (off_t)file->size && REAL(ftruncate)(fd, file->size) != 0) return -1;
    file->synced_size = file->size;
    for (size_t block = 0; block < file->blocks; block++) {
        size_t at = block * BLOCK_BYTES, count = BLOCK_BYTES;
        if (!file->dirty[block]) continue;
        file->dirty[block] = 0;
        if (at >= file->size) continue;
        if (count > file->size - at) count = file->size - at;
        if (REAL(pwrite)(fd, file->bytes + at, count, at) != (ssize_t)count) return -1;
    }
    return REAL(fsync)(fd);
}

int fsync(int fd) { KEPT_BACK(fd, file, sync_file(fd, file), REAL(fsync)(fd)); }

int fdatasync(int fd) { KEPT_BACK(fd, file, sync_file(fd, file), REAL(fdatasync)(fd)); }

/* The size that the process wrote, which the real file need not have. */
static int seen(int answer, struct stat *stat) {
    if (answer == 0 && S_ISREG(stat->st_mode)) {
        pthread_mutex_lock(&turn);
        struct file *file = find(stat->st_dev, stat->st_ino);
        if (file) stat->st_size = file->size;
        pthread_mutex_unlock(&turn);
    }
    return answer;
}

int fstat(int fd, struct stat *into) { return seen(REAL(fstat)(fd, into), into); }
int stat(const char *path, struct stat *into) { return seen(REAL(stat)(path, into), into); }
int fstat64(int fd, struct stat64 *into) { return seen(REAL(fstat64)(fd, into), (struct stat *)into); }
int stat64(const char *path, struct stat64 *into) { return seen(REAL(stat64)(path, into), (struct stat *)into); }
