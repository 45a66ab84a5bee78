/* SPDX-License-Identifier: ISC */
/*
 * A client of the control socket. However its bytes are divided, the replies are the same: one line
 * with a JSON object for each line.
 */
#include "tests/fuzz/session_case.h"
#include "tests/unit/fake_resolver.h"

#include "common/ascii.h"
#include "srsd/service/control.h"
#include "srsd/service/control_recent.h"
#include "srsd/service/policy_service.h"
#include "srsd/service/status.h"

static const char zone[] = "good.test TXT v=spf1 a ip4:192.0.2.1 -all\n"
			   "good.test A 198.51.100.1\n"
			   "bad.test TXT v=spf1 exists:%{l}.bad.test include:good.test -all\n"
			   "sick.test TXT !\n";

static struct control_service service;
static struct policy_service policy;
static struct spf_checker checker;
static struct resolver resolver;
static unsigned asked;

/* settle - the DNS answers arrive, and the monitor refuses every second reload */
static void
settle(void)
{
	fake_resolver_run(&resolver, checker.base);
	if (!TAILQ_EMPTY(&service.waiting))
		control_service_reloaded(
		    &service, service.round % 2 == 0 ? NULL : "srsd.conf:1: b\303\266s\377");
}

static struct session_case whole = {
	.open = control_session_open, .service = &service, .settle = settle
};
static struct session_case cut = {
	.open = control_session_open, .service = &service, .settle = settle
};

static bool
ask_reload(void *arg)
{
	(void)arg;
	return ++asked % 4 != 0;
}

/* Replaces srsd/service/status.c, which shows the time and the process id. */
json_t *
status_json(const struct status *status)
{
	return json_pack("{s:i}", "restarts", (int)status->restarts);
}

static void
read_status(void *arg, struct status *status)
{
	(void)arg;
	memset(status, 0, sizeof(*status));
	status->listeners = json_object();
}

static void
begin(void)
{
	if (service.settings != NULL)
		return;
	resolver.zone = zone;
	checker.base = event_base_new();
	checker.resolver = &resolver;
	checker.inflight = spf_inflight_new();
	checker.clock = &session_case_clock;
	service.settings = srs_settings();
	service.keys = srs_keys_of(SECRET "\n");
	service.checker = &checker;
	service.policy = &policy;
	policy = (struct policy_service){ .settings = service.settings,
		.keys = service.keys,
		.checker = checker,
		.budget = srs_budget_new(),
		.clock = &session_case_clock };
	service.clock = &session_case_clock;
	service.ask_reload = ask_reload;
	service.read_status = read_status;
	service.recent = control_recent_new(checker.base, &session_case_clock, recent_new(9));
	control_recent_end(service.recent); /* so that nothing waits for a decision */
	control_service_init(&service);
}

static void
run(struct session_case *c, const uint8_t *data, size_t size, size_t step, bool cached)
{
	resolver.cached = cached;
	asked = service.round = 0;
	session_case_run(c, data, size, step);
	fuzz_must(resolver.out == 0 && TAILQ_EMPTY(&service.waiting));
	fuzz_must(spf_inflight_count(checker.inflight) == 0);
}

/* tell - one reply in a few words */
static void
tell(const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	const json_t *identities = json_object_get(reply, "identities"), *identity;
	const char *address = json_string_value(json_object_get(reply, "address")), *key;
	size_t i;

	if (error != NULL) {
		fuzz_say("error %.*s; ", (int)strcspn(error, ":"), error);
		return;
	}
	key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)reply));
	fuzz_say("%s", key == NULL ? "nothing" : key);
	if (address != NULL) {
		fuzz_say(" ");
		fuzz_say_bytes(address, strlen(address));
	}
	json_array_foreach (identities, i, identity)
		fuzz_say(" %s %s", json_string_value(json_object_get(identity, "identity")),
		    json_string_value(json_object_get(identity, "result")));
	fuzz_say("; ");
}

/* check_replies - as many as lines; an overlong line is answered, too */
static void
check_replies(const struct session_case *c, size_t lines, bool told)
{
	const char *s = c->output, *end = s + c->len, *newline;
	size_t n = 0;
	json_t *reply;

	for (; s < end; s = newline + 1, n++) {
		newline = memchr(s, '\n', (size_t)(end - s));
		fuzz_must(newline != NULL);
		fuzz_must(ascii_only(s, (size_t)(newline - s)));
		reply = json_loadb(s, (size_t)(newline - s), JSON_REJECT_DUPLICATES, NULL);
		fuzz_must(json_is_object(reply));
		if (told)
			tell(reply);
		json_decref(reply);
	}
	fuzz_must(n == lines + (c->state == SESSION_CLOSE));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t lines = 0, i;

	if (size > 20000) /* so that the outcome fits */
		return 0;
	begin();
	for (i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (lines > 60)
		return 0;
	run(&whole, data, size, size + 1, false);
	check_replies(&whole, lines, true);
	run(&cut, data, size, 1 + fuzz_cut(data, size, 1), false);
	fuzz_must(session_case_same(&whole, &cut));
	run(&cut, data, size, 1 + size / 256, false);
	fuzz_must(session_case_same(&whole, &cut));
	run(&cut, data, size, size + 1, true); /* "cached" in a report may differ */
	check_replies(&cut, lines, false);
	return 0;
}
