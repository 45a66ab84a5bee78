/* SPDX-License-Identifier: ISC */
/*
 * srsctl recent - print the last decisions of the daemon, and follow the next ones.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/ipaddr.h"
#include "common/standard_files.h"
#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/terminal.h"

/* The number of decisions that are printed to begin with. */
#define LINES_DEFAULT 100

#define TIME_TEXT_SIZE 64

struct recent_options {
	const char *queue, *client, *address, *domain, *result; /* or NULL */
	char client_text[IPADDR_TEXT_SIZE];
	char *address_text;
	int lines;
	bool follow;
	bool json;
};

/* normalize_client - the daemon compares texts; false: it is not an IP address */
static bool
normalize_client(struct recent_options *opts, const char *client)
{
	struct ipaddr ip;

	if (!address_argument_client(&ip, "--client", client, NULL))
		return false;
	ipaddr_format(&ip, opts->client_text);
	opts->client = opts->client_text;
	return true;
}

/* read_recent_options - false: an error was printed */
static bool
read_recent_options(struct recent_options *opts, const struct command_line *line)
{
	const char *client = command_line_text(line, "client");
	const char *address = command_line_text(line, "address");

	opts->domain = command_line_text(line, "domain");
	if (opts->domain != NULL && strchr(opts->domain, '@') != NULL) {
		ctl_usage(line, "--domain: '%s' is not a domain; for an address, use --address",
		    opts->domain);
		return false;
	}
	opts->follow = command_line_has(line, "follow");
	opts->json = command_line_has(line, "json");
	opts->lines = command_line_number(line, "lines", LINES_DEFAULT);
	opts->queue = command_line_text(line, "queue");
	opts->result = command_line_text(line, "result");
	if (address != NULL)
		opts->address = opts->address_text =
		    address_argument_read("--address", address, ADDRESS_ARGUMENT_SENDER);
	return (address == NULL || opts->address != NULL) &&
	       (client == NULL || normalize_client(opts, client));
}

static json_t *
make_recent_request(const struct recent_options *opts)
{
	return json_pack("{s:s, s:i, s:s*, s:s*, s:s*, s:s*, s:s*}", "command", "recent", "last",
	    opts->lines, "queue", opts->queue, "client", opts->client, "address", opts->address,
	    "domain", opts->domain, "result", opts->result);
}

/* choose_decision_colour - refusals and deferrals stand out; "": none */
static const char *
choose_decision_colour(const json_t *decision)
{
	const char *action = ctl_text(decision, "action"), *result = ctl_text(decision, "result");

	if (strcmp(action, "reject") == 0 || strcmp(result, "refused") == 0 ||
	    strcmp(result, "discarded") == 0)
		return "31";
	if (strcmp(action, "defer") == 0 || strcmp(result, "deferred") == 0 ||
	    strcmp(result, "held") == 0)
		return "33";
	return "";
}

static const char *
format_local_time(char text[TIME_TEXT_SIZE], time_t at)
{
	struct tm tm;

	strlcpy(text, "?", TIME_TEXT_SIZE);
	if (localtime_r(&at, &tm) != NULL)
		strftime(text, TIME_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &tm);
	return text;
}

static bool
is_address_member(const char *name)
{
	return strcmp(name, "sender") == 0 || strcmp(name, "recipient") == 0 ||
	       strcmp(name, "orcpt") == 0 || strcmp(name, "to") == 0;
}

/* print_decision - as a line of the log */
static void
print_decision(const json_t *decision, const struct terminal *terminal)
{
	static const char *const members[] = { "queue", "client", "helo", "sender", "orcpt",
		"recipient", "to", "kind", "result", "identity", "mechanism", "action", "reason",
		"would" };
	const char *colour = terminal->colour ? choose_decision_colour(decision) : "", *text;
	char time_text[TIME_TEXT_SIZE];
	size_t i;

	if (colour[0] != '\0')
		printf("\033[%sm", colour);
	printf("%s %s", format_local_time(time_text, (time_t)ctl_number(decision, "time")),
	    ctl_text(decision, "service"));
	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		text = ctl_text(decision, members[i]);
		if (json_is_string(json_object_get(decision, members[i])))
			printf(is_address_member(members[i]) ? " %s=<%s>" : " %s=%s", members[i],
			    text);
	}
	if (json_object_get(decision, "ms") != NULL)
		printf(" time=%lldms", ctl_number(decision, "ms"));
	if (json_is_true(json_object_get(decision, "cut")))
		fputs(" note=cut", stdout);
	puts(colour[0] != '\0' ? "\033[0m" : "");
}

/* print_decisions - false: they cannot be written */
static bool
print_decisions(
    const json_t *reply, const struct recent_options *opts, const struct terminal *terminal)
{
	const json_t *decision;
	size_t i;

	if (ctl_number(reply, "missed") > 0) {
		standard_files_flush_output();
		fprintf(stderr,
		    "srsctl: %lld decisions were overwritten before they could be read\n",
		    ctl_number(reply, "missed"));
	}
	json_array_foreach (json_object_get(reply, "decisions"), i, decision)
		if (opts->json)
			ctl_print_json_line(decision);
		else
			print_decision(decision, terminal);
	return standard_files_flush_output();
}

/* report_nothing_found - the daemon has only some decisions, so others may have been made */
static void
report_nothing_found(const json_t *reply)
{
	const json_t *kept = json_object_get(reply, "kept");
	long long n = ctl_number(kept, "decisions");
	char since[TIME_TEXT_SIZE];

	if (!json_is_object(kept))
		return;
	if (n == 0)
		fputs("srsctl: the daemon remembers no decision; see its log for earlier ones\n",
		    stderr);
	else
		fprintf(stderr,
		    "srsctl: the daemon remembers %lld %s since %s, and none matches; see its "
		    "log for earlier ones\n",
		    n, n == 1 ? "decision" : "decisions",
		    format_local_time(since, (time_t)ctl_number(kept, "since")));
}

/* set_next_request - after this reply; false: it was the last one */
static bool
set_next_request(json_t *request, const json_t *reply, bool follow)
{
	bool more = json_is_true(json_object_get(reply, "more"));

	json_object_del(request, "last");
	json_object_set_new(request, "from", json_integer(ctl_number(reply, "next")));
	json_object_set_new(request, "wait", json_boolean(!more));
	return more || follow;
}

/* report_end - of the connection: at the first request it is an error of its own */
static int
report_end(const char *error, bool followed)
{
	ctl_print_error(followed ? "srsd has stopped, or was restarted" : error);
	return CTL_UNKNOWN;
}

/* read_decisions - until the last page; with --follow, until the daemon ends */
static int
read_decisions(const struct ctl *ctl, int fd, json_t *request, const struct recent_options *opts)
{
	enum ctl_form form = opts->json ? CTL_AS_JSON : CTL_SHOWN;
	bool goes_on = true, followed = false, ending, found = opts->lines == 0 || opts->json;
	struct terminal terminal;
	char error[CTL_ERROR_SIZE];
	json_t *reply;

	for (terminal_describe(&terminal, STDOUT_FILENO); goes_on; followed = opts->follow) {
		reply = ctl_exchange(ctl, fd, request, opts->follow, form, error);
		if (reply == NULL)
			return report_end(error, followed);
		if (ctl_print_reply_error(reply)) {
			json_decref(reply);
			return CTL_UNKNOWN;
		}
		goes_on = print_decisions(reply, opts, &terminal);
		ending = json_is_true(json_object_get(reply, "ending"));
		goes_on = goes_on && set_next_request(request, reply, opts->follow);
		found = found || json_array_size(json_object_get(reply, "decisions")) > 0;
		if (!goes_on && !found)
			report_nothing_found(reply);
		json_decref(reply);
		if (ending && opts->follow)
			return report_end("", true);
	}
	return CTL_OK;
}

static int
run_recent(const struct ctl *ctl, const struct recent_options *opts)
{
	json_t *request = make_recent_request(opts);
	char error[CTL_ERROR_SIZE];
	int fd, status = CTL_UNKNOWN;

	if (request == NULL) {
		ctl_print_error("an argument is not UTF-8");
		return CTL_USAGE;
	}
	fd = ctl_open(ctl, error);
	if (fd == -1) {
		ctl_print_error(error);
	} else {
		status = read_decisions(ctl, fd, request, opts);
		close(fd);
	}
	json_decref(request);
	return status;
}

int
ctl_recent(const struct ctl *ctl, const struct command_line *line)
{
	struct recent_options opts = { .queue = NULL };
	int status = CTL_USAGE;

	if (read_recent_options(&opts, line))
		status = run_recent(ctl, &opts);
	free(opts.address_text);
	return status;
}
