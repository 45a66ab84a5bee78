/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/printable.h"
#include "common/xmalloc.h"
#include "spf/spf_outbound.h"
#include "spf/spf_report.h"

/* A hint, which holds a domain and an address. */
#define HINT_SIZE (HOSTNAME_MAX + IPADDR_TEXT_SIZE + 100)

struct spf_outbound {
	const struct spf_checker *checker;
	struct settings *settings; /* those of the start, even after a reload */
	struct text domain, record;
	time_t now;
	uint64_t started; /* on the clock, in milliseconds */
	void (*wake)(void *arg);
	void *wake_arg;
	struct spf_check *check; /* of the current address */
	struct ipaddr address;
	size_t next; /* the number of the address after it */
	bool done;
	json_t *found;
};

/* choose_outbound_address - false after the last */
static bool
choose_outbound_address(struct spf_outbound *outbound)
{
	const struct text_list *list = &outbound->settings->outbound_addresses;
	const char *text;

	while (outbound->next < list->n) {
		text = list->text[outbound->next++];
		if (ipaddr_parse(&outbound->address, text, strlen(text)))
			return true;
	}
	return false;
}

/* format_outbound_hint - what to do to the record; "" if that is not known, or nothing */
static void
format_outbound_hint(
    const struct spf_outbound *outbound, const struct spf_verdict *verdict, char hint[HINT_SIZE])
{
	const char *name = outbound->address.family == AF_INET ? "ip4" : "ip6";
	char domain[HOSTNAME_MAX + 1], ip[IPADDR_TEXT_SIZE];

	printable(domain, sizeof(domain), outbound->domain.s, outbound->domain.len);
	ipaddr_format(&outbound->address, ip);
	hint[0] = '\0';
	switch (verdict->result) {
	case SPF_NONE:
		snprintf(
		    hint, HINT_SIZE, "publish an SPF record for %s with %s:%s", domain, name, ip);
		break;
	case SPF_NEUTRAL:
	case SPF_FAIL:
	case SPF_SOFTFAIL:
		snprintf(hint, HINT_SIZE, "add %s:%s to the SPF record of %s", name, ip, domain);
		break;
	case SPF_PASS:
		if (verdict->varies)
			snprintf(hint, HINT_SIZE,
			    "publish an SPF record for %s without %%{s}, %%{l} and %%{h}", domain);
		break;
	default:
		break;
	}
}

/* add_address - report may be NULL; takes over the reference */
static json_t *
add_address(struct spf_outbound *outbound, json_t *report)
{
	json_t *object = json_object(), *identities = json_array();
	char ip[IPADDR_TEXT_SIZE];

	ipaddr_format(&outbound->address, ip);
	json_object_set_new(object, "ip", json_string(ip));
	if (report != NULL)
		json_array_append_new(identities, report);
	json_object_set_new(object, "identities", identities);
	json_array_append_new(outbound->found, object);
	return object;
}

/* take_outbound_verdict - of the current address */
static void
take_outbound_verdict(struct spf_outbound *outbound)
{
	const struct spf_verdict *verdict = &spf_check_verdicts(outbound->check)->mailfrom;
	json_t *report = spf_report(outbound->check, SPF_IDENTITY_MAILFROM, SPF_EVALUATOR_NATIVE);
	char hint[HINT_SIZE];
	json_t *object;

	if (verdict->result == SPF_PASS)
		json_object_del(report, "terms");
	format_outbound_hint(outbound, verdict, hint);
	object = add_address(outbound, report);
	if (hint[0] != '\0')
		json_object_set_new(object, "hint", json_string(hint));
	spf_check_free(&outbound->check);
}

static void on_outbound_verdict(void *arg);

static void
start_outbound_address(struct spf_outbound *outbound)
{
	struct spf_check_request req = {
		.ip = outbound->address,
		.helo = outbound->domain,
		.sender_local = { "", 0 }, /* postmaster */
		.sender_domain = outbound->domain,
		.check_mailfrom = true,
		.evaluator = SPF_EVALUATOR_NATIVE,
		.record = outbound->record,
		.trace = true,
		.rfc_limits = true,
		.now = outbound->now,
	};

	outbound->check = spf_check_start(
	    outbound->checker, outbound->settings, &req, on_outbound_verdict, outbound);
}

static bool
has_time_left(const struct spf_outbound *outbound)
{
	return clock_elapsed(outbound->checker->clock) - outbound->started <
	       SPF_OUTBOUND_SECONDS * UINT64_C(1000);
}

/* evaluate_addresses - until all are done, or the current one waits for the DNS */
static void
evaluate_addresses(struct spf_outbound *outbound)
{
	while (choose_outbound_address(outbound)) {
		if (!has_time_left(outbound)) {
			add_address(outbound, NULL);
			continue;
		}
		start_outbound_address(outbound);
		if (!spf_check_is_done(outbound->check))
			return;
		take_outbound_verdict(outbound);
	}
	outbound->done = true;
}

/* on_outbound_verdict - of an address that has waited for the DNS */
static void
on_outbound_verdict(void *arg)
{
	struct spf_outbound *outbound = arg;

	take_outbound_verdict(outbound);
	evaluate_addresses(outbound);
	if (outbound->done)
		outbound->wake(outbound->wake_arg);
}

struct spf_outbound *
spf_outbound_start(const struct spf_checker *checker, struct settings *settings, struct text domain,
    struct text record, time_t now, void (*wake)(void *arg), void *arg, const char **error)
{
	struct spf_outbound *outbound;

	*error = "for: must be a domain";
	if (domain.len == 0 || memchr(domain.s, '@', domain.len) != NULL)
		return NULL;
	*error = "outbound-addresses is empty: list the addresses from which mail leaves this host";
	if (settings->outbound_addresses.n == 0)
		return NULL;
	outbound = xcalloc(1, sizeof(*outbound));
	outbound->checker = checker;
	outbound->settings = settings_ref(settings);
	outbound->domain = domain;
	outbound->record = record;
	outbound->now = now;
	outbound->started = clock_elapsed(checker->clock);
	outbound->wake = wake;
	outbound->wake_arg = arg;
	outbound->found = json_array();
	evaluate_addresses(outbound);
	return outbound;
}

bool
spf_outbound_is_done(const struct spf_outbound *outbound)
{
	return outbound->done;
}

json_t *
spf_outbound_report(const struct spf_outbound *outbound)
{
	return json_incref(outbound->found);
}

void
spf_outbound_free(struct spf_outbound **outboundp)
{
	struct spf_outbound *outbound = *outboundp;

	if (outbound == NULL)
		return;
	spf_check_free(&outbound->check);
	settings_free(&outbound->settings);
	json_decref(outbound->found);
	free(outbound);
	*outboundp = NULL;
}
