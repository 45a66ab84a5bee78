/* SPDX-License-Identifier: ISC */
/*
 * postfix_restriction - evaluates lists of smtpd(8) restrictions word by word, as smtpd does. Pure.
 *
 * Source: generic_checks() and smtpd_check_init() of Postfix 3.12, and the names of restrictions in
 * earlier versions.
 */
#ifndef SRSD_CTL_CHECK_POSTFIX_RESTRICTION_H
#define SRSD_CTL_CHECK_POSTFIX_RESTRICTION_H

#include <stdbool.h>
#include <stddef.h>

#include "srsd/ctl/postfix_text.h"

/* The lists that one smtpd(8) evaluates, in this order. */
struct postfix_lists {
	const char *const *list;
	size_t n;
	const char *(*class_of)(
	    void *arg, const char *name); /* its list, or NULL for other words */
	void *arg;                        /* for class_of and is_ours */
};

enum postfix_fault {
	POSTFIX_SOUND,
	POSTFIX_UNKNOWN_WORD,  /* not a restriction: smtpd replies 451 to each client */
	POSTFIX_NO_ARGUMENT,   /* the argument of a restriction is missing: 451, too */
	POSTFIX_BAD_TRANSPORT, /* a policy service is not inet:, unix: or local:: smtpd exits */
};

/*
 * Finds the first word that smtpd(8) cannot evaluate. The words after an unconditional permit,
 * reject or defer are skipped, as smtpd does. Sets word to the wrong word, and *number to the
 * number of its list.
 */
enum postfix_fault postfix_lists_fault(
    const struct postfix_lists *lists, char word[POSTFIX_WORD_SIZE], size_t *number);

/*
 * True when a restriction takes effect in one of the lists: it is not after warn_if_reject, and not
 * after an unconditional permit, reject or defer in its list.
 */
bool postfix_lists_have(const struct postfix_lists *lists, const char *restriction);

/*
 * True when a restriction that rejects unknown addresses is evaluated before the first policy
 * service with an endpoint that is_ours accepts; word is set to its name. To Postfix, an SRS
 * address is known only if its hash is valid. A client can therefore guess hashes at such a
 * restriction, and the policy service does not count the guesses. arg of is_ours is lists->arg.
 */
bool postfix_lists_judge_early(const struct postfix_lists *lists,
    bool (*is_ours)(void *arg, const char *endpoint), char word[POSTFIX_WORD_SIZE]);

/*
 * True when one of the lists rejects or defers mail for foreign domains. smtpd(8) exits at start-up
 * if neither smtpd_relay_restrictions nor smtpd_recipient_restrictions does.
 */
bool postfix_lists_guard(const struct postfix_lists *lists);

#endif
