/* SPDX-License-Identifier: ISC */
/*
 * A client of the policy service, whose DNS queries are answered at once, or while it waits.
 * However its bytes are divided, the answers are the same; each is one action.
 */
#include "tests/fuzz/session_case.h"
#include "tests/unit/fake_resolver.h"

#include "srsd/service/policy_service.h"

#define ROUNDS 3

static const char zone[] = "good.test TXT v=spf1 a mx ip4:192.0.2.1 -all\n"
			   "good.test A 198.51.100.1\n"
			   "good.test MX mx.good.test\n"
			   "mx.good.test AAAA 2001:db8::1\n"
			   "bad.test TXT v=spf1 -all exp=why.bad.test\n"
			   "why.bad.test TXT %{i} is none of %{d} <%{s}>\n"
			   "soft.test TXT v=spf1 include:good.test ~all\n"
			   "loop.test TXT v=spf1 include:loop.test -all\n"
			   "ptr.test TXT v=spf1 exists:%{l}.%{p}.ptr.test ?all\n"
			   "sick.test TXT !\n"
			   "relay.test TXT v=spf1 ip4:192.0.2.0/24 -all\n"
			   "1.2.0.192.in-addr.arpa PTR mx.relay.test\n"
			   "mx.relay.test A 192.0.2.1\n";

static struct policy_service service;
static struct stats stats;
static struct resolver resolver;
static struct settings *settings[ROUNDS];

static void
settle(void)
{
	fake_resolver_run(&resolver, service.checker.base);
}

static struct session_case whole = {
	.open = policy_session_open, .service = &service, .settle = settle
};
static struct session_case cut = {
	.open = policy_session_open, .service = &service, .settle = settle
};

static void
set_spf(struct settings *s, const char *name, const char *value)
{
	char error[OPTION_ERROR_SIZE];

	fuzz_must(option_set(s, option_find("spf", name), &value, 1, error));
}

/* The settings of each round that differ from the defaults. */
static const char *const options_of[ROUNDS][24] = {
	{ NULL },
	{ "header", "both", "use-exp", "true", "hide-receiver", "false", "mail-from-reject",
	    "softfail", "permerror-reject", "true", "temperror-defer", "true", "srs-sender",
	    "check", "srs-nonnull", "reject", "srs-guess-limit", "2", "srs-daily-limit", "2",
	    "domain-whitelist-ptr", "relay.test", NULL },
	{ "header", "authentication-results", "test-only", "true", "helo-reject", "null",
	    "reject-not-pass-domains", "soft.test", "srs-sender", "no-reject", "srs-forged",
	    "check", "srs-nonnull", "defer", "nat-guard", "false", "reason-message",
	    "{result} {reason} {identity} {client}", "domain-whitelist", "relay.test", NULL },
};

static void
begin(void)
{
	size_t i, j;

	if (settings[0] != NULL)
		return;
	for (i = 0; i < ROUNDS; i++) {
		settings[i] = srs_settings();
		set_spf(settings[i], "authserv-id", "mx.srs.test");
		for (j = 0; options_of[i][j] != NULL; j += 2)
			set_spf(settings[i], options_of[i][j], options_of[i][j + 1]);
	}
	resolver.zone = zone;
	service.keys = srs_keys_of(SECRET "\n");
	service.checker.base = event_base_new();
	service.checker.resolver = &resolver;
	service.checker.inflight = spf_inflight_new();
	service.checker.clock = &session_case_clock;
	service.messages = message_memory_new();
	service.budget = srs_budget_new();
	service.clock = &session_case_clock;
	service.stats = &stats;
}

/* run - with a service that remembers nothing of earlier runs */
static void
run(struct session_case *c, const uint8_t *data, size_t size, size_t step, bool cached)
{
	resolver.cached = cached;
	session_case_forget();
	session_case_run(c, data, size, step);
	fuzz_must(resolver.out == 0);
	fuzz_must(spf_inflight_count(service.checker.inflight) == 0);
}

static void
check_replies(const struct session_case *c)
{
	const char *s = c->output, *end = s + c->len, *newline;

	for (; s < end; s = newline + 2) {
		newline = memchr(s, '\n', (size_t)(end - s));
		fuzz_must(newline != NULL && newline - s < 512 && newline - s > 7);
		fuzz_must(newline + 1 < end && newline[1] == '\n');
		fuzz_must(memcmp(s, "action=", 7) == 0);
		fuzz_must(fuzz_is_visible(s, (size_t)(newline - s)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	begin();
	for (i = 0; i < ROUNDS; i++) {
		service.settings = settings[i];
		run(&whole, data, size, size + 1, true);
		check_replies(&whole);
		run(&cut, data, size, size + 1, false);
		fuzz_must(session_case_same(&whole, &cut));
		run(&cut, data, size, 1 + fuzz_cut(data, size, 1), false);
		fuzz_must(session_case_same(&whole, &cut));
		run(&cut, data, size, 1 + size / 256, true);
		fuzz_must(session_case_same(&whole, &cut));
		fuzz_say("%s", whole.state == SESSION_CLOSE ? "closed " : "");
		fuzz_say_bytes(whole.output, whole.len);
	}
	return 0;
}
