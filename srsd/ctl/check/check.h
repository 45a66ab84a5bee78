/* SPDX-License-Identifier: ISC */
/*
 * check - the parts of srsctl check. Each examines one side of an installation and adds its
 * findings.
 */
#ifndef SRSD_CTL_CHECK_CHECK_H
#define SRSD_CTL_CHECK_CHECK_H

#include <stdio.h>
#include <time.h>

#include "conf/settings.h"
#include "srsd/ctl/check/findings.h"
#include "srsd/ctl/postfix.h"
#include "srsd/ctl/ctl.h"
#include "srsd/srs/srs_keys.h"

struct check {
	const struct ctl *ctl;
	struct settings *settings;
	struct findings *findings;
	const struct text_list *addresses; /* of this host as other hosts see it, from --address */
	time_t now;
	struct srs_keys *keys; /* of secrets-file; NULL: not readable, or check_files did not run */
	struct postfix
	    *postfix; /* NULL: not installed or not readable, or check_postfix did not run */
};

/* Checks secrets, domains and the clock. Sets keys, which the caller frees. */
void check_files(struct check *check);

/* Checks hash-format and hash-accept-*, and whether the first secret is suitable. */
void check_hash(struct check *check);

/* Reports secrets that must be replaced before the dates in their addresses repeat. */
void check_secret_age(struct check *check);

/*
 * Checks as root whether the user of the running daemon can read secrets-file; if none is running,
 * and systemd would start it, whether unprivileged-user can. Uses keys.
 */
void check_secret_access(struct check *check);

/* Checks the services of the daemon, and whether it uses this configuration and these secrets. */
void check_daemon(struct check *check);

/* Checks whether each endpoint of the milter answers. */
void check_milter(struct check *check);

/* Checks envelope-database: its file or its server, and whether the daemon can use it. */
void check_store(struct check *check);

/*
 * Checks Postfix, with the functions from check_words to check_srs_domain, which need postfix. Sets
 * postfix, which the caller frees. dir is the directory of main.cf; NULL: the default one.
 */
void check_postfix(struct check *check, const char *dir);

/* Reports unknown words, and addresses, at which a daemon of Postfix exits or defers all mail. */
void check_words(struct check *check);

/* Checks the canonical maps and their classes, and whether master.cf disables them. */
void check_maps(struct check *check);

/* Reports other maps that name forward or reverse, and milters that rewrite as well. */
void check_other_maps(struct check *check);

/*
 * Checks whether mail for other hosts that passes through a second smtpd(8) arrives and is accepted
 * there, leaves this host, and uses relayhost.
 */
void check_way(struct check *check);

/* Checks where Postfix uses the milter, and the settings of the hop. */
void check_forwarding(struct check *check);

/*
 * Checks if a DMARC filter is among the milters of an smtpd(8) that accepts mail from strangers:
 * which results srsd leaves to it, and whether a sender can deceive it.
 */
void check_dmarc(struct check *check);

/*
 * True when the milter is to rewrite senders, and not sender_canonical_maps: milter is set, and a
 * hop has it or no map is named. postfix must be set.
 */
bool check_milter_rewrites(const struct check *check);

/*
 * Checks where each smtpd(8) asks the policy service, and whether Postfix can use the unix sockets
 * of srsd.
 */
void check_restrictions(struct check *check);

/*
 * Checks whether srs-domain, unauthenticated-domain and reverse-domains are accepted at RCPT TO and
 * not sent to another host, whether unknown recipients are refused, and whether postmaster is
 * accepted; and whether the SRS domains of per-domain are accepted.
 */
void check_srs_domain(struct check *check);

/* Checks whether the domain of each section spf "NAME" is one that Postfix accepts mail for. */
void check_section_names(struct check *check);

/*
 * Checks whether domains lists each domain that Postfix considers its own; without Postfix, whether
 * it lists any.
 */
void check_own_domains(struct check *check);

/*
 * Returns the configured and the missing domains, a new reference to an array; and prints to notes
 * one line for each table that cannot be listed. postfix must be set.
 */
json_t *check_list_domains(struct check *check, FILE *notes);

/*
 * Checks the MX and SPF records of srs-domain and unauthenticated-domain, and the DMARC records
 * around srs-domain, in a confined process.
 */
void check_dns(struct check *check);

/* Checks which of domains per-domain can use for signing, in a confined process. */
void check_candidates(struct check *check);

/*
 * Sends a message to address, which must be forwarded to another server, and a bounce to the SRS
 * address that it gets; reports each step. Takes two minutes at most. postfix_dir is the directory
 * of main.cf; NULL: the default one.
 */
void check_send(struct check *check, const char *postfix_dir, const char *address);

#endif
