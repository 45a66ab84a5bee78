/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd - reads the configuration of postsrsd: /etc/default/postsrsd of 1.x, and
 * postsrsd.conf of 2.x
 *
 * Pure. The file of 1.x sets variables that Debian's launcher, a shell script, turns into the
 * command-line options of postsrsd(8). If SRS_DOMAIN is not set, the launcher runs
 * `postconf -h mydomain`.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_POSTSRSD_H
#define SRSD_CTL_IMPORT_IMPORT_POSTSRSD_H

#include <time.h>

#include "srsd/ctl/import/import.h"

/* The file of secrets of Debian's package, unless the configuration names another one. */
#define POSTSRSD_SECRET "/etc/postsrsd.secret"

/* The comment on secrets-file, for both versions. */
#define POSTSRSD_SECRET_NOTE                                                                    \
	"The secret stays where it is, so that bounces to addresses that postsrsd has signed "  \
	"still reach the sender. srsd's group must be able to read it: chgrp srsd FILE; chmod " \
	"0640 FILE."

/* The comment on reverse-domains, for both versions. */
#define POSTSRSD_REVERSE_NOTE                                                                     \
	"postsrsd reverses the SRS addresses of every domain, srsd only those of srs-domain and " \
	"of these domains. List each domain that was the SRS domain within the last 21 days."

/* The reason to add a former SRS domain to reverse-domains, for both versions. */
#define POSTSRSD_FORMER_NOTE \
	"a later line replaces this domain. If it was in use, bounces to it may still arrive."

/* Returns Postfix's mydomain, which the caller frees, or NULL if it is not known. */
typedef char *import_mydomain_fn(void);

/* Imports the text of a file of 1.x. file is its path; text ends with NUL. */
void import_postsrsd1(
    struct import *import, const char *file, const char *text, import_mydomain_fn *mydomain);

/*
 * Imports the text of a file of 2.x. file is its path; text ends with NUL. now is the time at which
 * srsd replaces postsrsd. Options that postsrsd 2.4 does not have are listed as unknown. Returns
 * false, with one line in error (which has room for size bytes), if the file has another fault with
 * which postsrsd does not start.
 */
bool import_postsrsd2(struct import *import, const char *file, const char *text, time_t now,
    char *error, size_t size);

/* Does a line consist of the name of an option of 2.x, an equals sign and anything? */
bool import_postsrsd2_has_line(const char *line);

#endif
