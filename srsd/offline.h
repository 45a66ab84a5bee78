/* SPDX-License-Identifier: ISC */
/*
 * offline - the DNS for srsctl when it asks by itself: a loop and a resolver of its own, with the
 * settings of the configuration.
 */
#ifndef SRSD_OFFLINE_H
#define SRSD_OFFLINE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "conf/settings.h"
#include "spf/resolver.h"

struct event_base;

struct offline {
	struct settings *settings; /* the caller's */
	struct event_base *base;
	struct resolver *resolver;
};

/* False with one line in error, and nothing to close. */
bool offline_open(struct offline *, struct settings *, char *error, size_t size);
void offline_close(struct offline *);

/*
 * Runs an SPF query (see spf_query.h) to its end. Its report, a new reference; NULL with a static
 * reason in *error.
 */
json_t *offline_spf(struct offline *, const json_t *request, const char **error);

#endif
