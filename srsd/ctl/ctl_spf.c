/* SPDX-License-Identifier: ISC */
/*
 * srsctl spf - check SPF, and explain the result.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srsd/ctl/ctl.h"
#include "srsd/ctl/offline.h"

#define USAGE "spf [--engine native|libspf2|both] [--json] [--offline] client-ip sender [helo]"

/* The limit of DNS lookups keeps includes below this depth. */
#define DEPTH_MAX 64

/* Longer than any lookup-time. */
#define OFFLINE_SECONDS 120

struct spf_command_options {
	const char *engine;
	bool json;
	bool offline;
};

/* run_spf_query - in the confined process; an error becomes a reply, as in the daemon */
static json_t *
run_spf_query(struct offline *offline, void *arg)
{
	const char *error;
	json_t *report = offline_spf(offline, arg, &error);

	return report != NULL ? report : json_pack("{s:s}", "error", error);
}

static enum ctl_form
choose_reply_form(const struct spf_command_options *opts)
{
	return opts->json ? CTL_AS_JSON : CTL_SHOWN;
}

static json_t *
ask_dns_offline(const struct ctl *ctl, json_t *request, const struct spf_command_options *opts)
{
	char error[OFFLINE_ERROR_SIZE];
	json_t *report = offline_run(ctl->settings, run_spf_query, request, OFFLINE_SECONDS, error);

	if (report == NULL)
		ctl_print_error(error);
	return opts->json ? report : ctl_make_printable(report);
}

/* ask_daemon_or_dns - prefer the daemon, whose cache is warm */
static json_t *
ask_daemon_or_dns(const struct ctl *ctl, json_t *request, const struct spf_command_options *opts)
{
	char error[CTL_ERROR_SIZE];
	json_t *reply;

	if (opts->offline)
		return ask_dns_offline(ctl, request, opts);
	reply = ctl_ask(ctl, request, choose_reply_form(opts), error);
	if (reply != NULL)
		return reply;
	ctl_print_error(error);
	ctl_print_error("querying the DNS directly");
	return ask_dns_offline(ctl, request, opts);
}

static void
print_records(const json_t *question)
{
	const json_t *records = json_object_get(question, "records");
	bool quoted = strcmp(ctl_text(question, "type"), "TXT") == 0;
	const json_t *record;
	size_t i;

	json_array_foreach (records, i, record)
		printf(quoted ? "%s \"%s\"" : "%s %s", i == 0 ? "" : ",", ctl_string(record));
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
	long long depth = ctl_number(term, "depth");
	int indent = 2 + 4 * (depth < 0 || depth > DEPTH_MAX ? 0 : (int)depth);
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
parse_spf_options(struct spf_command_options *opts, int argc, char **argv)
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

/* set_request_text - add a member unless text is NULL; false for bytes that are not UTF-8 */
static bool
set_request_text(json_t *request, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(request, name, json_string(text)) == 0;
}

static json_t *
make_spf_request(const struct spf_command_options *opts, int argc, char **argv)
{
	json_t *request = json_object();

	if (set_request_text(request, "command", "spf") &&
	    set_request_text(request, "ip", argv[0]) &&
	    set_request_text(request, "sender", argv[1]) &&
	    set_request_text(request, "helo", argc == 3 ? argv[2] : NULL) &&
	    set_request_text(request, "engine", opts->engine))
		return request;
	json_decref(request);
	return NULL;
}

static int
show_spf_reply(const json_t *reply, const struct spf_command_options *opts)
{
	if (opts->json)
		ctl_print_json(reply);
	else
		print_report(reply);
	return ctl_print_reply_error(reply) ? CTL_USAGE : CTL_OK;
}

int
ctl_spf(const struct ctl *ctl, int argc, char **argv)
{
	struct spf_command_options opts = { .engine = NULL };
	json_t *request, *reply;
	int status = CTL_USAGE;

	if (!parse_spf_options(&opts, argc, argv))
		return ctl_usage(USAGE);
	request = make_spf_request(&opts, argc - optind, argv + optind);
	if (request == NULL) {
		ctl_print_error("an argument is not UTF-8");
		return CTL_USAGE;
	}
	reply = ask_daemon_or_dns(ctl, request, &opts);
	if (reply != NULL)
		status = show_spf_reply(reply, &opts);
	json_decref(request);
	json_decref(reply);
	return status;
}
