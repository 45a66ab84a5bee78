/* SPDX-License-Identifier: ISC */
/*
 * check - the parts of srsctl check: each looks at one side of an installation and adds what it
 * finds.
 */
#ifndef SRSD_CTL_CHECK_CHECK_H
#define SRSD_CTL_CHECK_CHECK_H

#include <stdio.h>
#include <time.h>

#include "conf/settings.h"
#include "srsd/ctl/check/findings.h"
#include "srsd/ctl/check/postfix.h"
#include "srsd/srs/srs_keys.h"

struct check {
	struct settings *settings;
	struct findings *findings;
	const struct text_list *addresses; /* of this host, as others see it; given by hand */
	time_t now;
	struct srs_keys *keys;   /* of the file; NULL: they cannot be read */
	struct postfix *postfix; /* NULL: there is none */
};

/* Secrets, domains, clock. Sets keys. */
void check_files(struct check *);

/* hash-format and hash-accept-compatible, and whether the first secret fits to them. */
void check_hash(struct check *check);

/* Secrets that have to go before the days of their addresses come round. */
void check_secret_age(struct check *);

/* The services of the daemon, and whether it has this configuration and these secrets. */
void check_daemon(struct check *);

/* All of Postfix, in the parts below. Sets postfix; dir is NULL for the usual one. */
void check_postfix(struct check *, const char *dir);

/* Words that a daemon of Postfix does not know, and at which it ends or defers all mail. */
void check_words(struct check *);

/* The canonical maps and their classes, and whether something in master.cf takes them away. */
void check_maps(struct check *);

/* Other maps that name forward or reverse, and milters that rewrite as well. */
void check_other_maps(struct check *);

/* The place of the policy service in the restrictions of each smtpd(8), and its unix sockets. */
void check_restrictions(struct check *);

/*
 * Whether srs-domain is accepted at RCPT TO, whether it stays here, which of its addresses are
 * refused and that postmaster is not.
 */
void check_srs_domain(struct check *);

/* Whether domains holds all that Postfix considers its own; without Postfix, whether it is empty.
 */
void check_own_domains(struct check *);

/*
 * Prints the line "domains = {...}" that holds the configured domains and what they lack; in notes,
 * a line for each table that cannot be listed. postfix must be set.
 */
void check_print_domains(struct check *, FILE *out, FILE *notes);

/* MX and SPF record of srs-domain. */
void check_dns(struct check *);

#endif
