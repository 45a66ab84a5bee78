/* SPDX-License-Identifier: ISC */
/*
 * postfix_restriction - lists of smtpd(8) restrictions, read word by word as smtpd reads them.
 * Pure.
 *
 * Source: generic_checks() and smtpd_check_init() of Postfix 3.12; names that earlier versions had
 * are known as well.
 */
#ifndef SRSD_CTL_CHECK_POSTFIX_RESTRICTION_H
#define SRSD_CTL_CHECK_POSTFIX_RESTRICTION_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/check/postfix_text.h"

/* The lists that one smtpd(8) evaluates, one after the other. */
struct postfix_lists {
	const char *const *list;
	size_t n;
	const char *(*class_of)(void *arg, const char *name); /* of a restriction class, or NULL */
	void *arg;                                            /* of class_of */
};

enum postfix_fault {
	POSTFIX_SOUND,
	POSTFIX_UNKNOWN_WORD,  /* no restriction has this name: 451 for each client */
	POSTFIX_NO_ARGUMENT,   /* a restriction lacks the word that it needs: 451, too */
	POSTFIX_BAD_TRANSPORT, /* a policy service that is not inet:, unix: or local:: smtpd ends */
};

/*
 * Finds the first word that smtpd(8) cannot evaluate. Words after a permit, reject or defer are not
 * evaluated, and not looked at. word receives the word at fault; number, the list that holds it.
 */
enum postfix_fault postfix_lists_fault(
    const struct postfix_lists *, char word[POSTFIX_WORD_SIZE], size_t *number);

/*
 * True when a restriction is evaluated in one of the lists: it is not under warn_if_reject, and no
 * permit, reject or defer for everybody is before it in its list.
 */
bool postfix_lists_have(const struct postfix_lists *, const char *restriction);

/*
 * True when a restriction that rejects addresses without a mailbox is evaluated before the policy
 * service at an endpoint that is ours; word receives its name. An SRS address with a right hash has
 * a mailbox to Postfix and one with a wrong hash has none, so that clients can guess hashes there
 * without the policy service counting.
 */
bool postfix_lists_judge_early(const struct postfix_lists *lists,
    bool (*is_ours)(void *arg, const char *endpoint), char word[POSTFIX_WORD_SIZE]);

/*
 * True when one of the lists rejects or defers mail by itself. smtpd(8) ends at its start when
 * neither smtpd_relay_restrictions nor smtpd_recipient_restrictions do.
 */
bool postfix_lists_guard(const struct postfix_lists *);

#endif
