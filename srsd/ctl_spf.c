/* SPDX-License-Identifier: ISC */
/*
 * srsctl spf - what comes of an SPF check, and why.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "common/clock.h"
#include "conf/config.h"
#include "spf/spf_query.h"
#include "srsd/ctl.h"

#define USAGE "spf [--engine native|libspf2|both] [--json] [--offline] client-ip sender [helo]"

struct options {
	const char *engine;
	bool json;
	bool offline;
};

static void
on_done(void *arg)
{
	event_base_loopbreak(arg);
}

/* check_here - the whole check in this process */
static json_t *
check_here(struct event_base *base, const struct ctl *ctl, const json_t *request,
    struct resolver *resolver, const char **error)
{
	struct spf_checker checker = { base, resolver, spf_inflight_new(), &clock_system };
	struct spf_query *query;
	json_t *report = NULL;

	query = spf_query_start(
	    &checker, ctl->settings, request, clock_wall(&clock_system), on_done, base, error);
	if (query != NULL) {
		while (!spf_query_is_done(query))
			event_base_loop(base, EVLOOP_ONCE);
		report = spf_query_report(query);
	}
	spf_query_free(&query);
	spf_inflight_free(&checker.inflight);
	return report;
}

static json_t *
ask_offline(const struct ctl *ctl, const json_t *request)
{
	struct event_base *base = event_base_new();
	char why[CONFIG_ERROR_SIZE] = "no event base";
	struct resolver *resolver;
	const char *error = why;
	json_t *report = NULL;

	resolver = base == NULL
		       ? NULL
		       : resolver_new(base, &clock_system, ctl->settings, NULL, why, sizeof(why));
	if (resolver != NULL)
		report = check_here(base, ctl, request, resolver, &error);
	if (report == NULL)
		fprintf(stderr, "srsctl: %s\n", error);
	resolver_free(&resolver);
	if (base != NULL)
		event_base_free(base);
	return report;
}

/* ask - the daemon, whose cache is warm, or without one the DNS */
static json_t *
ask(const struct ctl *ctl, const json_t *request, bool offline)
{
	const char *error;
	json_t *reply;

	if (offline)
		return ask_offline(ctl, request);
	reply = ctl_ask(ctl, request, &error);
	if (reply != NULL)
		return reply;
	ctl_say_unreachable(ctl, error);
	fputs("srsctl: asking the DNS directly\n", stderr);
	return ask_offline(ctl, request);
}

static const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

static long long
number_of(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

static void
print_records(const json_t *question)
{
	const json_t *records = json_object_get(question, "records");
	bool quoted = strcmp(text_of(question, "type"), "TXT") == 0;
	const json_t *record;
	size_t i;

	json_array_foreach(records, i, record)
	    printf(quoted ? "%s \"%s\"" : "%s %s", i == 0 ? "" : ",", json_string_value(record));
}

static void
print_question(const json_t *question, int indent)
{
	const char *status = text_of(question, "status");

	printf("%*s%s %s", indent, "", text_of(question, "type"), text_of(question, "name"));
	print_records(question);
	if (strcmp(status, "found") != 0)
		printf(" %s", status);
	if (json_is_true(json_object_get(question, "cached")))
		printf("  (cached)\n");
	else if (json_object_get(question, "answered_ms") == NULL)
		printf("  (asked at %lld ms, no answer)\n", number_of(question, "asked_ms"));
	else
		printf("  (%lld ms, at %lld ms)\n",
		    number_of(question, "answered_ms") - number_of(question, "asked_ms"),
		    number_of(question, "asked_ms"));
}

static void
print_term(const json_t *term)
{
	const json_t *dns = json_object_get(term, "dns"), *question;
	int indent = 2 + 4 * (int)number_of(term, "depth");
	const char *text = text_of(term, "term");
	size_t i;

	if (text[0] == '\0') {
		printf("%*srecord of %s: %s\n", indent, "", text_of(term, "domain"),
		    text_of(term, "outcome"));
	} else {
		printf("%*s  %s: %s\n", indent, "", text, text_of(term, "outcome"));
		indent += 2;
	}
	json_array_foreach(dns, i, question) print_question(question, indent + 4);
}

static void
print_verdict(const json_t *identity)
{
	const char *mechanism = text_of(identity, "mechanism"),
		   *problem = text_of(identity, "problem"),
		   *explanation = text_of(identity, "explanation");

	printf("%s %s: %s", text_of(identity, "identity"), text_of(identity, "domain"),
	    text_of(identity, "result"));
	if (mechanism[0] != '\0')
		printf(" by %s", mechanism);
	if (problem[0] != '\0')
		printf(", %s", problem);
	putchar('\n');
	if (explanation[0] != '\0')
		printf("  explanation: %s\n", explanation);
	printf("  lookups %lld of %lld, void %lld of %lld, %lld ms, dnssec %s\n",
	    number_of(identity, "lookups"), number_of(identity, "lookup_limit"),
	    number_of(identity, "voids"), number_of(identity, "void_limit"),
	    number_of(identity, "time_ms"), text_of(identity, "dnssec"));
	if (json_object_get(identity, "libspf2") != NULL)
		printf("  native %s, libspf2 %s: they %s\n", text_of(identity, "native"),
		    text_of(identity, "libspf2"),
		    json_is_true(json_object_get(identity, "engines_agree")) ? "agree" : "differ");
}

static void
print_report(const json_t *report)
{
	const json_t *identities = json_object_get(report, "identities"), *identity, *terms, *term;
	size_t i, j;

	json_array_foreach(identities, i, identity)
	{
		print_verdict(identity);
		terms = json_object_get(identity, "terms");
		json_array_foreach(terms, j, term) print_term(term);
	}
}

static bool
parse_options(struct options *opts, int argc, char **argv)
{
	static const struct option names[] = {
		{ "engine", required_argument, NULL, 'e' },
		{ "json", no_argument, NULL, 'j' },
		{ "offline", no_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'e':
			opts->engine = optarg;
			break;
		case 'j':
			opts->json = true;
			break;
		case 'o':
			opts->offline = true;
			break;
		default:
			return false;
		}
	}
	return argc - optind == 2 || argc - optind == 3;
}

/* put_text - a member, unless it is missing; false for bytes that are not UTF-8 */
static bool
put_text(json_t *request, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(request, name, json_string(text)) == 0;
}

static json_t *
make_request(const struct options *opts, int argc, char **argv)
{
	json_t *request = json_object();

	if (put_text(request, "command", "spf") && put_text(request, "ip", argv[0]) &&
	    put_text(request, "sender", argv[1]) &&
	    put_text(request, "helo", argc == 3 ? argv[2] : NULL) &&
	    put_text(request, "engine", opts->engine))
		return request;
	json_decref(request);
	return NULL;
}

/* show - print the reply; its error is ours */
static int
show(const json_t *reply, const struct options *opts)
{
	const char *error = json_string_value(json_object_get(reply, "error"));

	if (opts->json)
		ctl_print_json(reply);
	else if (error == NULL)
		print_report(reply);
	if (error != NULL)
		fprintf(stderr, "srsctl: %s\n", error);
	return error == NULL ? CTL_OK : CTL_USAGE;
}

int
ctl_spf(const struct ctl *ctl, int argc, char **argv)
{
	struct options opts = { .engine = NULL };
	json_t *request, *reply;
	int status = CTL_USAGE;

	if (!parse_options(&opts, argc, argv))
		return ctl_usage(USAGE);
	request = make_request(&opts, argc - optind, argv + optind);
	if (request == NULL) {
		fputs("srsctl: an argument is not UTF-8\n", stderr);
		return CTL_USAGE;
	}
	reply = ask(ctl, request, opts.offline);
	if (reply != NULL)
		status = show(reply, &opts);
	json_decref(request);
	json_decref(reply);
	return status;
}
