/* SPDX-License-Identifier: ISC */
/* file - read a whole configuration file. */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <sys/types.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>

struct file {
	char *data;     /* with a NUL after the last byte */
	size_t len;     /* without that NUL */
	struct stat st; /* from the descriptor that was read */
};

/* The error for a file of more than max bytes. */
#define FILE_TOO_LARGE "too large"

/*
 * Reads a regular file of at most max bytes. The caller ends with file_free. False: *error is the
 * reason, a static text or one of strerror(3), and there is nothing to free.
 */
bool file_read(struct file *file, const char *path, size_t max, const char **error);

/* The same for a file in an open directory. A symbolic link is refused. */
bool file_read_at(
    struct file *file, int directory, const char *name, size_t max, const char **error);

/* Wipes and frees the bytes. The file may be freed again. */
void file_free(struct file *file);

#endif
