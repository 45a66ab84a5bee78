/* SPDX-License-Identifier: ISC */
#include <sys/types.h>
#include <sys/queue.h>
#include <netinet/in.h>
#include <arpa/nameser.h>

#ifdef HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <unbound-event.h>
#include <unbound.h>

#include "common/ascii.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/hostname.h"
#include "common/log.h"
#include "common/xmalloc.h"
#include "spf/dns/dns_cache.h"
#include "spf/dns/dns_packet.h"
#include "spf/dns/resolver.h"

#define RESOLV_CONF "/etc/resolv.conf"
#define FILE_MAX (64 * 1024)

/* A name whose every byte is written as \DDD. */
#define ESCAPED_SIZE (4 * HOSTNAME_MAX + 1)

/*
 * Contexts that take turns. An attempt begins in the turn of its context and lasts four seconds for
 * each nameserver: libunbound sends two packets, and waits two seconds for an answer to each. Then
 * it remembers for five seconds that the name has failed. So what happens in one turn is forgotten
 * before the next turn of that context.
 *
 * A name that was silent twice gets one attempt in a context with more patience, for a nameserver
 * that needs some seconds and is asked by a forwarder without a cache. By then the shares of HELO
 * names and of the client's own names are over, so that few questions stay there.
 */
#define CONTEXTS 6
#define TURN_MS 2000
#define PATIENT CONTEXTS
#define SILENCES_BEFORE_PATIENCE 2

/* A failure that takes longer than this is silence; one that is sooner is an answer of the DNS. */
#define ANSWERED_MS 1900

/* How often libunbound may fail a question without asking, before that is the answer. */
#define UNASKED_MAX 3

struct resolver {
	struct event_base *base;
	struct ub_ctx *ctx[CONTEXTS + 1]; /* the last one is PATIENT */
	char *plan;
	bool retired;
	bool ending; /* its end is near, and comes once */
	struct resolver_counts *counts;
	struct resolver_counts own_counts; /* until somebody wants them */
	struct dns_cache *cache;
	const struct clock *clock;
	resolver_prepare_fn *prepare; /* or NULL */
	LIST_HEAD(, resolver_question) questions;
};

struct resolver_question {
	LIST_ENTRY(resolver_question) next;
	struct resolver *resolver;
	resolver_done_fn *done;
	void *arg;
	bool wanted; /* not cancelled */
	bool out;    /* libunbound has it, in this context and by this number */
	struct ub_ctx *ctx;
	int id;
	uint64_t begun, asked; /* in all, and this attempt */
	unsigned unasked;      /* attempts that libunbound has failed at once */
	unsigned silences;     /* attempts without an answer */
	bool failed;           /* the DNS has failed once */
	bool *gone;            /* not NULL while ub_resolve_event runs: set when it has ended */
	struct event *again;   /* for the next attempt; NULL: there was only one */
	enum dns_type type;
	uint32_t hash; /* of the name */
	char name[HOSTNAME_MAX + 1];
};

#define LOOPBACK_IP6_ARPA \
	"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa."

/*
 * Set before anything that finalises the context: nothing is taken after that.
 * Its local zones would answer for "test." and for the reverse zones of private networks, which
 * are the forwarder's to know. (1.17 takes "nodefault" here without a word and without effect.)
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
	/* A socket each: see SPF_INFLIGHT_MOST, and SPARE in srsd/descriptors.c. */
	{ "outgoing-range:", "1536" },
	{ "num-queries-per-thread:", "4096" },
	/* More than one client network may occupy: see SPF_INFLIGHT_NETWORK. */
	{ "outgoing-num-tcp:", "160" },
	/* One attempt for each nameserver; for how long, see set_options. */
	{ "infra-host-ttl:", "0" },
	{ "outbound-msg-retry:", "1" },
	/* A question leads to as few others as possible. */
	{ "target-fetch-policy:", "0 0 0 0 0" },
	/* The same question gets the same answer: limits on names count from the first. */
	{ "rrset-roundrobin:", "no" },
	/* Of each context. */
	{ "msg-cache-size:", "1m" },
	{ "rrset-cache-size:", "1m" },
	{ "cache-max-ttl:", "86400" },
	{ "cache-max-negative-ttl:", "900" },
};

static bool
set_unbound_option(
    struct ub_ctx *ctx, const char *name, const char *value, char *error, size_t size)
{
	int e = ub_ctx_set_option(ctx, name, value);

	if (e != 0)
		snprintf(error, size, "libunbound: %s %s: %s", name, value, ub_strerror(e));
	return e == 0;
}

static bool
set_unbound_options(
    struct ub_ctx *ctx, const struct settings *settings, bool patient, char *error, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!set_unbound_option(ctx, options[i].name, options[i].value, error, size))
			return false;
	/* Milliseconds that libunbound waits for the answer to a packet. */
	return set_unbound_option(
		   ctx, "infra-cache-min-rtt:", patient ? "8000" : "2000", error, size) &&
	       set_unbound_option(ctx,
		   "module-config:", settings->dnssec ? "validator iterator" : "iterator", error,
		   size);
}

/*
 * What is peculiar to one resolver is first written down, a line each, and then carried out:
 *
 *	forward IP@PORT
 *	anchor RESOURCE-RECORD
 *
 * So two of them can be compared.
 */
#define FORWARD "forward "
#define ANCHOR "anchor "

struct plan {
	char *text;
	size_t len;
};

static void
plan_line(struct plan *plan, const char *word, const char *s, size_t len)
{
	size_t word_len = strlen(word);

	plan->text = xreallocarray(plan->text, plan->len + word_len + len + 2, 1);
	memcpy(plan->text + plan->len, word, word_len);
	memcpy(plan->text + plan->len + word_len, s, len);
	plan->len += word_len + len;
	plan->text[plan->len++] = '\n';
	plan->text[plan->len] = '\0';
}

/* next_plan_line - the next line of a text without blanks around it; false at the end */
static bool
next_plan_line(const char **text, const char **line, size_t *len)
{
	size_t n = strcspn(*text, "\n");

	if (**text == '\0')
		return false;
	*line = *text + strspn(*text, " \t\r");
	*text += n;
	*len = *line < *text ? (size_t)(*text - *line) : 0;
	while (*len > 0 && strchr(" \t\r", (*line)[*len - 1]) != NULL)
		--*len;
	*text += **text == '\n';
	return true;
}

/* format_forward_address - "IP:PORT" and "[IP]:PORT" as libunbound writes them: "IP@PORT" */
static void
format_forward_address(const char *nameserver, char *buf, size_t size)
{
	const char *colon = strrchr(nameserver, ':');
	struct ipaddr ip;

	if (ipaddr_parse(&ip, nameserver, strlen(nameserver)) || colon == NULL) {
		strlcpy(buf, nameserver, size);
		return;
	}
	if (nameserver[0] == '[')
		snprintf(
		    buf, size, "%.*s@%s", (int)(colon - nameserver) - 2, nameserver + 1, colon + 1);
	else
		snprintf(buf, size, "%.*s@%s", (int)(colon - nameserver), nameserver, colon + 1);
}

static void
plan_nameserver(struct plan *plan, const char *nameserver)
{
	char address[128];

	format_forward_address(nameserver, address, sizeof(address));
	plan_line(plan, FORWARD, address, strlen(address));
}

/* plan_resolv_conf - its nameservers; the resolver can do without the file (resolv.conf(5)) */
static void
plan_resolv_conf(struct plan *plan, struct filebox *box)
{
	static const char word[] = "nameserver";
	const char *error, *text, *line;
	struct ipaddr ip;
	struct file file;
	size_t len, n;

	if (!filebox_read(box, &file, RESOLV_CONF, FILE_MAX, &error)) {
		log_warnx("%s: %s; asking the root servers", RESOLV_CONF, error);
		return;
	}
	for (text = file.data; next_plan_line(&text, &line, &len);) {
		n = sizeof(word) - 1;
		if (len <= n || strncmp(line, word, n) != 0 || strchr(" \t", line[n]) == NULL)
			continue;
		n += strspn(line + n, " \t");
		line += n;
		len = strcspn(line, " \t\r\n");
		if (ipaddr_parse(&ip, line, len))
			plan_line(plan, FORWARD, line, len);
	}
	file_free(&file);
}

/* plan_anchors - the resource records of the trust anchor's file, one a line */
static bool
plan_anchors(struct plan *plan, const char *path, struct filebox *box, char *error, size_t size)
{
	const char *why = "holds no resource record", *text, *line;
	size_t len, before = plan->len;
	struct file file;

	if (filebox_read(box, &file, path, FILE_MAX, &why)) {
		why = "holds no resource record";
		for (text = file.data; next_plan_line(&text, &line, &len);)
			if (len > 0 && *line != ';')
				plan_line(plan, ANCHOR, line, strcspn(line, ";\n"));
		file_free(&file);
	}
	if (plan->len == before)
		snprintf(error, size, "dnssec: trust-anchor %s: %s", path, why);
	return plan->len > before;
}

char *
resolver_plan(const struct settings *settings, struct filebox *box, char *error, size_t size)
{
	struct plan plan = { xstrdup(""), 0 };
	size_t i;

	for (i = 0; i < settings->nameservers.n; i++)
		plan_nameserver(&plan, settings->nameservers.text[i]);
	if (settings->nameservers.n == 0)
		plan_resolv_conf(&plan, box);
	if (!settings->dnssec || plan_anchors(&plan, settings->trust_anchor, box, error, size))
		return plan.text;
	free(plan.text);
	return NULL;
}

static int
apply_plan_line(struct ub_ctx *ctx, const char *line)
{
	if (strncmp(line, FORWARD, strlen(FORWARD)) == 0)
		return ub_ctx_set_fwd(ctx, line + strlen(FORWARD));
	return ub_ctx_add_ta(ctx, line + strlen(ANCHOR));
}

static bool
apply_plan(struct ub_ctx *ctx, const char *plan, char *error, size_t size)
{
	char *copy = xstrdup(plan), *rest = copy, *line;
	int e = 0;

	while (e == 0 && (line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		e = apply_plan_line(ctx, line);
		if (e != 0)
			snprintf(error, size, "libunbound: %s: %s", line, ub_strerror(e));
	}
	free(copy);
	return e == 0;
}

bool
resolver_is_for(const struct resolver *r, const char *plan)
{
	return strcmp(plan, r->plan) == 0;
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
 * start_context - make libunbound read its files and take its settings, which it does at the first
 * question: the one for localhost it answers by itself. Later a chroot may be in the way.
 */
static bool
start_context(struct ub_ctx *ctx, const struct settings *settings, char *error, size_t size)
{
	int e = ub_resolve_event(ctx, "localhost.", DNS_A, ns_c_in, NULL, ignore_answer, NULL);

	if (e != 0)
		snprintf(error, size, "libunbound does not start: %s%s%s", ub_strerror(e),
		    settings->dnssec ? "; is there a key in trust-anchor " : "",
		    settings->dnssec ? settings->trust_anchor : "");
	return e == 0;
}

/* make_context - as the plan says; NULL with one line in error */
static struct ub_ctx *
make_context(struct event_base *base, const struct settings *settings, const char *plan,
    bool patient, char *error, size_t size)
{
	struct ub_ctx *ctx = ub_ctx_create_event(base);

	if (ctx == NULL) {
		snprintf(error, size, "libunbound: no context");
		return NULL;
	}
	ub_ctx_debugout(ctx, NULL); /* nothing on standard error past our log */
	if (set_unbound_options(ctx, settings, patient, error, size) &&
	    apply_plan(ctx, plan, error, size) && start_context(ctx, settings, error, size))
		return ctx;
	ub_ctx_delete(ctx);
	return NULL;
}

struct resolver *
resolver_new(const struct resolver_host *host, const struct settings *settings, const char *plan,
    char *error, size_t size)
{
	struct resolver *r = xcalloc(1, sizeof(*r));
	size_t i;

	LIST_INIT(&r->questions);
	r->cache = dns_cache_new();
	r->clock = host->clock;
	r->base = host->base;
	r->prepare = host->prepare;
	r->counts = &r->own_counts;
	r->plan = xstrdup(plan);
	for (i = 0; i <= PATIENT; i++) {
		r->ctx[i] = make_context(host->base, settings, plan, i == PATIENT, error, size);
		if (r->ctx[i] == NULL) {
			resolver_free(&r);
			break;
		}
	}
	return r;
}

static void
free_question(struct resolver_question *q)
{
	LIST_REMOVE(q, next);
	if (q->again != NULL)
		event_free(q->again);
	free(q);
}

/* end_question - with its answer, or with NULL when it was cancelled; the question is gone then */
static void
end_question(struct resolver_question *q, struct dns_answer *answer)
{
	resolver_done_fn *done = q->done;
	void *arg = q->arg;

	if (q->gone != NULL)
		*q->gone = true;
	free_question(q);
	done(arg, answer);
}

void
resolver_free(struct resolver **rp)
{
	struct resolver *r = *rp;
	struct resolver_question *q;
	size_t i;

	if (r == NULL)
		return;
	while ((q = LIST_FIRST(&r->questions)) != NULL) {
		if (q->out)
			ub_cancel(q->ctx, q->id);
		end_question(q, NULL);
	}
	for (i = 0; i <= PATIENT; i++)
		if (r->ctx[i] != NULL)
			ub_ctx_delete(r->ctx[i]);
	dns_cache_free(&r->cache);
	free(r->plan);
	free(r);
	*rp = NULL;
}

static void
on_retired(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	(void)fd;
	(void)what;
	resolver_free(&r);
#ifdef HAVE_MALLOC_TRIM
	/* libunbound's contexts leave small holes in many pages. */
	malloc_trim(0);
#endif
}

static bool
has_wanted_question(const struct resolver *r)
{
	const struct resolver_question *q;

	LIST_FOREACH (q, &r->questions, next)
		if (q->wanted)
			return true;
	return false;
}

/* schedule_end - not from within libunbound's own call, in which its last answer came */
static void
schedule_end(struct resolver *r)
{
	static const struct timeval at_once = { 0, 0 };

	if (!r->retired || r->ending || has_wanted_question(r))
		return;
	r->ending = true;
	event_base_once(r->base, -1, EV_TIMEOUT, on_retired, r, &at_once);
}

void
resolver_retire(struct resolver **r)
{
	(*r)->retired = true;
	schedule_end(*r);
	*r = NULL;
}

static uint64_t
get_cache_time(const struct resolver *r)
{
	return clock_elapsed(r->clock) / 1000;
}

/* map_unbound_security - libunbound says 0 insecure, 1 bogus, 2 secure */
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

static void
count_answer(struct resolver *r, const struct dns_answer *answer)
{
	switch (answer->status) {
	case DNS_FOUND:
		r->counts->found++;
		break;
	case DNS_VOID:
		r->counts->none++;
		break;
	case DNS_ERROR:
		r->counts->failed++;
		break;
	}
}

/* read_unbound_answer - what libunbound has brought; NXDOMAIN comes with a packet, a failure may not */
static struct dns_answer *
read_unbound_answer(
    const struct resolver_question *q, int rcode, const void *packet, int len, int secure)
{
	struct dns_answer *answer;

	if (packet == NULL || len <= 0 || secure == 1 ||
	    (rcode != ns_r_noerror && rcode != ns_r_nxdomain))
		answer = dns_answer_new_error(DNS_FAILED);
	else
		answer = dns_packet_read(q->type, packet, (size_t)len);
	answer->security = map_unbound_security(secure);
	if (answer->status == DNS_ERROR)
		answer->ttl = DNS_CACHE_ERROR_TTL;
	if (q->resolver->prepare != NULL)
		q->resolver->prepare(answer, q->type);
	return answer;
}

/* conclude_question - with an answer of the DNS, or an error of ours */
static void
conclude_question(struct resolver_question *q, struct dns_answer *answer)
{
	struct resolver *r = q->resolver;

	count_answer(r, answer);
	dns_cache_put(r->cache, q->name, q->type, answer, get_cache_time(r));
	end_question(q, answer);
	schedule_end(r);
}

static bool send_question(struct resolver_question *);

static void
on_attempt_due(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_question(arg);
}

/* schedule_attempt - another one, in so many milliseconds, from the loop; false: no memory */
static bool
schedule_attempt(struct resolver_question *q, unsigned ms)
{
	struct timeval delay = { ms / 1000, ms % 1000 * 1000 };

	if (q->again == NULL)
		q->again = evtimer_new(q->resolver->base, on_attempt_due, q);
	return q->again != NULL && evtimer_add(q->again, &delay) == 0;
}

/*
 * retry_question - after an attempt without an answer; the question may be gone then
 *
 * Silence: ask again at once, and that in another context. A failure at once: libunbound has not
 * asked, or has just failed on that very name; the next context knows nothing of it.
 */
static void
retry_question(struct resolver_question *q, bool unasked)
{
	uint64_t now = clock_elapsed(q->resolver->clock);
	bool over = unasked ? ++q->unasked > UNASKED_MAX : now - q->begun >= RESOLVER_LONGEST;

	q->silences += !unasked || q->silences == SILENCES_BEFORE_PATIENCE;

	if (over || !schedule_attempt(q, unasked ? TURN_MS - (unsigned)(now % TURN_MS) : 0))
		conclude_question(
		    q, dns_answer_new_error(unasked || !over ? DNS_SATURATED : DNS_LATE));
}

static void
on_unbound_answer(
    void *arg, int rcode, void *packet, int len, int secure, char *why_bogus, int limited)
{
	struct resolver_question *q = arg;
	struct resolver *r = q->resolver;
	struct dns_answer *answer;
	bool at_once = q->gone != NULL, silence;

	(void)why_bogus;
	q->out = false;
	if (!q->wanted) {
		end_question(q, NULL);
		schedule_end(r);
		return;
	}
	silence = clock_elapsed(r->clock) - q->asked >= ANSWERED_MS;
	answer = read_unbound_answer(q, rcode, packet, len, secure);
	if (answer->status != DNS_ERROR || answer->security == DNS_BOGUS) {
		conclude_question(q, answer);
	} else if (limited || at_once || silence) {
		dns_answer_unref(&answer);
		retry_question(q, limited || at_once);
	} else if (!q->failed && schedule_attempt(q, 0)) {
		/* Another server behind the forwarder may know better. */
		dns_answer_unref(&answer);
		q->failed = true;
	} else {
		conclude_question(q, answer);
	}
}

/* escape_name - a name as libunbound reads it: what is not plain becomes \DDD, dots stay separators */
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

static struct resolver_question *
make_question(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	struct resolver_question *q = xcalloc(1, sizeof(*q));

	q->resolver = r;
	q->done = done;
	q->arg = arg;
	q->type = type;
	q->hash = hash_bytes(HASH_BEGIN, name, strlen(name));
	q->wanted = true;
	q->begun = clock_elapsed(r->clock);
	strlcpy(q->name, name, sizeof(q->name));
	LIST_INSERT_HEAD(&r->questions, q, next);
	return q;
}

/*
 * choose_context - the one whose turn it is, or once the patient one
 *
 * A context remembers a failure, so after one it is that whose turn is farthest away.
 */
static struct ub_ctx *
choose_context(const struct resolver_question *q)
{
	const struct resolver *r = q->resolver;
	uint64_t turn = clock_elapsed(r->clock) / TURN_MS;

	if (q->silences == SILENCES_BEFORE_PATIENCE)
		return r->ctx[PATIENT];
	return r->ctx[(turn + (q->failed ? CONTEXTS / 2 : 0)) % CONTEXTS];
}

/*
 * find_attempt_start - when the attempt began that this one is part of
 *
 * libunbound asks once for questions of the same name and type, and fails them together.
 */
static uint64_t
find_attempt_start(const struct resolver_question *q)
{
	uint64_t begin = clock_elapsed(q->resolver->clock);
	const struct resolver_question *other;

	LIST_FOREACH (other, &q->resolver->questions, next)
		if (other->hash == q->hash && other->out && other->ctx == q->ctx &&
		    other->type == q->type && strcmp(other->name, q->name) == 0 &&
		    other->asked < begin)
			begin = other->asked;
	return begin;
}

/* send_question - an attempt; false when the question is gone before this returns */
static bool
send_question(struct resolver_question *q)
{
	char escaped[ESCAPED_SIZE];
	bool gone = false;
	int e;

	escape_name(escaped, q->name);
	q->ctx = choose_context(q);
	q->asked = find_attempt_start(q);
	q->gone = &gone;
	q->out = true;
	e = ub_resolve_event(q->ctx, escaped, (int)q->type, ns_c_in, q, on_unbound_answer, &q->id);
	if (gone)
		return false;
	q->gone = NULL;
	if (e == 0)
		return true;
	log_debug("dns: %s %s: %s", escaped, dns_type_name(q->type), ub_strerror(e));
	q->out = false;
	conclude_question(q, dns_answer_new_error(e == UB_SYNTAX ? DNS_FAILED : DNS_SATURATED));
	return false;
}

struct dns_answer *
resolver_known(struct resolver *r, const char *name, enum dns_type type)
{
	struct dns_answer *answer = dns_cache_find(r->cache, name, type, get_cache_time(r));

	r->counts->cached += answer != NULL;
	return answer;
}

void
resolver_count_in(struct resolver *r, struct resolver_counts *counts)
{
	r->counts = counts;
}

size_t
resolver_cached(const struct resolver *r)
{
	return dns_cache_count(r->cache);
}

struct resolver_question *
resolver_ask(
    struct resolver *r, const char *name, enum dns_type type, resolver_done_fn *done, void *arg)
{
	struct dns_answer *answer = resolver_known(r, name, type);
	struct resolver_question *q;

	if (answer == NULL) {
		q = make_question(r, name, type, done, arg);
		return send_question(q) ? q : NULL;
	}
	done(arg, answer);
	return NULL;
}

void
resolver_cancel(struct resolver_question *q)
{
	struct resolver *r = q->resolver;

	r->counts->cancelled++;
	q->wanted = false;
	if (!q->out)
		end_question(q, NULL);
	schedule_end(r);
}
