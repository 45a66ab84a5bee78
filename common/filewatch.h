/* SPDX-License-Identifier: ISC */
/*
 * filewatch - detect that a file was written or replaced (inotify(7)).
 *
 * It watches the directory of the file, because editors create a new file and rename it.
 *
 * BUGS: if the path is a symbolic link, changes of the file that it points to are not detected. If
 * the directory is removed and created again, changes in the new one are not detected.
 */
#ifndef COMMON_FILEWATCH_H
#define COMMON_FILEWATCH_H

#include <stdbool.h>

struct filewatch;

/* Starts to watch a file, which need not exist. The caller frees the watch. NULL: errno is set. */
struct filewatch *filewatch_new(const char *path);

/*
 * A descriptor that is readable when there are events. It is close-on-exec and non-blocking, and
 * belongs to the watch. -1 if watch is NULL.
 */
int filewatch_fd(const struct filewatch *watch);

/* Reads all waiting events. True if one of them may concern the file. */
bool filewatch_changed(struct filewatch *watch);

/* Sets *watch to NULL; it may be NULL. */
void filewatch_free(struct filewatch **watch);

#endif
