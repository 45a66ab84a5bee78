/* SPDX-License-Identifier: ISC */
/*
 * control_recent - requests of srsctl for the last decisions (recent.h).
 *
 *	recent	{"from": 17}: the decisions from this number on; or {"last": 100}: the newest 100.
 *		"queue", "client", "address", "domain" and "result" are those of a recent_filter.
 *		"wait": true waits until there is one.
 *	top	the domains of senders with the most decisions and the most refusals
 *
 * The reply to recent has at most CONTROL_RECENT_PAGE decisions, so that it does not delay lookups:
 *
 * { "decisions": [{"number": 17, "time": 1700000000, "service": "policy", "queue": "4ABC", "client":
 *       "192.0.2.1", "helo": "...", "sender": "...", "recipient": "...", "orcpt": "...", "to": "...",
 *       "mechanism": "-all", "result": "fail", "identity": "mailfrom", "action": "reject", "kind":
 *       "forward", "reason": "...", "would": "...", "ms": 12, "cut": true}], each without the
 *       members that it does not have; "sender": "" is the null sender
 *   "next": 18, the number to continue with
 *   "more": false, decisions after it have not been looked at yet
 *   "missed": 0, decisions from "from" on that were gone already
 *   "kept": only if "decisions" is empty: {"decisions": 100, "since": 1700000000}, how many the
 *       daemon has, and the time of the first of them, or null
 *   "ending": true only if the daemon stops }
 *
 * The reply to top:
 *
 * { "decisions": 100, "since": null or the time of the first of them,
 *   "busiest": [{"domain": "example.org", "decisions": 12, "refused": 3}, ...],
 *   "refused": [...] }
 *
 * The daemon has no copy of decisions for a client that waits. A client that asks too seldom finds
 * that they are gone, and how many.
 */
#ifndef SRSD_SERVICE_CONTROL_RECENT_H
#define SRSD_SERVICE_CONTROL_RECENT_H

#include <stdbool.h>

#include <jansson.h>

#include "common/clock.h"
#include "srsd/service/recent.h"

struct event_base;

/* Sessions that may wait for decisions. */
#define CONTROL_RECENT_FOLLOWERS 4

/* Decisions of a reply. */
#define CONTROL_RECENT_PAGE 64

/* Domains in each list of the reply to top. */
#define CONTROL_RECENT_DOMAINS 10

/* What the sessions share. */
struct control_recent;

/* The caller frees it; the arguments outlive it. */
struct control_recent *control_recent_new(
    struct event_base *base, const struct clock *clock, struct recent *recent);

/* No request may be open. Sets *shared to NULL; it may be NULL. */
void control_recent_free(struct control_recent **shared);

/* Answers all requests that wait, and those that follow at once: the daemon stops. */
void control_recent_end(struct control_recent *shared);

/* A request for decisions. */
struct recent_question;

/*
 * Starts a request. wake is called from the event loop when the report may be there. *follows is
 * of the session, false to begin with: it becomes true with the first request that waits, until
 * control_recent_leave. NULL with a static text in *error when the request is wrong, or there are
 * CONTROL_RECENT_FOLLOWERS others.
 */
struct recent_question *control_recent_ask(struct control_recent *shared, const json_t *request,
    bool *follows, void (*wake)(void *arg), void *arg, const char **error);

/* The reply, a new reference; NULL: wait on. */
json_t *control_recent_report(struct recent_question *question);

/* Gives it up, and sets the pointer to NULL; it may be NULL. */
void control_recent_free_question(struct recent_question **question);

/* The session ends. */
void control_recent_leave(struct control_recent *shared, bool *follows);

/* The reply to top. */
json_t *control_recent_top(const struct control_recent *shared);

#endif
