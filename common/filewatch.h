/* SPDX-License-Identifier: ISC */
/*
 * filewatch - detect that a file was written or replaced (inotify(7)).
 *
 * It watches the directory of the file, because editors create a new file and rename it. If the
 * path is a symbolic link it also watches the directory of each link and of the file at the end.
 * It also watches the file itself, which may be mounted from elsewhere.
 *
 * BUGS: if one of the directories above is itself replaced or is a symbolic link that changes, this
 * is not detected.
 */
#ifndef COMMON_FILEWATCH_H
#define COMMON_FILEWATCH_H

#include <stdbool.h>

struct filewatch;

/*
 * Starts to watch a file, which need not exist. Its directory must exist; that of the target of a
 * link need not. The caller frees the watch. NULL: errno is set.
 */
struct filewatch *filewatch_new(const char *path);

/*
 * A descriptor that is readable when there are events. It is close-on-exec and non-blocking, and
 * belongs to the watch. -1 if watch is NULL.
 */
int filewatch_fd(const struct filewatch *watch);

/*
 * Reads all pending events. True if one of them may concern the file. The removal of a file or a
 * link is not reported, because another one may be about to replace it.
 */
bool filewatch_changed(struct filewatch *watch);

/* Sets *watch to NULL; it may be NULL. */
void filewatch_free(struct filewatch **watch);

#endif
