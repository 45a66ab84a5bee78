/* SPDX-License-Identifier: ISC */
/*
 * srsctl spf - what comes of an SPF check, and why.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config.h"
#include "srsd/ctl.h"
#include "srsd/offline.h"

#define USAGE "spf [--engine native|libspf2|both] [--json] [--offline] client-ip sender [helo]"

struct options {
	const char *engine;
	bool json;
	bool offline;
};

static json_t *
ask_offline(const struct ctl *ctl, const json_t *request)
{
	char why[CONFIG_ERROR_SIZE];
	const char *error = why;
	struct offline offline;
	json_t *report = NULL;

	if (offline_open(&offline, ctl->settings, why, sizeof(why))) {
		report = offline_spf(&offline, request, &error);
		offline_close(&offline);
	}
	if (report == NULL)
		fprintf(stderr, "srsctl: %s\n", error);
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

static void
print_records(const json_t *question)
{
	const json_t *records = json_object_get(question, "records");
	bool quoted = strcmp(ctl_text(question, "type"), "TXT") == 0;
	const json_t *record;
	size_t i;

	json_array_foreach (records, i, record)
		printf(
		    quoted ? "%s \"%s\"" : "%s %s", i == 0 ? "" : ",", json_string_value(record));
}

static void
print_question(const json_t *question, int indent)
{
	const char *status = ctl_text(question, "status");

	printf("%*s%s %s", indent, "", ctl_text(question, "type"), ctl_text(question, "name"));
	print_records(question);
	if (strcmp(status, "found") != 0)
		printf(" %s", status);
	if (json_is_true(json_object_get(question, "cached")))
		printf("  (cached)\n");
	else if (json_object_get(question, "answered_ms") == NULL)
		printf("  (asked at %lld ms, no answer)\n", ctl_number(question, "asked_ms"));
	else
		printf("  (%lld ms, at %lld ms)\n",
		    ctl_number(question, "answered_ms") - ctl_number(question, "asked_ms"),
		    ctl_number(question, "asked_ms"));
}

static void
print_term(const json_t *term)
{
	const json_t *dns = json_object_get(term, "dns"), *question;
	int indent = 2 + 4 * (int)ctl_number(term, "depth");
	const char *text = ctl_text(term, "term");
	size_t i;

	if (text[0] == '\0') {
		printf("%*srecord of %s: %s\n", indent, "", ctl_text(term, "domain"),
		    ctl_text(term, "outcome"));
		if (ctl_text(term, "hint")[0] != '\0')
			printf("%*shint: TXT %s %s\n", indent + 2, "", ctl_text(term, "domain"),
			    ctl_text(term, "hint"));
	} else {
		printf("%*s  %s: %s\n", indent, "", text, ctl_text(term, "outcome"));
		indent += 2;
	}
	json_array_foreach (dns, i, question)
		print_question(question, indent + 4);
}

static void
print_verdict(const json_t *identity)
{
	const char *mechanism = ctl_text(identity, "mechanism"),
		   *problem = ctl_text(identity, "problem"),
		   *explanation = ctl_text(identity, "explanation");

	printf("%s %s: %s", ctl_text(identity, "identity"), ctl_text(identity, "domain"),
	    ctl_text(identity, "result"));
	if (mechanism[0] != '\0')
		printf(" by %s", mechanism);
	if (problem[0] != '\0')
		printf(", %s", problem);
	putchar('\n');
	if (explanation[0] != '\0')
		printf("  explanation: %s\n", explanation);
	printf("  lookups %lld of %lld, void %lld of %lld, %lld ms, dnssec %s\n",
	    ctl_number(identity, "lookups"), ctl_number(identity, "lookup_limit"),
	    ctl_number(identity, "voids"), ctl_number(identity, "void_limit"),
	    ctl_number(identity, "time_ms"), ctl_text(identity, "dnssec"));
	if (json_object_get(identity, "libspf2") != NULL)
		printf("  native %s, libspf2 %s: they %s\n", ctl_text(identity, "native"),
		    ctl_text(identity, "libspf2"),
		    json_is_true(json_object_get(identity, "engines_agree")) ? "agree" : "differ");
}

static void
print_report(const json_t *report)
{
	const json_t *identities = json_object_get(report, "identities"), *identity, *terms, *term;
	size_t i, j;

	json_array_foreach (identities, i, identity) {
		print_verdict(identity);
		terms = json_object_get(identity, "terms");
		json_array_foreach (terms, j, term)
			print_term(term);
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
