/* SPDX-License-Identifier: ISC */
/*
 * filewatch - learn that a file was written, or that another was put in its place (inotify(7)).
 *
 * It is the folder that is watched, for editors make a new file and rename it.
 *
 * BUGS: where the path is a symbolic link, what happens behind it is not seen; nor is a folder that
 * was made anew.
 */
#ifndef COMMON_FILEWATCH_H
#define COMMON_FILEWATCH_H

#include <stdbool.h>

struct filewatch;

/* The caller frees it. NULL with errno set. */
struct filewatch *filewatch_new(const char *path);

/* What poll(2) has to look at for reading: close-on-exec, non-blocking; -1 for NULL. */
int filewatch_fd(const struct filewatch *);

/* Takes the news there are; true when they may be about the file. */
bool filewatch_changed(struct filewatch *);

/* Sets the pointer to NULL. */
void filewatch_free(struct filewatch **);

#endif
