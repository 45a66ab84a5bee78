/* SPDX-License-Identifier: ISC */
/*
 * file - read a small configuration file whole.
 */
#ifndef COMMON_FILE_H
#define COMMON_FILE_H

#include <sys/types.h>
#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>

struct file {
	char *data; /* NUL-terminated behind len */
	size_t len;
	struct stat st; /* of the descriptor that was read */
};

/*
 * Reads a regular file of at most max bytes. False with the reason in *error: a static text or
 * strerror(3)'s. The caller ends with file_free, which wipes the bytes.
 */
bool file_read(struct file *, const char *path, size_t max, const char **error);

/* The same for a file of an open folder that is not a symbolic link. */
bool file_read_at(struct file *, int folder, const char *name, size_t max, const char **error);
void file_free(struct file *);

#endif
