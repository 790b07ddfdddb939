#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Linux calls that glibc declares only under _GNU_SOURCE, which Swift's Glibc module does not set.
extern ssize_t copy_file_range(int, int64_t *, int, int64_t *, size_t, unsigned int);
extern int fallocate(int, int, off_t, off_t);
extern int sync_file_range(int, off_t, off_t, unsigned int);

// Bytes copied inside the kernel from an offset of one file to the position of another, or -1.
static inline ssize_t clf_copy(int from, int64_t *offset, int to, size_t count) {
    return copy_file_range(from, offset, to, NULL, count, 0);
}

// Claims disk space without changing the file's size (FALLOC_FL_KEEP_SIZE).
static inline int clf_reserve(int file, off_t bytes) { return fallocate(file, 1, 0, bytes); }

// Begins to write a range to disk without waiting (SYNC_FILE_RANGE_WRITE).
static inline int clf_begin_write(int file, off_t offset, off_t bytes) { return sync_file_range(file, offset, bytes, 2); }
