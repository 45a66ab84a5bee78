/* SPDX-License-Identifier: ISC */
/*
 * standard_files - standard input, output and error of a process. They are its own, so the error of
 * a write is module state.
 */
#ifndef COMMON_STANDARD_FILES_H
#define COMMON_STANDARD_FILES_H

#include <stdbool.h>

/*
 * Opens /dev/null for each standard file that is closed. Otherwise a socket that is opened later
 * would get its number, and with it what is written to standard output or error. To write to a
 * standard output that was closed remains an error. Call this first in main().
 * Returns false, with errno set, if /dev/null cannot be opened.
 */
bool standard_files_open(void);

/*
 * Writes what is in the buffer of stdout, as fflush(3) does, and remembers an error. Returns false if
 * this or an earlier write to stdout has failed, so that more output makes no sense.
 */
bool standard_files_flush_output(void);

/*
 * Writes what is left in the buffer of stdout, and closes it. Returns false if any of the output of
 * the process could not be written, and sets *error to the reason, which is valid until the next
 * call of strerror(3). Call this last.
 */
bool standard_files_end_output(const char **error);

#endif
