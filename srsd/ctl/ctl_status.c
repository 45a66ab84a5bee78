/* SPDX-License-Identifier: ISC */
/*
 * srsctl status - print the state of the daemon.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "srsd/ctl/ctl.h"

/* The number of candidates of per-domain that are printed. */
#define CANDIDATE_ROWS 40

/* The number of forwarding domains that are printed. */
#define FORWARD_ROWS 10

/* print_quantity - "1 row" or "2 rows" after the separator */
static void
print_quantity(const char *separator, long long number, const char *noun)
{
	printf("%s%lld %s%s", separator, number, noun, number == 1 ? "" : "s");
}

/* print_counts - "a 1, b 2" of an object, without the members that are 0 */
static void
print_counts(json_t *object)
{
	bool any = false;
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value) {
		if (json_integer_value(value) == 0)
			continue;
		printf("%s%s %lld", any ? ", " : "", name, (long long)json_integer_value(value));
		any = true;
	}
	puts(any ? "" : "none yet");
}

static void
print_numbers(const char *title, json_t *object)
{
	printf("%-12s", title);
	print_counts(object);
}

static void
print_listeners(json_t *listeners)
{
	const char *name;
	json_t *list, *endpoint;
	size_t i;

	json_object_foreach (listeners, name, list) {
		printf("%-12s", name);
		json_array_foreach (list, i, endpoint)
			printf("%s%s", i == 0 ? "" : ", ", ctl_string(endpoint));
		puts(json_array_size(list) == 0 ? "not listening" : "");
	}
}

static void
print_reload(const json_t *reload)
{
	time_t at = (time_t)ctl_number(reload, "at");
	char text[64] = "";
	struct tm tm;

	if (!json_is_object(reload))
		return;
	if (localtime_r(&at, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	printf("%-12s%s, ", "reload", text);
	if (!json_is_true(json_object_get(reload, "refused")))
		puts("in force");
	else if (json_is_string(json_object_get(reload, "error")))
		printf("refused: %s\n", ctl_text(reload, "error"));
	else
		puts("refused; the log has the reason");
}

/* format_age - "41 s" since a time */
static const char *
format_age(char text[DURATION_TEXT_SIZE], const json_t *object, const char *member)
{
	long long age = (long long)time(NULL) - ctl_number(object, member);

	return ctl_time_span(text, age);
}

/* print_nameservers - as the daemon uses them; a daemon of an earlier version does not list them */
static void
print_nameservers(const json_t *dns)
{
	const json_t *servers = json_object_get(dns, "servers"), *server;
	const char *from = ctl_text(dns, "from");
	char age[DURATION_TEXT_SIZE];
	size_t i;

	if (!json_is_array(servers))
		return;
	printf("%-12s", "dns servers");
	json_array_foreach (servers, i, server)
		printf("%s%s", i == 0 ? "" : ", ", ctl_string(server));
	if (json_array_size(servers) > 0)
		printf(" (%s)", from);
	else
		printf("%s", from);
	if (json_is_integer(json_object_get(dns, "last_answer")))
		printf(", last answer %s ago", format_age(age, dns, "last_answer"));
	else
		printf(", no answer yet");
	if (json_is_integer(json_object_get(dns, "outage_since")))
		printf(", outage for %s", format_age(age, dns, "outage_since"));
	putchar('\n');
}

/* print_saturated - only if checks have been cut off recently */
static void
print_saturated(const json_t *status)
{
	const json_t *most = json_object_get(status, "saturated");

	if (!json_is_object(most))
		return;
	printf("%-12s%lld checks cut off; most queries: network %s %lld, domain %s %lld\n",
	    "saturated", ctl_number(status, "cut_off"), ctl_text(most, "network"),
	    ctl_number(most, "network_questions"), ctl_text(most, "domain"),
	    ctl_number(most, "domain_questions"));
}

/* print_refused - the connections from addresses that clients does not list, if there are any */
static void
print_refused(json_t *refused)
{
	const char *service;
	json_t *number;

	json_object_foreach (refused, service, number)
		if (json_integer_value(number) != 0) {
			print_numbers("refused", refused);
			return;
		}
}

static void
print_secrets(const json_t *secrets)
{
	const json_t *secret;
	size_t i;

	json_array_foreach (secrets, i, secret)
		printf("%-12s%s verified %lld%s\n", i == 0 ? "secrets" : "",
		    ctl_text(secret, "fingerprint"), ctl_number(secret, "verified"),
		    i == 0 ? ", signs" : "");
}

/* print_store - only if there is an envelope-database */
static void
print_store(const json_t *store)
{
	const json_t *problem = json_object_get(store, "problem");
	const json_t *rows = json_object_get(store, "rows");

	if (!json_is_object(store))
		return;
	printf("%-12s%s, %s%s%s", "store", ctl_text(store, "database"),
	    json_is_true(json_object_get(store, "connected")) ? "connected" : "not connected",
	    json_is_string(problem) ? ": " : "", ctl_string(problem));
	if (json_is_integer(rows))
		print_quantity(", ", ctl_number(store, "rows"), "row");
	print_quantity(", ", ctl_number(store, "errors"), "error");
	putchar('\n');
	print_numbers("store puts", json_object_get(store, "put"));
	print_numbers("store gets", json_object_get(store, "get"));
}

/* print_milter - a line for each kind of message */
static void
print_milter(json_t *milter)
{
	const char *title = "milter", *kind;
	json_t *results;

	json_object_foreach (milter, kind, results) {
		printf("%-12s%s: ", title, kind);
		print_counts(results);
		title = "";
	}
}

static void
print_forward_row(const char *name, const json_t *numbers)
{
	const json_t *total = json_object_get(numbers, "total"),
		     *running = json_object_get(numbers, "running_hour"),
		     *last = json_object_get(numbers, "last_hour");

	printf("  %-30s %10lld %10lld %10lld %8lld/%-6lld %8lld/%lld\n", name,
	    ctl_number(total, "forwarded"), ctl_number(total, "unauthenticated"),
	    ctl_number(total, "bounced"), ctl_number(running, "forwarded"),
	    ctl_number(running, "bounced"), ctl_number(last, "forwarded"),
	    ctl_number(last, "bounced"));
}

/* print_forwards - only with a milter: the busiest forwarding domains */
static void
print_forwards(const json_t *forwards)
{
	const json_t *domains = json_object_get(forwards, "domains"), *domain;
	size_t i;

	if (!json_is_object(forwards))
		return;
	printf("%-32s %10s %10s %10s %15s %15s\n", "forwards", "forwarded", "unauth.", "bounced",
	    "this hour", "last hour");
	print_forward_row("all domains", forwards);
	json_array_foreach (domains, i, domain) {
		if (i == FORWARD_ROWS)
			break;
		print_forward_row(ctl_text(domain, "domain"), domain);
	}
	if (json_array_size(domains) > FORWARD_ROWS)
		printf("  %zu more domains: see srsctl status --json\n",
		    json_array_size(domains) - FORWARD_ROWS);
}

static void
print_candidate_row(const json_t *candidate)
{
	printf("  %-30s %s\n", ctl_text(candidate, "domain"), ctl_text(candidate, "text"));
}

/* print_candidates - only with per-domain: those that are not usable come first */
static void
print_candidates(const json_t *candidates)
{
	const json_t *domains = json_object_get(candidates, "domains"), *candidate;
	json_t *counts = json_object_get(candidates, "counts"), *count;
	const char *kind;
	unsigned long long all = 0, shown = 0;
	size_t i;

	if (!json_is_object(candidates))
		return;
	print_numbers("per-domain", counts);
	json_object_foreach (counts, kind, count)
		all += (unsigned long long)json_integer_value(count);
	json_array_foreach (domains, i, candidate) {
		if (i == CANDIDATE_ROWS)
			break;
		print_candidate_row(candidate);
		shown++;
	}
	if (all > shown)
		printf("  %llu more domains: see srsctl status --json\n", all - shown);
}

/* print_processes - the one to signal comes first */
static void
print_processes(const json_t *status)
{
	printf("%-12s", "processes");
	if (ctl_number(status, "monitor_pid") > 0)
		printf("monitor pid %lld, ", ctl_number(status, "monitor_pid"));
	printf("engine pid %lld\n", ctl_number(status, "pid"));
}

/* print_text_row - nothing for a member that a daemon of an earlier version does not have */
static void
print_text_row(const json_t *status, const char *title, const char *member)
{
	const char *text = ctl_text(status, member);

	if (text[0] != '\0')
		printf("%-12s%s\n", title, text);
}

/* print_inactive - a line for each part of the work that an option disables */
static void
print_inactive(const json_t *inactive)
{
	const json_t *part;
	size_t i;

	json_array_foreach (inactive, i, part)
		printf("%-12s%s (%s)\n", i == 0 ? "inactive" : "", ctl_text(part, "what"),
		    ctl_text(part, "option"));
}

static void
print_status(const json_t *status)
{
	json_t *lookups = json_object_get(status, "lookups");
	json_t *spf = json_object_get(status, "spf");
	char uptime[DURATION_TEXT_SIZE];

	printf("srsd %s, up %s", ctl_text(status, "version"),
	    ctl_time_span(uptime, ctl_number(status, "uptime")));
	print_quantity(", ", ctl_number(status, "engine_restarts"), "engine restart");
	putchar('\n');
	print_processes(status);
	print_text_row(status, "config", "config");
	print_text_row(status, "log", "log");
	print_inactive(json_object_get(status, "inactive"));
	printf("%-12s%s", "srs-domain", ctl_text(status, "srs_domain"));
	print_quantity(", ", ctl_number(status, "domains"), "own domain");
	if (ctl_number(status, "sections") > 0)
		print_quantity(", ", ctl_number(status, "sections"), "section");
	putchar('\n');
	print_listeners(json_object_get(status, "listeners"));
	print_numbers("connections", json_object_get(status, "connections"));
	print_refused(json_object_get(status, "connections_refused"));
	print_numbers("forward map", json_object_get(lookups, "forward"));
	print_numbers("reverse map", json_object_get(lookups, "reverse"));
	print_numbers("policy", json_object_get(status, "policy"));
	print_milter(json_object_get(status, "milter"));
	print_numbers("spf helo", json_object_get(spf, "helo"));
	print_numbers("spf sender", json_object_get(spf, "mailfrom"));
	print_numbers("dns", json_object_get(status, "dns"));
	print_nameservers(json_object_get(status, "nameservers"));
	printf("%-12s%lld waiting for the DNS, with %lld queries\n", "checks",
	    ctl_number(status, "checks_in_flight"), ctl_number(status, "questions_in_flight"));
	print_saturated(status);
	print_store(json_object_get(status, "store"));
	print_candidates(json_object_get(status, "candidates"));
	print_forwards(json_object_get(status, "forwards"));
	print_secrets(json_object_get(status, "secrets"));
	print_reload(json_object_get(status, "reload"));
}

int
ctl_status(const struct ctl *ctl, const struct command_line *line)
{
	bool json = command_line_has(line, "json");
	json_t *reply;

	if (ctl_ask_for(ctl, "status", NULL, json ? CTL_AS_JSON : CTL_SHOWN, &reply) != CTL_OK)
		return CTL_UNKNOWN;
	if (json)
		ctl_print_json(reply);
	else
		print_status(reply);
	json_decref(reply);
	return CTL_OK;
}
