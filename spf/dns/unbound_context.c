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
#include "spf/dns/port_block.h"
#include "spf/dns/resolver_plan.h"
#include "spf/dns/unbound_context.h"
#include "spf/dns/unbound_options.h"

/* A name with each byte written as \DDD. */
#define ESCAPED_SIZE (4 * HOSTNAME_MAX + 1)

/* UB_SYNTAX, which the header of libunbound 1.13 (Ubuntu 22.04) does not have. */
#define SYNTAX_ERROR (-3)

struct unbound_context {
	struct ub_ctx *ub;
	struct port_block ports; /* if queries share sockets */
};

/* set_unbound_options - before any call that finalises the context: later ones have no effect */
static bool
set_unbound_options(
    struct ub_ctx *ub, const struct unbound_options *options, char *error, size_t size)
{
	const struct unbound_option *o;
	int e;

	for (o = options->list; o < options->list + options->n; o++) {
		e = ub_ctx_set_option(ub, o->name, o->value);
		if (e != 0 && !(e == SYNTAX_ERROR && unbound_options_is_recent(o->name))) {
			snprintf(error, size, "libunbound: %s %s: %s", o->name, o->value,
			    ub_strerror(e));
			return false;
		}
	}
	return true;
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
	struct unbound_purpose purpose = { plan, settings->dnssec, patient, 0 };
	struct unbound_options options;
	struct port_block ports = { 0 };
	struct unbound_context *context;
	struct ub_ctx *ub = ub_ctx_create_event(base);

	if (ub == NULL) {
		snprintf(error, size, "libunbound: cannot create a context");
		return NULL;
	}
	ub_ctx_debugout(ub, NULL); /* libunbound must not write to standard error */
	if (unbound_options_can_share(&purpose) && port_block_reserve(&ports))
		purpose.port = ports.port;
	unbound_options_choose(&options, &purpose);
	if (!set_unbound_options(ub, &options, error, size) || !apply_plan(ub, plan, error, size) ||
	    !start_context(ub, settings, error, size)) {
		ub_ctx_delete(ub);
		port_block_release(&ports);
		return NULL;
	}
	context = xcalloc(1, sizeof(*context));
	context->ub = ub;
	context->ports = ports;
	return context;
}

void
unbound_context_free(struct unbound_context **context)
{
	if (*context == NULL)
		return;
	ub_ctx_delete((*context)->ub);
	port_block_release(&(*context)->ports);
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
