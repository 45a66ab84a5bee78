/* SPDX-License-Identifier: ISC */
/*
 * program - run another program and keep what it prints: postconf(1) and postmap(1), for srsctl.
 *
 * No shell is between. The program is looked for in PATH and in the folders of system programs.
 */
#ifndef SRSD_CTL_PROGRAM_H
#define SRSD_CTL_PROGRAM_H

#include <stdbool.h>

struct program {
	int status; /* its exit status; -1: a signal ended it */
	char *out;  /* what it printed, cut at 1 MiB */
	bool cut;   /* it printed more */
	char *err;  /* the same, on standard error */
};

/*
 * Runs argv, which ends with NULL, for half a minute at most. False with a reason in *error,
 * strerror(3)'s or static, when there is no such program or it does not end; then there is nothing
 * to free.
 */
bool program_run(struct program *, const char *const argv[], const char **error);
void program_free(struct program *);

#endif
