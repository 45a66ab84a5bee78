/* SPDX-License-Identifier: ISC */
/*
 * captured_log - the log of the services, line by line. Standard error is a memory file while the
 * log is written; at other times it is free for the errors of the tests.
 */
#ifndef TESTS_REPLAY_CAPTURED_LOG_H
#define TESTS_REPLAY_CAPTURED_LOG_H

#include <stdbool.h>

/* Call it once, before everything else; false with errno set. */
bool captured_log_open(void);

/* Removes all lines, and makes the log not verbose. */
void captured_log_begin(void);

/* Collects the new lines; call it often. */
void captured_log_collect(void);

/* Removes the first line, without the program name; the caller frees it. NULL: no line. */
char *captured_log_take(void);

#endif
