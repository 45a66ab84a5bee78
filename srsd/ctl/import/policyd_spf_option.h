/* SPDX-License-Identifier: ISC */
/*
 * policyd_spf_option - the options of policyd-spf, and how the value of each is carried over. Pure.
 */
#ifndef SRSD_CTL_IMPORT_POLICYD_SPF_OPTION_H
#define SRSD_CTL_IMPORT_POLICYD_SPF_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/import/policyd_spf_line.h"

struct policyd_spf_option;
typedef void policyd_spf_import_fn(
    const struct policyd_spf_line *line, const struct policyd_spf_option *known);

/* The use of an option in the file of Per_User. */
enum policyd_spf_user {
	USER_IGNORED,  /* policyd-spf does not accept it there */
	USER_OPTION,   /* the section of the recipient may have it, or it is skipped anyway */
	USER_NETWORKS, /* the same, for a list of networks */
	USER_SHARED,   /* srsd has one value for all recipients */
};

struct policyd_spf_option {
	const char *name;
	policyd_spf_import_fn *import;
	const char *option;       /* of srsd, in the section spf */
	const char *const *words; /* the values that policyd-spf accepts */
	const char *note;         /* how srsd differs, or why the setting is skipped */
	bool suffixes;            /* its names may begin with a dot */
	enum policyd_spf_user user;
	bool number; /* policyd-spf converts the value with int() */
};

/* All options, in the order of the manual. */
extern const struct policyd_spf_option policyd_spf_options[];
extern const size_t policyd_spf_option_count;

/* The option with this name, or NULL. compare is strcmp(3) or strcasecmp(3). */
const struct policyd_spf_option *policyd_spf_option_find(
    const char *name, int (*compare)(const char *, const char *));

/* The option of srsd that has this meaning. known->option must not be NULL. */
const struct conf_option *policyd_spf_option_ours(const struct policyd_spf_option *known);

/* Parses a number as Python's int() does. False: policyd-spf terminates with an error. */
bool policyd_spf_option_parse_integer(const char *value, long *number);

#endif
