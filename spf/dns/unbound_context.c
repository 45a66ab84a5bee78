/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unbound-event.h>
#include <unbound.h>

#include "common/ascii.h"
#include "common/hostname.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_cache.h"
#include "spf/dns/dns_packet.h"
#include "spf/dns/resolver_plan.h"
#include "spf/dns/unbound_context.h"

/* A name with each byte written as \DDD. */
#define ESCAPED_SIZE (4 * HOSTNAME_MAX + 1)

/* UB_SYNTAX, which the header of libunbound 1.13 (Ubuntu 22.04) does not have. */
#define SYNTAX_ERROR (-3)

/*
 * libunbound 1.13 (Ubuntu 22.04) does not have this option. It sends a query five times and doubles
 * the wait each time, so that an attempt at a silent nameserver lasts for minutes.
 */
#define MESSAGE_RETRY "outbound-msg-retry:"

/* Nor does it have this one, whose default is three seconds. */
#define TCP_PATIENCE "tcp-auth-query-timeout:"

struct unbound_context {
	struct ub_ctx *ub;
};

#define LOOPBACK_IP6_ARPA \
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."

/*
 * Set before any call that finalises the context: later options have no effect.
 *
 * The local zones of libunbound would answer for "test." and for the reverse zones of private
 * networks, which the forwarder may know. (1.17 accepts "nodefault" here, without any effect.)
 */
static const struct {
	const char *name, *value;
} options[] = {
	{ "verbosity:", "0" },
	{ "use-syslog:", "no" },
	{ "do-not-query-localhost:", "no" },
	{ "unblock-lan-zones:", "yes" },
	{ "insecure-lan-zones:", "yes" },
	{ "local-zone:", "test. transparent" },
	{ "local-zone:", "invalid. transparent" },
	{ "local-zone:", "home.arpa. transparent" },
	{ "local-zone:", "127.in-addr.arpa. transparent" },
	{ "local-zone:", LOOPBACK_IP6_ARPA " transparent" },
	{ "edns-buffer-size:", "1232" },
	/* One socket for each query: see SPF_INFLIGHT_MOST, and SPARE in srsd/descriptors.c. */
	{ "outgoing-range:", "1536" },
	{ "num-queries-per-thread:", "4096" },
	/* More than the queries of one client network: see SPF_INFLIGHT_NETWORK. */
	{ "outgoing-num-tcp:", "160" },
	/*
	 * One attempt at each nameserver, of two packets, with so many milliseconds for the answer to
	 * each. libunbound has this time once for the process, not for each context.
	 */
	{ "infra-cache-min-rtt:", "2000" },
	{ "infra-host-ttl:", "0" },
	{ MESSAGE_RETRY, "1" },
	/* A query leads to as few others as possible. */
	{ "target-fetch-policy:", "0 0 0 0 0" },
	/* The same query gets the same answer: limits on names count from the first name. */
	{ "rrset-roundrobin:", "no" },
	/* Of each context. */
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "1m" },
	{ "cache-max-ttl:", "86400" },
	{ "cache-max-negative-ttl:", "900" },
};

static bool
set_unbound_option(struct ub_ctx *ub, const char *name, const char *value, char *error, size_t size)
{
	int e = ub_ctx_set_option(ub, name, value);

	if (e == SYNTAX_ERROR &&
	    (strcmp(name, MESSAGE_RETRY) == 0 || strcmp(name, TCP_PATIENCE) == 0))
		return true;
	if (e != 0)
		snprintf(error, size, "libunbound: %s %s: %s", name, value, ub_strerror(e));
	return e == 0;
}

static bool
set_unbound_options(
    struct ub_ctx *ub, const struct settings *settings, bool patient, char *error, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!set_unbound_option(ub, options[i].name, options[i].value, error, size))
			return false;
	if (patient && (!set_unbound_option(ub, "tcp-upstream:", "yes", error, size) ||
			   !set_unbound_option(ub, TCP_PATIENCE, "8000", error, size)))
		return false;
	return set_unbound_option(ub,
	    "module-config:", settings->dnssec ? "validator iterator" : "iterator", error, size);
}

static int
apply_plan_line(struct ub_ctx *ub, const char *line)
{
	static const char forward[] = RESOLVER_PLAN_FORWARD, anchor[] = RESOLVER_PLAN_ANCHOR;

	if (strncmp(line, forward, sizeof(forward) - 1) == 0)
		return ub_ctx_set_fwd(ub, line + sizeof(forward) - 1);
	return ub_ctx_add_ta(ub, line + sizeof(anchor) - 1);
}

static bool
apply_plan(struct ub_ctx *ub, const char *plan, char *error, size_t size)
{
	char *copy = xstrdup(plan), *rest = copy, *line;
	int e = 0;

	while (e == 0 && (line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		e = apply_plan_line(ub, line);
		if (e != 0)
			snprintf(error, size, "libunbound: %s: %s", line, ub_strerror(e));
	}
	free(copy);
	return e == 0;
}

static void
ignore_answer(void *arg, int rcode, void *packet, int len, int secure, char *why, int limited)
{
	(void)arg;
	(void)rcode;
	(void)packet;
	(void)len;
	(void)secure;
	(void)why;
	(void)limited;
}

/*
 * start_context - make libunbound read its files and apply its options
 *
 * It does so at the first query. It answers this one, for localhost, without the DNS.
 */
static bool
start_context(struct ub_ctx *ub, const struct settings *settings, char *error, size_t size)
{
	int e = ub_resolve_event(ub, "localhost.", DNS_A, ns_c_in, NULL, ignore_answer, NULL);

	if (e != 0)
		snprintf(error, size, "libunbound: cannot start: %s%s%s", ub_strerror(e),
		    settings->dnssec ? "; check the keys in trust-anchor " : "",
		    settings->dnssec ? settings->trust_anchor : "");
	return e == 0;
}

struct unbound_context *
unbound_context_new(struct event_base *base, const struct settings *settings, const char *plan,
    bool patient, char *error, size_t size)
{
	struct unbound_context *context;
	struct ub_ctx *ub = ub_ctx_create_event(base);

	if (ub == NULL) {
		snprintf(error, size, "libunbound: cannot create a context");
		return NULL;
	}
	ub_ctx_debugout(ub, NULL); /* libunbound must not write to standard error */
	if (!set_unbound_options(ub, settings, patient, error, size) ||
	    !apply_plan(ub, plan, error, size) || !start_context(ub, settings, error, size)) {
		ub_ctx_delete(ub);
		return NULL;
	}
	context = xcalloc(1, sizeof(*context));
	context->ub = ub;
	return context;
}

void
unbound_context_free(struct unbound_context **context)
{
	if (*context == NULL)
		return;
	ub_ctx_delete((*context)->ub);
	free(*context);
	*context = NULL;
}

/* escape_name - in the notation of libunbound: other bytes become \DDD, dots stay separators */
static void
escape_name(char buf[ESCAPED_SIZE], const char *name)
{
	size_t n = 0;

	for (; *name != '\0'; name++) {
		if (ascii_isgraph(*name) && *name != '\\' && *name != '"')
			buf[n++] = *name;
		else
			n += (size_t)snprintf(
			    buf + n, ESCAPED_SIZE - n, "\\%03u", (unsigned char)*name);
	}
	buf[n] = '\0';
}

static void
on_unbound_answer(
    void *arg, int rcode, void *packet, int len, int secure, char *why_bogus, int limited)
{
	const struct unbound_query *query = arg;
	const struct unbound_reply reply = { rcode, packet, len, secure, limited != 0 };

	(void)why_bogus;
	query->done(query->arg, &reply);
}

bool
unbound_context_ask(struct unbound_context *context, struct unbound_query *query, const char *name,
    enum dns_type type, enum dns_failure *failure)
{
	char escaped[ESCAPED_SIZE];
	int e;

	escape_name(escaped, name);
	query->context = context;
	e = ub_resolve_event(
	    context->ub, escaped, (int)type, ns_c_in, query, on_unbound_answer, &query->id);
	if (e == 0)
		return true;
	log_debug("dns: %s %s: %s", escaped, dns_type_name(type), ub_strerror(e));
	*failure = e == SYNTAX_ERROR ? DNS_FAILED : DNS_SATURATED;
	return false;
}

void
unbound_context_cancel(struct unbound_query *query)
{
	ub_cancel(query->context->ub, query->id);
}

static enum dns_security
map_unbound_security(int secure)
{
	switch (secure) {
	case 1:
		return DNS_BOGUS;
	case 2:
		return DNS_SECURE;
	default:
		return DNS_INSECURE;
	}
}

bool
unbound_context_has_answer(const struct unbound_reply *reply)
{
	/* NXDOMAIN comes with a packet. */
	return reply->packet != NULL && reply->len > 0 && reply->secure != 1 &&
	       (reply->rcode == ns_r_noerror || reply->rcode == ns_r_nxdomain);
}

struct dns_answer *
unbound_context_read(const struct unbound_reply *reply, enum dns_type type)
{
	struct dns_answer *answer;

	if (unbound_context_has_answer(reply)) {
		answer = dns_packet_read(type, reply->packet, (size_t)reply->len);
	} else {
		answer = dns_answer_new_error(DNS_FAILED);
		answer->rcode = (uint8_t)reply->rcode;
	}
	answer->security = map_unbound_security(reply->secure);
	if (answer->status == DNS_ERROR)
		answer->ttl = DNS_CACHE_ERROR_TTL;
	return answer;
}
