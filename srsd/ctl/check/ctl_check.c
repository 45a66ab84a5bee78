/* SPDX-License-Identifier: ISC */
/*
 * srsctl check - verify a whole installation and suggest fixes: configuration, secrets, daemon,
 * Postfix, DNS.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/xmalloc.h"
#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/check/check.h"
#include "srsd/ctl/check/ctl_check.h"

/* collect_addresses - of this host; the list refers to the command line */
static void
collect_addresses(struct text_list *list, const struct command_line *line)
{
	const char *address;

	while ((address = command_line_each(line, "address", list->n)) != NULL) {
		list->text = xreallocarray(list->text, list->n + 1, sizeof(char *));
		list->text[list->n++] = (char *)(uintptr_t)address;
	}
}

static void
run_checks(struct check *check, const struct ctl *ctl, const char *postfix_dir, const char *send)
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
	check_postfix(check, postfix_dir);
	check_own_domains(check);
	check_dns(check);
	check_candidates(check);
	if (send != NULL)
		check_send(check, postfix_dir, send);
}

static int
show_findings(const struct findings *findings, const struct command_line *line)
{
	enum finding least = command_line_has(line, "quiet") ? FINDING_SKIPPED : FINDING_OK;
	json_t *json;

	if (command_line_has(line, "json")) {
		json = findings_json(findings);
		ctl_print_json(json);
		json_decref(json);
	} else {
		findings_print(findings, stdout, least);
	}
	if (findings_count(findings, FINDING_ERROR) > 0 ||
	    (command_line_has(line, "strict") && findings_count(findings, FINDING_WARNING) > 0))
		return CTL_FAILED;
	return CTL_OK;
}

/* print_domains_line - for srsd.conf */
static void
print_domains_line(const json_t *domains)
{
	const json_t *domain;
	size_t i;

	fputs("domains = {", stdout);
	json_array_foreach (domains, i, domain)
		printf("%s\"%s\"", i == 0 ? "" : ", ", ctl_string(domain));
	puts("}");
}

/* print_domains - and no other text on standard output */
static int
print_domains(struct check *check, const char *postfix_dir, bool as_json)
{
	char error[POSTFIX_ERROR_SIZE];
	json_t *domains;
	bool absent;

	if (check->ctl->config_error != NULL) {
		ctl_print_error(check->ctl->config_error);
		return CTL_UNKNOWN;
	}
	check->postfix = postfix_open(postfix_dir, &absent, error);
	if (check->postfix == NULL) {
		fprintf(stderr, "srsctl: Postfix: %s\n", error);
		return CTL_UNKNOWN;
	}
	domains = check_list_domains(check, stderr);
	if (as_json)
		ctl_print_json(domains);
	else
		print_domains_line(domains);
	json_decref(domains);
	return CTL_OK;
}

int
ctl_check(const struct ctl *ctl, const struct command_line *line)
{
	const char *postfix = command_line_text(line, "postfix");
	const char *given = command_line_text(line, "send");
	char *send = NULL; /* a forwarding address, or NULL */
	struct text_list addresses = { 0, NULL };
	struct check check = { .ctl = ctl, .settings = ctl->settings, .addresses = &addresses };
	int status;

	if (given != NULL) {
		send = address_argument_read("--send", given, ADDRESS_ARGUMENT_RECIPIENT);
		if (send == NULL)
			return CTL_USAGE;
	}
	collect_addresses(&addresses, line);
	check.findings = findings_new();
	check.now = time(NULL);
	if (command_line_has(line, "print-domains")) {
		status = print_domains(&check, postfix, command_line_has(line, "json"));
	} else {
		run_checks(&check, ctl, postfix, send);
		status = show_findings(check.findings, line);
	}
	postfix_free(&check.postfix);
	srs_keys_free(&check.keys);
	findings_free(&check.findings);
	free(addresses.text);
	free(send);
	return status;
}
