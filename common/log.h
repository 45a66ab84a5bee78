/* SPDX-License-Identifier: ISC */
/*
 * log - write log messages, one per line, to standard error or to syslog.
 *
 * On standard error, a line begins with the name of the program. If standard error is the journal
 * of systemd ($JOURNAL_STREAM, systemd.exec(5)), it begins with the priority as <N> instead. The
 * journal removes the priority (sd-daemon(3)) and adds the name.
 *
 * After log_open(), lines are collected in a buffer. log_flush(), which the event loop calls
 * several times a second, writes them with as few system calls as possible and never waits. A sink
 * that does not accept lines, such as a full pipe or a stopped syslog, therefore never delays the
 * daemon. Lines that do not fit in the buffer are dropped and counted, and the count is logged when
 * there is room again. log_close() waits a bounded time for the rest, so that a clean stop loses no
 * line.
 *
 * On a terminal, each line is written at once unless the output is stopped: a person sees the lines
 * of all processes in the order of the events.
 *
 * There is one log for a process, so this is module state.
 *
 * SECURITY: control characters in a line are replaced by '?', so that untrusted text cannot begin a
 * new line or control a terminal.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <time.h>

#include "common/attributes.h"

struct line;

enum log_sink {
	LOG_SINK_STDERR,
	LOG_SINK_SYSLOG, /* facility mail, over the datagram socket /dev/log */
};

/*
 * Selects the sink. Before the first call, each line is written to standard error at once. ident,
 * the name of the program, is not copied. If syslog cannot be reached, each flush tries again;
 * inside a chroot, it needs dev/log there.
 */
void log_open(enum log_sink kind, const char *ident);

/* Where the lines go, for a reader: "syslog", "the journal" or "standard error". */
const char *log_place(void);

/* Selects the priorities that are logged. 0: all except log_debug. 1 and above: all. */
void log_verbose(int level);

/* True if log_debug() writes. Saves the cost of formatting its arguments. */
bool log_debugging(void);

/* Writes as many lines as the sink accepts without waiting. */
void log_flush(void);

/* Drops the lines in the buffer. For a forked process: its parent writes them. */
void log_forget(void);

/*
 * Opens the sink again for this process alone. For a forked process, before it gives up privileges:
 * flags that it sets on the open file then do not affect its parent. If the sink cannot be opened
 * again, the process continues with the one that it inherited.
 */
void log_reopen(void);

/* True if lines are waiting to be written. */
bool log_pending(void);

/* Writes the remaining lines, and waits at most two seconds for the sink. */
void log_close(void);

/* The rate limit of one warning. Initialize it with zeros. */
struct log_limit {
	time_t last;
	bool used;
};

/*
 * For a warning that others can cause at any rate. True the first time, and then at most once per
 * minute.
 */
bool log_allows(struct log_limit *limit);

/* The same, at most once per hour: for a state that lasts until the administrator ends it. */
bool log_allows_hourly(struct log_limit *limit);

/* log_debug, log_info, log_warn and log_warnx keep errno. */
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Logs a complete line as log_info does. */
void log_line(const struct line *text);

/* log_warn appends the text of errno; log_warnx does not. */
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_warnx(const char *fmt, ...) PRINTF_LIKE(1, 2);

/*
 * Selects the exit status of fatal and fatalx, which is 1 at first. If memory is exhausted (ENOMEM)
 * it is 1 in any case, because the next start may have enough.
 */
void log_fatal_status(int status);

/*
 * Log a message and exit with the status of log_fatal_status. Only for errors at the start and for
 * exhausted memory, never for input from the network. A message to syslog is repeated on standard
 * error. fatal appends the text of errno; fatalx does not.
 */
void fatal(const char *fmt, ...) NORETURN PRINTF_LIKE(1, 2);
void fatalx(const char *fmt, ...) NORETURN PRINTF_LIKE(1, 2);

#endif
