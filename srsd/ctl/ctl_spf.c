/* SPDX-License-Identifier: ISC */
/*
 * srsctl spf - check SPF, and explain the result.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/offline.h"
#include "srsd/ctl/progress.h"
#include "srsd/ctl/spf_tree.h"

#define USAGE                                                                         \
	"spf [--engine native|libspf2|both] [--json] [--offline] [--record text]\n"   \
	"           client-ip sender [helo]\n"                                        \
	"       srsctl [-f file] [-s socket] spf --for domain [--json] [--offline]\n" \
	"           [--record text]"

/* Longer than any lookup-time, and than an spf_outbound. */
#define OFFLINE_SECONDS 120

struct spf_command_options {
	const char *engine;
	const char *record;     /* or NULL */
	const char *srs_domain; /* of --for, or NULL */
	bool json;
	bool offline;
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
	json_t *report = offline_run(ctl->settings, run_spf_query, request, OFFLINE_SECONDS, error);

	if (report == NULL)
		ctl_print_error(error);
	report = put_asker(report, "srsctl");
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
		return put_asker(reply, "daemon");
	progress_end();
	ctl_print_error(error);
	ctl_print_error("querying the DNS directly");
	progress_begin(waiting);
	return ask_dns_offline(ctl, request, opts);
}

static bool
parse_spf_options(struct spf_command_options *opts, int argc, char **argv)
{
	static const struct option names[] = {
		{ "engine", required_argument, NULL, 'e' },
		{ "for", required_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "offline", no_argument, NULL, 'o' },
		{ "record", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case 'e':
			opts->engine = optarg;
			break;
		case 'f':
			opts->srs_domain = optarg;
			break;
		case 'j':
			opts->json = true;
			break;
		case 'o':
			opts->offline = true;
			break;
		case 'r':
			opts->record = optarg;
			break;
		default:
			return false;
		}
	}
	if (opts->srs_domain != NULL)
		return argc == optind && opts->engine == NULL;
	return argc - optind == 2 || argc - optind == 3;
}

/* set_request_text - add a member unless text is NULL; false for bytes that are not UTF-8 */
static bool
set_request_text(json_t *request, const char *name, const char *text)
{
	return text == NULL || json_object_set_new(request, name, json_string(text)) == 0;
}

/* set_request_message - the client, the sender and perhaps the HELO name; false: error printed */
static bool
set_request_message(json_t *request, int argc, char **argv)
{
	char client[IPADDR_TEXT_SIZE], *sender, *helo = NULL;
	struct ipaddr ip;
	bool ok;

	if (!address_argument_client(&ip, "client-ip", argv[0], argv[1]))
		return false;
	ipaddr_format(&ip, client);
	sender = address_argument_read("sender", argv[1], ADDRESS_ARGUMENT_DOMAIN);
	if (sender != NULL && argc == 3)
		helo = address_argument_host("helo", argv[2]);
	ok = sender != NULL && (argc < 3 || helo != NULL);
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
make_spf_request(const struct spf_command_options *opts, int argc, char **argv)
{
	json_t *request = json_object();
	bool ok;

	ok = set_request_text(request, "command", "spf") &&
	     set_request_text(request, "for", opts->srs_domain) &&
	     set_request_text(request, "record", opts->record) &&
	     set_request_text(request, "engine", opts->engine);
	if (!ok)
		ctl_print_error("an argument is not UTF-8");
	if (ok && (argc == 0 || set_request_message(request, argc, argv)))
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

static int
show_spf_reply(const json_t *reply, const struct spf_command_options *opts)
{
	bool failed = json_object_get(reply, "error") != NULL;

	if (!failed && !is_reply_to(reply, opts)) {
		ctl_print_error("the daemon does not know --record: restart it, or use --offline");
		return CTL_USAGE;
	}
	if (opts->json)
		ctl_print_json(reply);
	else if (!failed)
		print_tree(reply);
	if (!failed)
		return judge_reply(reply, opts);
	ctl_print_reply_error(reply);
	return CTL_USAGE;
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
	if (request == NULL)
		return CTL_USAGE;
	progress_begin(waiting);
	reply = ask_daemon_or_dns(ctl, request, &opts);
	progress_end();
	if (reply != NULL)
		status = show_spf_reply(reply, &opts);
	json_decref(request);
	json_decref(reply);
	return status;
}
