/* SPDX-License-Identifier: ISC */
/*
 * forward_counts - what each forwarding domain forwarded, and what came back. Pure.
 *
 * Only the busiest FORWARD_COUNTS_DOMAINS domains have counts of their own. The algorithm is
 * Space-Saving (Metwally, Agrawal, El Abbadi: Efficient Computation of Frequent and Top-k Elements
 * in Data Streams, 2005). Each domain has a weight, its number of events. When the table is full, a
 * new domain replaces the one with the least weight, and inherits that weight. So a domain that
 * has more than 1/FORWARD_COUNTS_DOMAINS of all events is always in the table, whatever the other
 * names are: a flood of new names replaces itself. The counts of a domain are exact, and begin when
 * it entered the table; only the rank uses the weight that it inherited.
 *
 * SECURITY: a key is a domain of ours, which the caller ensures. An entry such as .x.org in the
 * option domains makes any subdomain one of them, so that a stranger can invent names. The hash of
 * the table is keyed.
 *
 * now is the time of day in seconds. An hour begins at a multiple of 3600. If the clock is set back
 * to an earlier hour, the counts by hour begin again.
 */
#ifndef SRSD_SERVICE_FORWARD_COUNTS_H
#define SRSD_SERVICE_FORWARD_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define FORWARD_COUNTS_DOMAINS 1000

/* The least number of bounces in an hour that causes a warning. */
#define FORWARD_COUNTS_LEAST_BOUNCES 20

enum forward_event {
	FORWARD_FORWARDED,       /* a forward left, rewritten or not */
	FORWARD_UNAUTHENTICATED, /* its sender was not authenticated; it is also FORWARD_FORWARDED */
	FORWARD_BOUNCED,         /* a bounce to an SRS address of this domain came back */
	FORWARD_EVENTS,
};

/* "forwarded", "unauthenticated" or "bounced". */
const char *forward_event_name(enum forward_event event);

/* The counts of one domain, or of all. */
struct forward_numbers {
	time_t since; /* when total began: the time of the first event; 0: none */
	uint64_t total[FORWARD_EVENTS];
	uint64_t running_hour[FORWARD_EVENTS];
	uint64_t last_hour[FORWARD_EVENTS]; /* the hour before the running one */
};

struct forward_counts;

/* Empty counts. The caller frees them. */
struct forward_counts *forward_counts_new(void);

/* Sets *counts to NULL; it may be NULL. */
void forward_counts_free(struct forward_counts **counts);

/*
 * Counts one event of a domain of len bytes in any case of ASCII, without a trailing dot. A name
 * that is empty or longer than HOSTNAME_MAX is counted among all domains only.
 */
void forward_counts_add(struct forward_counts *counts, const char *domain, size_t len,
    enum forward_event event, time_t now);

/*
 * Counts FORWARD_FORWARDED for an SRS domain that signed a message for another domain, or for a
 * redirected one. It gets the bounces of this message, so that forward_counts_warn can compare them.
 * The event is not counted among all domains, where the forward is counted already.
 */
void forward_counts_add_signed(
    struct forward_counts *counts, const char *domain, size_t len, time_t now);

/*
 * True if the bounces of this domain within an hour are at least FORWARD_COUNTS_LEAST_BOUNCES and
 * exceed per_cent of what it forwarded in the same time; then *hour has both numbers, and the
 * function is false for this domain until an hour has passed. per_cent is bounce-warning; 0: always
 * false. Call it after an event FORWARD_BOUNCED.
 *
 * The hour is the one that ends now. The counts are those of clock hours: to the current one, a
 * share of the previous one is added, in proportion to the time that the current one still lacks.
 * Without it the first bounces of an hour would be compared with almost nothing.
 */
struct forward_hour {
	uint64_t forwarded, bounced;
};
bool forward_counts_warn(struct forward_counts *counts, const char *domain, size_t len,
    int per_cent, time_t now, struct forward_hour *hour);

/* The number of domains in the table. */
size_t forward_counts_domains(const struct forward_counts *counts);

/* The events of all domains, including those that are no longer in the table. */
void forward_counts_all(
    const struct forward_counts *counts, time_t now, struct forward_numbers *numbers);

/*
 * Calls visit with each domain of the table, in lower case, the busiest one first and equal ones by
 * name. Both pointers are valid during the call. visit must not use counts.
 */
typedef void forward_counts_visit_fn(
    const char *domain, const struct forward_numbers *numbers, void *arg);
void forward_counts_visit(
    const struct forward_counts *counts, time_t now, forward_counts_visit_fn *visit, void *arg);

#endif
