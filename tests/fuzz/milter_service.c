/* SPDX-License-Identifier: ISC */
/*
 * An MTA that uses the milter. The first byte chooses the settings, and how the DNS and the store
 * behave. However the other bytes are divided, the replies are the same. Each packet gets the
 * reply that its command gets, and changes come at the end of a message only, before one last
 * packet.
 */
#include "tests/fuzz/session_case.h"
#include "tests/unit/fake_resolver.h"

#include <ctype.h>
#include <signal.h>

#include "common/tally.h"
#include "srsd/service/milter_service.h"
#include "srsd/service/policy_charge.h"
#include "tests/replay/fake_store.h"
#include "tests/replay/mta.h"
#include "tests/replay/virtual_time.h"

/* The bytes of a packet that may wait for the rest of it: MILTER_PACKET_MAX. */
#define PACKET_MAX (16 * 1024)

/* No decision takes longer: milter-timeout, and a step of the time. */
#define PATIENCE_MS 20500

/* The bytes of a session: the recipients that it replaces are most of them. */
#define SESSION_MAX (2 * 1024 * 1024)

/* Of AddressSanitizer; without it, memory is not measured. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static const char zone[] = "srs.test MX mx.srs.test\n"
			   "mx.srs.test A 192.0.2.10\n"
			   "own.test TXT v=spf1 ip4:192.0.2.10 -all\n"
			   "own.test MX mx.srs.test\n"
			   "bad.test TXT v=spf1 -all\n"
			   "bad.test MX mx.srs.test\n"
			   "away.test TXT v=spf1 ip4:192.0.2.10 -all\n"
			   "away.test MX mx.away.test\n"
			   "mx.away.test A 198.51.100.1\n"
			   "sick.test TXT !\n";

enum dns_mode {
	DNS_ANSWERING,
	DNS_SILENT,
};

/* What the first byte chooses. Options: names and values. */
static const struct fuzz_config {
	enum dns_mode dns;
	enum fake_store_mode store;
	const char *options[24];
} configs[] = {
	{ DNS_ANSWERING, FAKE_STORE_ANSWERING, { NULL } },
	{ DNS_ANSWERING, FAKE_STORE_ANSWERING,
	    { "per-domain", "same", "outbound-addresses", "192.0.2.10", "unauthenticated", "domain",
		"unauthenticated-domain", "apart.test", "unauthenticated-bounces", "discard",
		"trusted-authserv-ids", "auth.srs.test", NULL } },
	{ DNS_SILENT, FAKE_STORE_ANSWERING,
	    { "per-domain", "srs.", "outbound-addresses", "192.0.2.10", "unauthenticated", "hold",
		"unauthenticated-domain", "apart.test", "hold-limit", "2", "rewrite-relayed",
		"false", NULL } },
	{ DNS_ANSWERING, FAKE_STORE_ANSWERING,
	    { "original-envelope", "database", "unauthenticated", "keep", NULL } },
	{ DNS_ANSWERING, FAKE_STORE_FAILING, { "original-envelope", "database", NULL } },
	{ DNS_ANSWERING, FAKE_STORE_SILENT, { "original-envelope", "long", NULL } },
	{ DNS_ANSWERING, FAKE_STORE_ANSWERING,
	    { "milter-test-only", "true", "always-rewrite", "true", NULL } },
};

#define CONFIGS (sizeof(configs) / sizeof(configs[0]))

static struct settings *settings[CONFIGS];
static const struct fuzz_config *config; /* of this run */
static struct event_base *base;
static struct stats stats;
static struct resolver resolver;
static struct fake_store fake;
static struct spf_checker checker;
static struct map_service forward = { .kind = MAP_FORWARD, .clock = &virtual_time_clock };
static struct map_service reverse = { .kind = MAP_REVERSE, .clock = &virtual_time_clock };
static struct milter_service service = { .forward = &forward, .reverse = &reverse };
static struct session_case *running;

static void settle_message(void);

static struct session_case whole = {
	.open = milter_session_open, .service = &service, .settle = settle_message
};
static struct session_case cut = {
	.open = milter_session_open, .service = &service, .settle = settle_message
};

/* settle_message - let time pass until the session goes on */
static void
settle_message(void)
{
	uint64_t end = virtual_time_now() + PATIENCE_MS;

	while (!running->woken) {
		fuzz_must(virtual_time_now() < end);
		if (config->dns == DNS_ANSWERING)
			fake_resolver_run(&resolver, base);
		fake_store_deliver(&fake);
		event_base_loop(base, EVLOOP_NONBLOCK);
		if (!running->woken)
			virtual_time_pass(virtual_time_now() + 500);
	}
}

static void
set_options(struct settings *s, const char *const *options)
{
	for (; *options != NULL; options += 2)
		srs_set(s, options[0], options[1]);
}

static struct settings *
make_settings(const struct fuzz_config *chosen)
{
	struct settings *s = srs_settings();

	srs_own(s, "own.test");
	srs_own(s, "bad.test");
	srs_own(s, "away.test");
	srs_own(s, "sick.test");
	srs_former(s, "former.test");
	fuzz_must(domainset_add(s->relays, "relay.test", strlen("relay.test")));
	fuzz_must(domainset_add(s->no_rewrite, "trust.test", strlen("trust.test")));
	set_options(s, chosen->options);
	if (s->unauthenticated_domain[0] != '\0')
		fuzz_must(domainset_add(
		    s->srs_domains, s->unauthenticated_domain, strlen(s->unauthenticated_domain)));
	free(s->envelope_database);
	s->envelope_database = xstrdup("fake");
	return s;
}

static void
begin(void)
{
	size_t i;

	if (base != NULL)
		return;
	for (i = 0; i < CONFIGS; i++)
		settings[i] = make_settings(&configs[i]);
	base = event_base_new();
	resolver.zone = zone;
	checker = (struct spf_checker){
		.base = base,
		.resolver = &resolver,
		.inflight = spf_inflight_new(),
		.clock = &virtual_time_clock,
	};
	forward.keys = reverse.keys = service.keys = srs_keys_of(SECRET "\n");
	forward.stats = reverse.stats = service.stats = &stats;
	service.candidates = candidates_new(&checker);
	service.counts = forward_counts_new();
	service.budget = srs_budget_new();
	service.base = base;
	service.clock = &virtual_time_clock;
}

/* begin_run - a service that remembers nothing of earlier runs */
static void
begin_run(struct session_case *c, bool cached)
{
	running = c;
	resolver.cached = cached && config->dns == DNS_ANSWERING;
	virtual_time_begin(NOW);
	service.settings = settings[config - configs];
	forward.settings = reverse.settings = service.settings;
	service.charged = tally_new(64, POLICY_CHARGE_SECONDS);
	service.unknown = tally_new(64, 3600);
	service.holds = 0;
	fake_store_begin(&fake);
	if (service.settings->original_envelope == ENVELOPE_EMBEDDED)
		return;
	forward.store = reverse.store = store_new(base, &virtual_time_clock, 2000);
	fake_store_set_mode(&fake, config->store, "disk I/O error", strlen("disk I/O error"));
	fake_store_open(&fake, forward.store, service.settings, NULL);
	fake_store_deliver(&fake);
}

static void
end_run(void)
{
	fake_resolver_run(&resolver, base);
	candidates_forget(service.candidates);
	store_free(&forward.store);
	reverse.store = NULL;
	fake_store_end(&fake);
	tally_free(&service.charged);
	tally_free(&service.unknown);
	virtual_time_end();
	fuzz_must(resolver.out == 0);
	fuzz_must(spf_inflight_count(checker.inflight) == 0);
}

/* run - the bytes in pieces of one size */
static void
run(struct session_case *c, const uint8_t *data, size_t size, size_t step, bool cached)
{
	begin_run(c, cached);
	session_case_run(c, data, size, step);
	end_run();
}

/* count_packets - check the form of the replies; how many of them are the last of a reply? */
static unsigned
count_packets(const char *s, size_t len, unsigned *changes)
{
	struct mta_reply reply;
	unsigned last = 0;
	size_t used;

	*changes = 0;
	for (; len > 0; s += used, len -= used) {
		fuzz_must(mta_parse(s, len, &used, &reply) == 1);
		fuzz_must(used <= 1024);
		last += mta_is_last(reply.command);
		*changes += mta_is_change(reply.command);
		/* A change after the last packet would belong to another message. */
		fuzz_must(last == 0 || mta_is_last(reply.command));
	}
	return last;
}

/* check_reply - the bytes that were sent for a packet, or for a part of one; they begin at `at` */
static void
check_reply(const uint8_t *packet, size_t packet_len, const struct buffer *out, size_t at)
{
	const char *s = out->len > at ? out->data + at : "";
	size_t len = out->len - at;
	unsigned changes, last = count_packets(s, len, &changes);
	char command = packet_len < 5 ? 'D' : (char)packet[4];

	fuzz_must(last <= 1);
	fuzz_must(changes == 0 || (command == 'E' && last == 1));
	if (command == 'D' || command == 'A' || command == 'Q' || command == 'K')
		fuzz_must(len == 0);
	if (len > 4)
		fuzz_must((s[4] == 'O') == (command == 'O'));
}

/* packet_size - of the packet at the beginning, or all bytes */
static size_t
packet_size(const uint8_t *data, size_t len)
{
	size_t n;

	if (len < 5)
		return len;
	n = (size_t)data[0] << 24 | (size_t)data[1] << 16 | (size_t)data[2] << 8 | data[3];
	return n > len - 4 ? len : n + 4;
}

static size_t
count_memory(void)
{
	if (__sanitizer_get_current_allocated_bytes == NULL)
		return 0;
	return __sanitizer_get_current_allocated_bytes();
}

/*
 * run_packets - one packet at a time, as Postfix sends them: each has its own reply. What a session
 * leaves with its host until more arrives is bounded.
 */
static void
run_packets(struct session_case *c, const uint8_t *data, size_t size)
{
	struct session_host host = { session_case_wake, c };
	struct session *session;
	struct buffer out = { NULL, 0, 0 };
	size_t begin = 0, start, end = 0, before, memory;

	begin_run(c, false);
	memory = count_memory();
	session = milter_session_open(&service, &host);
	c->state = SESSION_READING;
	while (end < size && c->state == SESSION_READING) {
		before = out.len;
		start = end;
		end += packet_size(data + start, size - start);
		begin += session_case_input(c, session, data + begin, end - begin, &out);
		check_reply(data + start, end - start, &out, before);
		fuzz_must(c->state == SESSION_CLOSE || end - begin <= PACKET_MAX);
		fuzz_must(count_memory() <= memory + SESSION_MAX + 4 * out.len);
	}
	c->left = size - begin;
	c->len = out.len < sizeof(c->output) ? out.len : sizeof(c->output);
	if (c->len > 0)
		memcpy(c->output, out.data, c->len);
	buffer_free(&out);
	session->ops->close(session);
	log_forget();
	end_run();
}

/* say_replies - the packets that were sent */
static void
say_replies(const struct session_case *c)
{
	struct mta_reply reply;
	size_t used, at;

	for (at = 0; at < c->len; at += used) {
		fuzz_must(mta_parse(c->output + at, c->len - at, &used, &reply) == 1);
		fuzz_say("%s%c", at == 0 ? "" : " ", reply.command);
		if (reply.command != 'O' && reply.len > 0)
			fuzz_say_bytes(reply.data, reply.len - 1);
	}
	fuzz_say("%s", c->state == SESSION_CLOSE ? " closed" : "");
}

/* has_srs_address - may the input be charged for a recipient? */
static bool
has_srs_address(const uint8_t *data, size_t size)
{
	size_t i;

	for (i = 0; i + 3 < size; i++)
		if (tolower(data[i]) == 's' && tolower(data[i + 1]) == 'r' &&
		    tolower(data[i + 2]) == 's' && isdigit(data[i + 3]))
			return true;
	return false;
}

/* forget_charges - the table is large, so that it is replaced only when that may be necessary */
static void
forget_charges(const uint8_t *data, size_t size)
{
	if (!has_srs_address(data, size))
		return;
	srs_budget_free(&service.budget);
	service.budget = srs_budget_new();
}

static void
check_milter(const uint8_t *data, size_t size)
{
	run(&whole, data, size, size + 1, true);
	forget_charges(data, size);
	run(&cut, data, size, 1 + fuzz_cut(data, size, 1), false);
	fuzz_must(session_case_same(&whole, &cut));
	forget_charges(data, size);
	run(&cut, data, size, 1 + size / 256, true);
	fuzz_must(session_case_same(&whole, &cut));
	forget_charges(data, size);
	run_packets(&cut, data, size);
	fuzz_must(session_case_same(&whole, &cut));
	forget_charges(data, size);
	say_replies(&whole);
}

/* libFuzzer reads the clock on SIGALRM, and would see the virtual time, so the signal is blocked. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sigset_t alarm, before;

	if (size == 0)
		return 0;
	begin();
	config = &configs[data[0] % CONFIGS];
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigprocmask(SIG_BLOCK, &alarm, &before);
	check_milter(data + 1, size - 1);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return 0;
}
