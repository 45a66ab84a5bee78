/* SPDX-License-Identifier: ISC */
/*
 * inputs - all that the operator has written, read and checked as a whole: the settings, the
 * secrets, and the files they were made of.
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

/* Where it is written: the command line, which never changes. */
struct inputs_source {
	const char *config;
	const char *const *overrides;
	size_t n_overrides;
};

struct inputs {
	struct filebox *box; /* the files, secrets among them; NULL when nobody is to get them */
	struct settings *settings;
	struct srs_keys *keys;
	char *dns; /* the plan of the resolver, see spf/dns/resolver_plan.h */
};

/*
 * Reads the configuration through a box, which it takes over; then the secrets, whose file may be
 * the daemon's, and what the resolver needs. False with one line in error, and nothing to free.
 * Warns in the log of secrets that hardly are meant to be any, unless the box is closed: then the
 * process that opened it has done so.
 */
bool inputs_read_settings(
    struct inputs *, struct filebox *, const struct inputs_source *, char error[CONFIG_ERROR_SIZE]);
bool inputs_read_rest(
    struct inputs *in, const struct identity *daemon, char error[CONFIG_ERROR_SIZE]);

void inputs_free(struct inputs *);

#endif
