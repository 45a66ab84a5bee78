/* SPDX-License-Identifier: ISC */
/*
 * filebox - copies of files, for a process that cannot read the files itself.
 *
 * The monitor reads the configuration, and the files that it names, through an open box, which
 * keeps a copy of each file and of each error. It passes the box to the sandboxed engine as a
 * memory file. The engine reads from it with the same code, so both get the same settings.
 */
#ifndef COMMON_FILEBOX_H
#define COMMON_FILEBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/file.h"

struct filebox;

/* An open box, which reads files from the disk and keeps them. The caller frees it. */
struct filebox *filebox_new(void);

/*
 * A closed box, from the descriptor of filebox_store, which the caller keeps. The caller frees the
 * box. NULL: errno is set.
 */
struct filebox *filebox_load(int fd);

/* True for a box of filebox_load, false for an open one and for NULL. */
bool filebox_is_closed(const struct filebox *box);

/* Writes a box to a sealed memory file. Returns its descriptor, or -1 with errno set. */
int filebox_store(const struct filebox *box);

/* Wipes and frees the copies. Sets *box to NULL; it may be NULL. */
void filebox_free(struct filebox **box);

/*
 * Reads a file through a box, like file_read. box may be NULL: the file is then read from the disk.
 * The result of the first read of a path is kept and also returned later. A closed box has only the
 * files that were read before it was stored. The caller ends with file_free. *error is valid until
 * the box is freed.
 */
bool filebox_read(
    struct filebox *box, struct file *file, const char *path, size_t max, const char **error);

#endif
