/* SPDX-License-Identifier: ISC */
/*
 * captured_log - what the services log, line by line. The log writes to standard error, which is a
 * memory file while it does: all other moments it is free for what goes wrong.
 */
#ifndef TESTS_REPLAY_CAPTURED_LOG_H
#define TESTS_REPLAY_CAPTURED_LOG_H

#include <stdbool.h>

/* Once, before all else; false with errno set. */
bool captured_log_open(void);

/* Forgets all lines, and is not verbose. */
void captured_log_begin(void);

/* Collects what was logged; call it often. */
void captured_log_collect(void);

/* The first line that waits, without our name before it; the caller's to free. NULL: none. */
char *captured_log_take(void);

#endif
