/* SPDX-License-Identifier: ISC */
/*
 * filebox - files as they were read at one moment, for a process that cannot read them itself.
 *
 * The monitor reads the configuration and all that it names through an open box, which keeps what
 * it reads, errors as well. The engine, locked in long ago, gets the box as a memory file and
 * reads through it with the same code: both come to the same settings.
 */
#ifndef COMMON_FILEBOX_H
#define COMMON_FILEBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "common/file.h"

struct filebox;

/* An open box: it reads the disk, and keeps what it has read. */
struct filebox *filebox_new(void);

/* A closed box, out of filebox_store's descriptor, which stays the caller's. NULL with errno set.
 */
struct filebox *filebox_load(int fd);

/* True for a box of filebox_load; false for an open one, and for NULL. */
bool filebox_is_closed(const struct filebox *box);

/* Writes a box to a sealed memory file. Its descriptor, or -1 with errno set. */
int filebox_store(const struct filebox *);

/* Wipes what is in it; sets the pointer to NULL. */
void filebox_free(struct filebox **);

/*
 * file_read through a box; NULL: straight from the disk. The second time a path is asked for, it
 * has what it had the first time; in a closed box, what was never asked for is not there. *error
 * lives as long as the box.
 */
bool filebox_read(
    struct filebox *, struct file *, const char *path, size_t max, const char **error);

#endif
