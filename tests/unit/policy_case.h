/* SPDX-License-Identifier: ISC */
/*
 * policy_case - a policy service over memory, for a test and its teardown. The DNS is a text; see
 * fake_resolver.h.
 */
#ifndef TESTS_UNIT_POLICY_CASE_H
#define TESTS_UNIT_POLICY_CASE_H

#include "tests/unit/fake_resolver.h"
#include "tests/unit/log_capture.h"
#include "tests/unit/session_feed.h"
#include "tests/unit/srs_case.h"

#include "srsd/service/policy_service.h"

/* An address of ours at NOW, and one with a wrong hash. */
#define JANE "SRS0=mqiS=G3=example.test=jane@srs.test"
#define FORGED "SRS0=xxxx=G3=example.test=jane@srs.test"

/* The service of the test, and what it uses. */
static struct policy_service service;
static struct stats stats;
static struct settings *settings;
static struct resolver resolver;
static struct session_feed feed = { .open = policy_session_open, .service = &service };

static inline void
set_spf(const char *name, const char *value)
{
	const struct conf_option *o = option_find("spf", name);
	char error[OPTION_ERROR_SIZE];

	assert_non_null(o);
	if (!option_set(settings, o, &value, 1, error))
		fail_msg("%s: %s", name, error);
}

/* policy_case_begin - start the service with this zone, and capture the log */
static inline int
policy_case_begin(void **state, const char *zone)
{
	settings = srs_settings();
	set_spf("authserv-id", "mx.srs.test");
	memset(&resolver, 0, sizeof(resolver));
	resolver.zone = zone;
	resolver.cached = true;
	service.settings = settings;
	service.keys = srs_keys_of(SECRET "\n");
	service.checker.base = event_base_new();
	service.checker.resolver = &resolver;
	service.checker.inflight = spf_inflight_new();
	service.checker.clock = &session_feed_clock;
	service.messages = message_memory_new();
	service.budget = srs_budget_new();
	service.clock = &session_feed_clock;
	memset(&stats, 0, sizeof(stats));
	service.stats = &stats;
	session_feed_now = NOW;
	if (unit_dir_make(state) != 0)
		return -1;
	log_capture_take();
	return 0;
}

/* policy_case_end - nothing waits for the DNS, and all memory is freed */
static inline int
policy_case_end(void **state)
{
	log_capture_take();
	assert_int_equal(resolver.out, 0);
	assert_int_equal(spf_inflight_count(service.checker.inflight), 0);
	srs_budget_free(&service.budget);
	message_memory_free(&service.messages);
	spf_inflight_free(&service.checker.inflight);
	event_base_free(service.checker.base);
	srs_keys_free(&service.keys);
	settings_free(&settings);
	return unit_dir_remove(state);
}

#endif
