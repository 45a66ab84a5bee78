/* SPDX-License-Identifier: ISC */
/*
 * program - run another program and collect its output: postconf(1) and postmap(1), for srsctl.
 *
 * There is no shell in between. A program is found in PATH, /usr/sbin, /usr/local/sbin or /sbin. It
 * runs with LC_ALL=C, standard input from /dev/null or with a text, and without the close-on-exec
 * descriptors of the caller. To that end program_run changes PATH and LC_ALL of the calling
 * process.
 */
#ifndef SRSD_CTL_PROGRAM_H
#define SRSD_CTL_PROGRAM_H

#include <stdbool.h>

/* Bytes that are kept of an output; the rest is read and discarded. */
#define PROGRAM_OUTPUT_MAX (1024 * 1024)

/* Time limit of program_run. */
#define PROGRAM_LIMIT_MS 30000

struct program {
	int status;     /* exit status; -1: killed by a signal */
	char *out;      /* standard output, NUL-terminated */
	bool cut;       /* it was longer than PROGRAM_OUTPUT_MAX */
	char *err;      /* standard error, NUL-terminated, cut in the same way */
	bool timed_out; /* killed at the time limit */
};

/*
 * Runs argv, which ends with NULL, and waits for its end and that of its output. True when the
 * program has ended; the caller then calls program_free. False with a static reason or that of
 * strerror(3) in *error when the program cannot be started, or had to be killed because it was
 * still running after PROGRAM_LIMIT_MS, which sets p->timed_out; then there is nothing to free.
 */
bool program_run(struct program *p, const char *const argv[], const char **error);

/* The same with another time limit. */
bool program_run_within(
    struct program *p, const char *const argv[], int limit_ms, const char **error);

/* The same as program_run, with a text on the standard input of the program. */
bool program_run_with_input(
    struct program *p, const char *const argv[], const char *input, const char **error);

/* Frees the output. */
void program_free(struct program *p);

#endif
