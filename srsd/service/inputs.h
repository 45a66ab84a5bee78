/* SPDX-License-Identifier: ISC */
/*
 * inputs - the configuration and the secrets, read and verified as a whole, together with the files
 * that they were read from. Services are made of them.
 */
#ifndef SRSD_SERVICE_INPUTS_H
#define SRSD_SERVICE_INPUTS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "common/filebox.h"
#include "conf/config.h"
#include "conf/settings.h"
#include "srsd/srs/srs_keys.h"

/* The configuration file and the -o options of the command line, which never change. */
struct inputs_source {
	const char *config;
	const char *const *overrides; /* n_overrides texts NAME=VALUE */
	size_t n_overrides;
};

/* Secrets and certificates for the connection to a Redis server. */
struct inputs_database {
	char *password;    /* NULL: envelope-database-password-file is not set */
	char *authorities; /* certificates that are trusted, PEM; NULL: no TLS */
};

/* Owns all of these. A user that takes one of them over sets it to NULL. */
struct inputs {
	struct filebox *box; /* the files that were read, including secrets; NULL: read from disk */
	struct settings *settings;
	struct srs_keys *keys;
	char *dns; /* the plan of the resolver, see spf/dns/resolver_plan.h */
	struct inputs_database database;
};

/*
 * Reads the configuration through a box, which may be NULL, and which it then owns. Must be
 * followed by inputs_read_rest. False with one line in error, and nothing to free.
 */
bool inputs_read_settings(struct inputs *in, struct filebox *box,
    const struct inputs_source *source, char error[CONFIG_ERROR_SIZE]);

/*
 * Reads the secrets (their file may belong to the daemon's user), the password of the envelope
 * database, which a server beyond this host must have, and the files of the resolver.
 *
 * Doubtful secrets are logged, unless the box is closed: then the process that opened it has logged
 * them. False with one line in error, and nothing to free.
 */
bool inputs_read_rest(
    struct inputs *in, const struct identity *daemon, char error[CONFIG_ERROR_SIZE]);

/* Wipes and frees both texts, and sets them to NULL; they may be NULL. */
void inputs_free_database(struct inputs_database *database);

/* Frees what is left in it, and sets that to NULL. */
void inputs_free(struct inputs *in);

#endif
