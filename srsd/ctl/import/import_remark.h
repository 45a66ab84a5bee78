/* SPDX-License-Identifier: ISC */
/*
 * import_remark - the remarks of srsctl import on an option, and on settings that are not carried
 * over. Pure.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_REMARK_H
#define SRSD_CTL_IMPORT_IMPORT_REMARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/queue.h>

#include "conf/option.h"
#include "srsd/ctl/import/import_origin.h"

enum import_remark_kind {
	REMARK_NOTE,
	REMARK_CHOICE,  /* the operator has to choose between two values */
	REMARK_UNKNOWN, /* a value or a line with an unknown meaning */
	REMARK_PREPARE, /* something outside of the file has to be changed */
	REMARK_WARNING, /* the imported value is dangerous */
	REMARK_LOSS,    /* a setting on which mail depends is not carried over */
	N_REMARK_KINDS,
};

struct import_remark {
	STAILQ_ENTRY(import_remark) entry;
	enum import_remark_kind kind;
	char *text;
	char *alternative;         /* "name = value"; NULL: none */
	bool again;                /* of the same cause as the remark that was added before */
	struct import_place place; /* that the remark is about; empty: that of its option */
	const struct conf_option *refused; /* this option did not accept the value; or NULL */
};
STAILQ_HEAD(import_remarks, import_remark);

/* Adds a remark. text and alternative belong to the list from then on. */
struct import_remark *import_remark_add(
    struct import_remarks *list, enum import_remark_kind kind, char *text, char *alternative);

/* Removes all remarks. */
void import_remark_clear(struct import_remarks *list);

/* The number of remarks of one kind, each cause once. */
size_t import_remark_count(const struct import_remarks *list, enum import_remark_kind kind);

/* Is there a remark that the operator has to act on? */
bool import_remark_is_open(const struct import_remarks *list);

/* The mark of a kind, such as "CHOOSE"; NULL: it has none. */
const char *import_remark_mark(enum import_remark_kind kind);

/* Prints comments: the mark of the kind, the text, and the alternative. */
void import_remark_print(const struct import_remarks *list, const char *indent, FILE *out);

/* Prints comments, with the mark of the kind before the text. */
void import_remark_print_list(const struct import_remarks *list, FILE *out);

/* Prints a text as lines that begin with prefix, broken between words. */
void import_remark_print_text(const char *prefix, const char *text, FILE *out);

#endif
