/* SPDX-License-Identifier: ISC */
/*
 * import_postsrsd - what postsrsd was told: /etc/default/postsrsd of 1.x, postsrsd.conf of 2.x.
 *
 * 1.x: variables that Debian's launcher, a shell script, turns into options of postsrsd(8). It also
 * asks `postconf -h mydomain` where SRS_DOMAIN is not set.
 */
#ifndef SRSD_CTL_IMPORT_IMPORT_POSTSRSD_H
#define SRSD_CTL_IMPORT_IMPORT_POSTSRSD_H

#include "srsd/ctl/import/import.h"

/* Where postsrsd 1.10's package has its secret when the file names none. */
#define POSTSRSD_SECRET "/etc/postsrsd.secret"

/* What is to be said of secrets-file, whichever of the two it comes from. */
#define POSTSRSD_SECRET_NOTE                                                                   \
	"The secret is used where it is, so that bounces to addresses of postsrsd come back. " \
	"srsd's group must be able to read it: chgrp srsd FILE; chmod 0640 FILE."

/* What is to be said of reverse-domains. */
#define POSTSRSD_REVERSE_NOTE                                                                   \
	"postsrsd reverses the SRS addresses of every domain, srsd those of srs-domain and of " \
	"these. List here each domain that was the SRS domain within the last 21 days."

/* Postfix's mydomain, or NULL when nobody knows it; the caller frees it. */
typedef char *import_mydomain_fn(void);

/* Takes over a file of 1.x; its text ends with NUL. */
void import_postsrsd1(struct import *, const char *file, const char *text, import_mydomain_fn *);

/* The same for 2.x. False with one line in error when it is none that postsrsd would start with. */
bool import_postsrsd2(
    struct import *, const char *file, const char *text, char *error, size_t size);

/* True when a line is one of postsrsd.conf of 2.x: the name of an option, and '='. */
bool import_postsrsd2_has_line(const char *line);

#endif
