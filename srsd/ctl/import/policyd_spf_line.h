/* SPDX-License-Identifier: ISC */
/*
 * policyd_spf_line - the lines of policyd-spf.conf and of the file of Per_User. Pure.
 */
#ifndef SRSD_CTL_IMPORT_POLICYD_SPF_LINE_H
#define SRSD_CTL_IMPORT_POLICYD_SPF_LINE_H

#include <stdbool.h>

#include "srsd/ctl/import/import.h"

/* Settings that take effect at the end of the file. */
struct policyd_spf_pending {
	unsigned mock_line; /* 0: Mock has no value */
	bool mock_is_meant; /* its value is a word for true */
	/* Reason_Message: its words depend on TempError_Defer, which may be on a later line. */
	unsigned message_line;
	char *message; /* NULL: not set */
	/* Per_User: its file changes options that may be on later lines. */
	unsigned per_user_line;
	char *per_user; /* NULL: not set */
};

/* A line NAME = VALUE. */
struct policyd_spf_line {
	struct import *im;
	struct import_origin origin;
	const char *value;
	struct policyd_spf_pending *pending;
};

/* Called with a line without its comment and the blanks around it. It is not empty. */
typedef void policyd_spf_line_fn(void *arg, unsigned number, const char *text);

/* Calls fn for each line of a text that is not empty. policyd-spf cuts a line at the first '#'. */
void policyd_spf_line_each(const char *text, policyd_spf_line_fn *fn, void *arg);

/* The text from begin to end without the blanks around it. The caller frees it. */
char *policyd_spf_line_copy(const char *begin, const char *end);

#endif
