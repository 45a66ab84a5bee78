/* SPDX-License-Identifier: ISC */
/*
 * check_hop - the smtpd(8) services that have the milter of srsd, and the settings of a hop.
 *
 * A hop is an smtpd(8) to which other daemons of Postfix pass mail (postfix_is_hop). There the
 * milter recognizes a forward. On a public smtpd(8) it only reverses recipients.
 */
#ifndef SRSD_CTL_CHECK_CHECK_HOP_H
#define SRSD_CTL_CHECK_CHECK_HOP_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/check/check.h"
#include "srsd/ctl/postfix.h"

struct check_hop {
	struct postfix_service service;
	const char *milters;          /* smtpd_milters, owned by the configuration of Postfix */
	char word[POSTFIX_WORD_SIZE]; /* of srsd in milters, perhaps in braces */
	bool own;                     /* master.cf sets smtpd_milters for this service */
	bool off;                     /* receive_override_options has no_milters */
	bool hop;                     /* postfix_is_hop */
};

/*
 * Sets hop to number 0, 1, ... of the services with an endpoint of srsd in smtpd_milters; false
 * after the last one. postfix must be set.
 */
bool check_hop_at(const struct check *check, size_t number, struct check_hop *hop);

/* Copies the word of a list of milters that is an endpoint of srsd; false without one. */
bool check_hop_find_word(
    const struct check *check, const char *milters, bool chrooted, char word[POSTFIX_WORD_SIZE]);

/* Checks the settings of a hop that uses its milter: the milter, ORCPT, and other milters. */
void check_hop_settings(struct check *check, const struct check_hop *hop);

/* Checks whether mail is sent to the hop, and by the client that sends it: ORCPT, and its limit. */
void check_hop_client(struct check *check, const struct check_hop *hop);

#endif
