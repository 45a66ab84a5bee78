/* SPDX-License-Identifier: ISC */
/*
 * spf_inflight - how many checks wait for the DNS of one sender domain.
 *
 * Whoever runs a slow DNS server and sends mail from its domain would otherwise fill all
 * connections with waiting requests. Past the limit a check gets temperror at once: the domain
 * costs its own mail the time, and nobody else's.
 */
#ifndef SPF_SPF_INFLIGHT_H
#define SPF_SPF_INFLIGHT_H

#include <stdbool.h>
#include <stddef.h>

#define SPF_INFLIGHT_MAX 20

struct spf_inflight;

struct spf_inflight *spf_inflight_new(void);
void spf_inflight_free(struct spf_inflight **);

/* Counts one more check of a domain (without case), or says false when there are enough. */
bool spf_inflight_enter(struct spf_inflight *, const char *domain);

/* One less; for each true of spf_inflight_enter. */
void spf_inflight_leave(struct spf_inflight *, const char *domain);

/* Checks of all domains together. */
size_t spf_inflight_count(const struct spf_inflight *);

#endif
