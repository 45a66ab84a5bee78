/* SPDX-License-Identifier: ISC */
/*
 * srsctl check - verify a whole installation and suggest fixes: configuration, secrets, daemon,
 * Postfix, DNS.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/ctl_check.h"

#define USAGE                                                                                         \
	"check [-q] [--strict] [--postfix directory] [--address ip] ... [--json] [--print-domains]\n" \
	"          [--send address]"

struct check_options {
	const char *postfix;
	struct text_list addresses;
	char *send; /* a forwarding address, or NULL */
	bool json;
	bool print_domains;
	bool quiet;
	bool strict;
};

static bool
add_host_address(struct text_list *list, char *text)
{
	struct ipaddr ip;

	if (!ipaddr_parse(&ip, text, strlen(text))) {
		fprintf(stderr, "srsctl: --address %s: not an IPv4 or IPv6 address\n", text);
		return false;
	}
	list->text = xreallocarray(list->text, list->n + 1, sizeof(char *));
	list->text[list->n++] = text;
	return true;
}

static bool
parse_check_options(struct check_options *opts, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", required_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "postfix", required_argument, NULL, 'p' },
		{ "print-domains", no_argument, NULL, 'd' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "send", required_argument, NULL, 't' },
		{ "strict", no_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "q", names, NULL)) != -1) {
		switch (c) {
		case 'a':
			if (!add_host_address(&opts->addresses, optarg))
				return false;
			break;
		case 'd':
			opts->print_domains = true;
			break;
		case 'j':
			opts->json = true;
			break;
		case 'p':
			opts->postfix = optarg;
			break;
		case 'q':
			opts->quiet = true;
			break;
		case 's':
			opts->strict = true;
			break;
		case 't':
			free(opts->send);
			opts->send =
			    address_argument_read("--send", optarg, ADDRESS_ARGUMENT_RECIPIENT);
			if (opts->send == NULL)
				return false;
			break;
		default:
			return false;
		}
	}
	return optind == argc;
}

static void
run_checks(struct check *check, const struct ctl *ctl, const struct check_options *opts)
{
	if (ctl->config_error != NULL) {
		findings_add(
		    check->findings, FINDING_ERROR, "configuration: %s", ctl->config_error);
		findings_remedy(
		    check->findings, "fix it; srsd -n -f %s reports the same error", ctl->config);
		findings_add(check->findings, FINDING_SKIPPED, "everything else");
		findings_remedy(check->findings, "it needs the configuration");
		return;
	}
	findings_add(check->findings, FINDING_OK, "configuration %s", ctl->config);
	check_files(check);
	check_hash(check);
	check_secret_age(check);
	check_secret_access(check);
	check_daemon(check);
	check_milter(check);
	check_store(check);
	check_postfix(check, opts->postfix);
	check_own_domains(check);
	check_dns(check);
	check_candidates(check);
	if (opts->send != NULL)
		check_send(check, opts->postfix, opts->send);
}

static int
show_findings(const struct findings *findings, const struct check_options *opts)
{
	json_t *json;

	if (opts->json) {
		json = findings_json(findings);
		ctl_print_json(json);
		json_decref(json);
	} else {
		findings_print(findings, stdout, opts->quiet ? FINDING_SKIPPED : FINDING_OK);
	}
	if (findings_count(findings, FINDING_ERROR) > 0 ||
	    (opts->strict && findings_count(findings, FINDING_WARNING) > 0))
		return CTL_FAILED;
	return CTL_OK;
}

/* print_domains - the line for srsd.conf, and no other text on standard output */
static int
print_domains(struct check *check, const struct ctl *ctl, const char *postfix_dir)
{
	char error[POSTFIX_ERROR_SIZE];
	bool absent;

	if (ctl->config_error != NULL) {
		fprintf(stderr, "srsctl: %s\n", ctl->config_error);
		return CTL_FAILED;
	}
	check->postfix = postfix_open(postfix_dir, &absent, error);
	if (check->postfix == NULL) {
		fprintf(stderr, "srsctl: Postfix: %s\n", error);
		return CTL_FAILED;
	}
	check_print_domains(check, stdout, stderr);
	return CTL_OK;
}

int
ctl_check(const struct ctl *ctl, int argc, char **argv)
{
	struct check_options opts = { .postfix = NULL };
	struct check check = {
		.ctl = ctl, .settings = ctl->settings, .addresses = &opts.addresses
	};
	int status = CTL_USAGE;

	if (!parse_check_options(&opts, argc, argv)) {
		free(opts.addresses.text);
		free(opts.send);
		return ctl_usage(USAGE);
	}
	check.findings = findings_new();
	check.now = time(NULL);
	if (opts.print_domains) {
		status = print_domains(&check, ctl, opts.postfix);
	} else {
		run_checks(&check, ctl, &opts);
		status = show_findings(check.findings, &opts);
	}
	postfix_free(&check.postfix);
	srs_keys_free(&check.keys);
	findings_free(&check.findings);
	free(opts.addresses.text);
	free(opts.send);
	return status;
}
