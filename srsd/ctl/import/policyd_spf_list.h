/* SPDX-License-Identifier: ISC */
/*
 * policyd_spf_list - lists of networks and of names, as policyd-spf reads them. Pure.
 *
 * policyd-spf splits a list at commas and does not remove any blanks. It stops at the first item
 * that is not a network.
 */
#ifndef SRSD_CTL_IMPORT_POLICYD_SPF_LIST_H
#define SRSD_CTL_IMPORT_POLICYD_SPF_LIST_H

#include "srsd/ctl/import/policyd_spf_option.h"

struct policyd_spf_list {
	char **nets;
	size_t n, good; /* the items before the first bad one */
};

/* The networks of a value, with the length of the prefix for a mask. Free them afterwards. */
struct policyd_spf_list policyd_spf_list_parse(const char *value);
void policyd_spf_list_free(struct policyd_spf_list *list);

/* Offers the valid ones of n items, of which policyd-spf used those before bad. */
void policyd_spf_list_offer(const struct policyd_spf_line *line,
    const struct policyd_spf_option *known, char *const *nets, size_t n, const char *bad);

/* Import a list of networks, or of names of domains and hosts. */
policyd_spf_import_fn policyd_spf_list_networks;
policyd_spf_import_fn policyd_spf_list_names;

/*
 * Splits a text at each separator, in place; blanks remain. Returns an array of *n items, which the
 * caller frees.
 */
char **policyd_spf_list_split(char *text, const char *separator, size_t *n);

#endif
