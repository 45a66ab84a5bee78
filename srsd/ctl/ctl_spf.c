/* SPDX-License-Identifier: ISC */
/*
 * srsctl spf - check SPF, and explain the result.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/standard_files.h"
#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/input_line.h"
#include "srsd/ctl/offline.h"
#include "srsd/ctl/progress.h"
#include "srsd/ctl/spf_tree.h"

/* Longer than any lookup-time, and than an spf_outbound. */
#define OFFLINE_SECONDS 120

/* Of a question: client, sender and HELO name. */
#define MOST_WORDS 3

struct spf_command_options {
	const char *engine;
	const char *record;     /* or NULL */
	const char *srs_domain; /* of --for, or NULL */
	bool json;
	bool offline;
	bool batch; /* one of several questions, each of which has one line of output */
};

static const char waiting[] = "waiting for the DNS";

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

/* put_asker - add the process that has queried the DNS to a report, and not to an error */
static json_t *
put_asker(json_t *reply, const char *asker)
{
	if (reply != NULL && json_object_get(reply, "error") == NULL)
		json_object_set_new(reply, "queried_by", json_string(asker));
	return reply;
}

static json_t *
ask_dns_offline(const struct ctl *ctl, json_t *request, const struct spf_command_options *opts)
{
	char error[OFFLINE_ERROR_SIZE];
	json_t *report = offline_run(
	    ctl->settings, run_spf_query, request, ctl_timeout(ctl, OFFLINE_SECONDS), error);

	if (report == NULL)
		ctl_print_error(error);
	report = put_asker(report, "srsctl");
	return opts->json ? report : ctl_make_printable(report);
}

/* ask_daemon_or_dns - prefer the daemon, for its warm cache; if it fails, do not try it again */
static json_t *
ask_daemon_or_dns(const struct ctl *ctl, json_t *request, struct spf_command_options *opts)
{
	char error[CTL_ERROR_SIZE];
	json_t *reply;

	if (opts->offline)
		return ask_dns_offline(ctl, request, opts);
	reply = ctl_ask(ctl, request, choose_reply_form(opts), error);
	if (reply != NULL)
		return put_asker(reply, "daemon");
	progress_end();
	ctl_print_error(error);
	ctl_print_error("querying the DNS directly");
	opts->offline = true;
	progress_begin(waiting);
	return ask_dns_offline(ctl, request, opts);
}

static void
read_spf_options(struct spf_command_options *opts, const struct command_line *line)
{
	opts->engine = command_line_text(line, "engine");
	opts->json = command_line_has(line, "json");
	opts->offline = command_line_has(line, "offline");
	opts->record = command_line_text(line, "record");
	opts->srs_domain = command_line_text(line, "for");
}

/* set_request_text - add a member unless text is NULL; false for bytes that are not UTF-8 */
static bool
set_request_text(json_t *request, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(request, name, json_string(text)) == 0;
}

/* set_request_message - the client, the sender and perhaps the HELO name; false: error printed */
static bool
set_request_message(json_t *request, size_t n, char *const *words)
{
	char client[IPADDR_TEXT_SIZE], *sender, *helo = NULL;
	struct ipaddr ip;
	bool ok;

	if (!address_argument_client(&ip, "client", words[0], words[1]))
		return false;
	ipaddr_format(&ip, client);
	sender = address_argument_read("sender", words[1], ADDRESS_ARGUMENT_SPF);
	if (sender != NULL && n == 3)
		helo = address_argument_helo("helo", words[2]);
	ok = sender != NULL && (n < 3 || helo != NULL);
	if (ok && !(set_request_text(request, "ip", client) &&
		      set_request_text(request, "sender", sender) &&
		      set_request_text(request, "helo", helo))) {
		ctl_print_error("an argument is not UTF-8");
		ok = false;
	}
	free(sender);
	free(helo);
	return ok;
}

/* make_spf_request - NULL: an argument is wrong, and the error was printed */
static json_t *
make_spf_request(const struct spf_command_options *opts, size_t n, char *const *words)
{
	json_t *request = json_object();
	bool ok;

	ok = set_request_text(request, "command", "spf") &&
	     set_request_text(request, "for", opts->srs_domain) &&
	     set_request_text(request, "record", opts->record) &&
	     set_request_text(request, "engine", opts->engine);
	if (!ok)
		ctl_print_error("an argument is not UTF-8");
	if (ok && (n == 0 || set_request_message(request, n, words)))
		return request;
	json_decref(request);
	return NULL;
}

/*
 * is_reply_to - false for a daemon of an earlier version, which ignores what it does not know
 *
 * Its result would be that of the published record.
 */
static bool
is_reply_to(const json_t *reply, const struct spf_command_options *opts)
{
	return opts->record == NULL || json_object_get(reply, "record") != NULL;
}

/* print_asker - a daemon of an earlier version does not name its nameservers */
static void
print_asker(const json_t *reply)
{
	const json_t *servers = json_object_get(reply, "nameservers"), *server;
	bool is_daemon = strcmp(ctl_text(reply, "queried_by"), "daemon") == 0;
	size_t i;

	if (!json_is_array(servers))
		return;
	printf("%s queried ", is_daemon ? "the daemon" : "srsctl");
	json_array_foreach (servers, i, server)
		printf("%s%s", i == 0 ? "" : ", ", ctl_string(server));
	puts(json_array_size(servers) == 0 ? "the root servers" : "");
}

static void
print_tree(const json_t *reply)
{
	struct buffer out = { NULL, 0, 0 };
	struct terminal terminal;

	terminal_describe(&terminal, STDOUT_FILENO);
	spf_tree_add(&out, reply, &terminal);
	if (out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	buffer_free(&out);
	print_asker(reply);
}

static int
judge_identity(const json_t *identity)
{
	const char *result = ctl_text(identity, "result");

	if (strcmp(result, "pass") == 0)
		return CTL_OK;
	return strcmp(result, "temperror") == 0 ? CTL_UNKNOWN : CTL_FAILED;
}

/* judge_address - of --for: a pass must not depend on the sender */
static int
judge_address(const json_t *address)
{
	const json_t *identity = json_array_get(json_object_get(address, "identities"), 0);

	if (identity == NULL)
		return CTL_UNKNOWN;
	if (json_is_true(json_object_get(identity, "varies")))
		return CTL_FAILED;
	return judge_identity(identity);
}

/* judge_addresses - one that does not pass decides, then one that is not known */
static int
judge_addresses(const json_t *addresses)
{
	int all = CTL_OK, one;
	const json_t *address;
	size_t i;

	json_array_foreach (addresses, i, address) {
		one = judge_address(address);
		if (one == CTL_FAILED || all == CTL_OK)
			all = one;
	}
	return all;
}

/* judge_reply - the sender decides; without a sender, the HELO name */
static int
judge_reply(const json_t *reply, const struct spf_command_options *opts)
{
	const json_t *identities = json_object_get(reply, "identities");
	size_t n = json_array_size(identities);

	if (opts->srs_domain != NULL)
		return judge_addresses(json_object_get(reply, "addresses"));
	return judge_identity(n == 0 ? NULL : json_array_get(identities, n - 1));
}

/* print_verdict - of one of several questions, in one line */
static void
print_verdict(const json_t *reply)
{
	const json_t *identities = json_object_get(reply, "identities"), *identity;
	const char *helo = ctl_text(reply, "helo"), *mechanism;
	size_t i;

	printf("%s %s%s%s", ctl_text(reply, "ip"), ctl_text(reply, "sender"),
	    helo[0] == '\0' ? "" : " ", helo);
	json_array_foreach (identities, i, identity) {
		mechanism = ctl_text(identity, "mechanism");
		printf("%s%s %s%s%s", i == 0 ? "\t" : ", ", ctl_text(identity, "identity"),
		    ctl_text(identity, "result"), mechanism[0] == '\0' ? "" : " by ", mechanism);
	}
	putchar('\n');
}

static void
print_spf_reply(const json_t *reply, const struct spf_command_options *opts, bool failed)
{
	if (opts->json && opts->batch)
		ctl_print_json_line(reply);
	else if (opts->json)
		ctl_print_json(reply);
	else if (!failed && opts->batch)
		print_verdict(reply);
	else if (!failed)
		print_tree(reply);
}

static int
show_spf_reply(const json_t *reply, const struct spf_command_options *opts)
{
	bool failed = json_object_get(reply, "error") != NULL;

	if (!failed && !is_reply_to(reply, opts)) {
		ctl_print_error("the daemon does not know --record: restart it, or use --offline");
		return CTL_UNKNOWN;
	}
	print_spf_reply(reply, opts, failed);
	if (!failed)
		return judge_reply(reply, opts);
	ctl_print_reply_error(reply);
	return CTL_UNKNOWN;
}

static int
ask_spf(const struct ctl *ctl, struct spf_command_options *opts, size_t n, char *const *words)
{
	json_t *request = make_spf_request(opts, n, words), *reply;
	int status = CTL_UNKNOWN;

	if (request == NULL)
		return CTL_USAGE;
	progress_begin(waiting);
	reply = ask_daemon_or_dns(ctl, request, opts);
	progress_end();
	if (reply != NULL)
		status = show_spf_reply(reply, opts);
	json_decref(request);
	json_decref(reply);
	return status;
}

static bool
is_null_sender(const char *sender)
{
	return sender[0] == '\0' || strcmp(sender, "<>") == 0;
}

/* find_question_fault - in the number of words of "CLIENT SENDER [HELO]"; NULL: it is right */
static const char *
find_question_fault(size_t n, char *const *words)
{
	if (n < 2)
		return n == 0 ? "the client and the sender are missing" : "the sender is missing";
	if (n > MOST_WORDS)
		return "there are more words than client, sender and HELO name";
	if (n == 2 && is_null_sender(words[1]))
		return "a null sender is checked by its HELO name, which is missing";
	return NULL;
}

/* split_words - at blanks; one more than a question has shows that there are too many */
static size_t
split_words(char *text, char *words[MOST_WORDS + 1])
{
	size_t n = 0;

	while (n <= MOST_WORDS && (words[n] = strsep(&text, " \t")) != NULL)
		n += words[n][0] != '\0';
	return n;
}

/* ask_spf_lines - the status is that of the worst answer; a wrong line does not end the others */
static int
ask_spf_lines(
    const struct ctl *ctl, struct spf_command_options *opts, const struct command_line *line)
{
	struct input_line input = { .text = NULL };
	char *words[MOST_WORDS + 1];
	int all = CTL_OK, one;
	const char *fault;
	size_t n;

	opts->batch = true;
	while (input_line_read(&input)) {
		n = split_words(input.text, words);
		fault = find_question_fault(n, words);
		one = fault == NULL ? ask_spf(ctl, opts, n, words)
				    : ctl_usage(line, "line %u: %s", input.number, fault);
		all = one > all ? one : all;
		if (!standard_files_flush_output())
			break;
	}
	input_line_free(&input);
	return all;
}

int
ctl_spf(const struct ctl *ctl, const struct command_line *line)
{
	struct spf_command_options opts = { .engine = NULL };
	const char *fault;

	read_spf_options(&opts, line);
	if (opts.srs_domain != NULL && (line->n > 0 || opts.engine != NULL))
		return ctl_usage(line, "--for takes no arguments, and no --engine");
	if (opts.srs_domain != NULL &&
	    (opts.srs_domain[0] == '\0' || strchr(opts.srs_domain, '@') != NULL))
		return ctl_usage(line, "--for: '%s' is not a domain", opts.srs_domain);
	if (opts.srs_domain != NULL)
		return ask_spf(ctl, &opts, 0, NULL);
	if (line->n == 1 && input_line_is_meant(line->arguments[0]))
		return ask_spf_lines(ctl, &opts, line);
	fault = find_question_fault(line->n, line->arguments);
	if (fault != NULL)
		return ctl_usage(line, "%s; see srsctl help spf", fault);
	return ask_spf(ctl, &opts, line->n, line->arguments);
}
