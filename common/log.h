/* SPDX-License-Identifier: ISC */
/*
 * log - one line a message, to standard error or to syslog.
 *
 * On standard error a line begins with the name of the program. Where standard error is systemd's
 * journal ($JOURNAL_STREAM, systemd.exec(5)) it begins with the priority as <N> instead, which the
 * journal takes off again (sd-daemon(3)); the journal adds the name itself.
 *
 * A line is formatted once into a buffer; log_flush(), called by the event loop some times a
 * second, hands all lines over with as few system calls as it can and never waits: a sink that
 * does not take them (a full pipe, a stopped syslog) keeps the daemon from nothing. Lines that no
 * longer fit are counted, and the count is logged when there is room again. log_close() waits a
 * bounded time for the rest, so that a clean stop loses no line.
 *
 * There is one log for a process, hence module state here and nowhere else.
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
	LOG_SINK_SYSLOG, /* facility mail, through the datagram socket /dev/log */
};

/*
 * Chooses the sink; before the first call it is standard error. ident is kept by reference.
 * A syslog that cannot be reached is tried again at each flush; inside a chroot that takes a
 * dev/log there.
 */
void log_open(enum log_sink, const char *ident);

/* 0: informational lines and worse; 1 and above: log_debug too. */
void log_verbose(int);

/* True when log_debug() would write; saves the cost of making its arguments. */
bool log_debugging(void);

/* Writes what can be written without waiting. */
void log_flush(void);

/* Lines that wait are not ours: for a forked process, whose parent writes them. */
void log_forget(void);

/*
 * For a forked process, before it gives up privileges: opens the sink again for this process alone.
 * Flags that it sets on the open file do not affect its parent then. Where the sink cannot be
 * opened again, the process goes on with the one that it inherited.
 */
void log_reopen(void);

/* True while lines wait to be written. */
bool log_pending(void);

/* Writes all that is left, waiting at most two seconds for the sink. */
void log_close(void);

/*
 * For warnings that somebody else can cause as often as he likes: true for the first one, and then
 * once a minute. Start it zeroed, one for each warning.
 */
struct log_limit {
	time_t last;
	bool used;
};

bool log_allows(struct log_limit *);

void log_debug(const char *, ...) PRINTF_LIKE(1, 2);
void log_info(const char *, ...) PRINTF_LIKE(1, 2);
/* As log_info, a line that is ready. */
void log_line(const struct line *);
/* log_warn adds the text of errno, log_warnx does not; so do fatal and fatalx. */
void log_warn(const char *, ...) PRINTF_LIKE(1, 2);
void log_warnx(const char *, ...) PRINTF_LIKE(1, 2);

/*
 * For start-up and exhausted memory only, never for what the network sent. Exit status 1. What goes
 * to syslog goes to standard error as well.
 */
void fatal(const char *, ...) NORETURN PRINTF_LIKE(1, 2);
void fatalx(const char *, ...) NORETURN PRINTF_LIKE(1, 2);

#endif
