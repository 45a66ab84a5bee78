/* SPDX-License-Identifier: ISC */
/*
 * check - the parts of srsctl check: each looks at one side of an installation and adds what it
 * finds.
 */
#ifndef SRSD_CHECK_H
#define SRSD_CHECK_H

#include <time.h>

#include "conf/settings.h"
#include "srsd/findings.h"
#include "srsd/postfix.h"
#include "srsd/srs_keys.h"

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

/* The services of the daemon, and whether it has this configuration and these secrets. */
void check_daemon(struct check *);

/* Maps, restrictions and domains of Postfix. Sets postfix; dir is NULL for the usual one. */
void check_postfix(struct check *, const char *dir);

/* MX and SPF record of srs-domain. */
void check_dns(struct check *);

#endif
