/* SPDX-License-Identifier: ISC */
/*
 * srsctl explain - what srsd would do, and why: the policy service by the running daemon, and the
 * milter from the configuration and the secrets alone.
 */
#include <sys/types.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/privdrop.h"
#include "common/xmalloc.h"
#include "conf/config.h"
#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/confined.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/explain_gate.h"
#include "srsd/ctl/explain_message.h"
#include "srsd/ctl/program.h"

/* The milter reads no more of a header; the rest of a message is not read. */
#define MESSAGE_MAX ((size_t)1024 * 1024)

/* For the whole explanation: the DNS may be slow. */
#define EXPLAIN_SECONDS 120

struct explain_options {
	const char *message; /* path; "-": standard input */
	char *sender, *recipient, *original;
	struct ipaddr client;
	bool json;
};

static void
free_explain_options(struct explain_options *opts)
{
	free(opts->sender);
	free(opts->recipient);
	free(opts->original);
}

/* has_message_option - one that is of use with --message only? */
static bool
has_message_option(const struct explain_options *opts)
{
	return opts->sender != NULL || opts->recipient != NULL || opts->original != NULL ||
	       opts->client.family != 0;
}

/* read_address_option - without its angle brackets; false after an error */
static bool
read_address_option(char **address, const struct command_line *line, const char *name,
    enum address_argument_form form)
{
	const char *value = command_line_text(line, name);
	char option[32];

	if (value == NULL)
		return true;
	snprintf(option, sizeof(option), "--%s", name);
	*address = address_argument_read(option, value, form);
	return *address != NULL;
}

/* read_original_option - an address, or the value of ORCPT as it is: rfc822;a@x.org */
static bool
read_original_option(char **original, const struct command_line *line)
{
	const char *value = command_line_text(line, "orcpt");

	if (value == NULL || strchr(value, ';') == NULL)
		return read_address_option(original, line, "orcpt", ADDRESS_ARGUMENT_RECIPIENT);
	*original = xstrdup(value);
	return true;
}

/* read_explain_options - CTL_OK; or CTL_USAGE after an error. The caller frees them. */
static int
read_explain_options(struct explain_options *opts, const struct command_line *line)
{
	const char *client = command_line_text(line, "client");

	opts->json = command_line_has(line, "json");
	opts->message = command_line_text(line, "message");
	if (!read_address_option(&opts->sender, line, "sender", ADDRESS_ARGUMENT_SENDER) ||
	    !read_address_option(&opts->recipient, line, "recipient", ADDRESS_ARGUMENT_RECIPIENT) ||
	    !read_original_option(&opts->original, line))
		return CTL_USAGE;
	if (client != NULL && !address_argument_client(&opts->client, "--client", client, NULL))
		return CTL_USAGE;
	if (opts->message != NULL && line->n > 0)
		return ctl_usage(line, "unexpected argument '%s' with --message",
		    command_line_argument(line, 0));
	if (opts->message == NULL && line->n < 3)
		return ctl_usage(
		    line, "an argument is missing: CLIENT SENDER RECIPIENT, or --message FILE");
	if (opts->message == NULL && has_message_option(opts))
		return ctl_usage(line, "an option that describes a message needs --message FILE");
	return CTL_OK;
}

/* read_some - at most MESSAGE_MAX bytes; false with errno */
static bool
read_some(int fd, struct explain_request *request)
{
	ssize_t n = 1;

	request->message = xmalloc(MESSAGE_MAX);
	while (n > 0 && request->len < MESSAGE_MAX) {
		n = read(fd, request->message + request->len, MESSAGE_MAX - request->len);
		if (n == -1 && errno == EINTR)
			n = 1;
		else if (n > 0)
			request->len += (size_t)n;
	}
	return n >= 0;
}

static bool
read_message_file(const char *path, struct explain_request *request)
{
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	bool ok = fd != -1 && read_some(fd, request);

	if (!ok)
		fprintf(stderr, "srsctl: %s: %s\n", path, strerror(errno));
	if (fd != -1 && fd != STDIN_FILENO)
		close(fd);
	return ok;
}

/* load_explain_keys - NULL with a reason in error */
static struct srs_keys *
load_explain_keys(const struct settings *settings, char *error, size_t size)
{
	const char *instead, *why;
	struct identity daemon;

	if (access(settings->secrets_file, R_OK) == -1) {
		snprintf(error, size, "%s: %s", settings->secrets_file, strerror(errno));
		return NULL;
	}
	if (!privdrop_daemon(&daemon, settings->unprivileged_user, &instead, &why)) {
		snprintf(
		    error, size, "unprivileged-user '%s': %s", settings->unprivileged_user, why);
		return NULL;
	}
	return srs_keys_load(NULL, settings->secrets_file, &daemon, error, size);
}

/* find_postfix_hostname - the name in the Received fields of Postfix; "" without Postfix */
static char *
find_postfix_hostname(void)
{
	static const char *const argv[] = { "postconf", "-hx", "myhostname", NULL };
	struct program program;
	const char *error;
	char *name;

	if (!program_run(&program, argv, &error))
		return xstrdup("");
	program.out[strcspn(program.out, "\n")] = '\0';
	name = xstrdup(program.status == 0 ? program.out : "");
	program_free(&program);
	return name;
}

static json_t *
run_explanation(void *arg)
{
	return explain_message(NULL, arg);
}

static json_t *
run_offline_explanation(struct offline *offline, void *arg)
{
	return explain_message(offline, arg);
}

/* explain_confined - with the DNS if the SRS domain may depend on it */
static json_t *
explain_confined(struct explain_request *request, unsigned seconds, char error[CONFINED_ERROR_SIZE])
{
	const struct confined_work work = {
		.run = run_explanation,
		.arg = request,
		.seconds = seconds,
		.doing = "reads the message",
	};
	const char *user = request->settings->unprivileged_user, *instead, *why;
	struct identity id;

	if (strcmp(request->settings->per_domain, "off") != 0)
		return offline_run(
		    request->settings, run_offline_explanation, request, seconds, error);
	if (privdrop_daemon(&id, user, &instead, &why))
		return confined_run(&work, &id, error);
	snprintf(error, CONFINED_ERROR_SIZE, "unprivileged-user '%s': %s", user, why);
	return NULL;
}

/* print_member - a line of the explanation, and the reason for it; nothing for null */
static void
print_member(const json_t *reply, const char *title, const char *name, const char *why)
{
	const char *reason = why == NULL ? "" : ctl_text(reply, why);

	if (json_is_string(json_object_get(reply, name)))
		printf("%-12s%s%s%s\n", title, ctl_text(reply, name), reason[0] == '\0' ? "" : ": ",
		    reason);
}

static void
print_path(const json_t *reply, const char *title, const char *name)
{
	if (json_is_string(json_object_get(reply, name)))
		printf("%-12s<%s>\n", title, ctl_text(reply, name));
}

static void
print_from(const json_t *reply)
{
	const json_t *domains = json_object_get(reply, "from"), *domain;
	const char *problem = ctl_text(reply, "from_problem");
	size_t i;

	if (!json_is_array(domains))
		return;
	printf("%-12s", "From:");
	json_array_foreach (domains, i, domain)
		printf("%s%s", i == 0 ? "" : ", ", ctl_string(domain));
	if (problem[0] != '\0')
		printf("%sunknown domain: %s", json_array_size(domains) == 0 ? "" : ", ", problem);
	putchar('\n');
}

static void
print_explanation(const json_t *reply)
{
	const json_t *notes = json_object_get(reply, "notes"), *note;
	size_t i;

	print_path(reply, "sender", "sender");
	print_path(reply, "recipient", "recipient");
	print_path(reply, "orcpt", "orcpt");
	print_member(reply, "client", "client", NULL);
	print_member(reply, "kind", "kind", "why");
	print_member(reply, "auth", "auth", "auth_why");
	print_from(reply);
	print_member(reply, "candidate", "candidate", "candidate_state");
	print_member(reply, "srs domain", "srs_domain", "reason_why");
	print_member(reply, "result", "result",
	    json_is_string(json_object_get(reply, "srs_domain")) ? NULL : "reason_why");
	print_path(reply, "mail from", "mail_from");
	json_array_foreach (notes, i, note)
		printf("%-12s%s\n", i == 0 ? "note" : "", ctl_string(note));
}

/* show_explanation - its only error is an option that the message makes necessary */
static int
show_explanation(json_t *reply, bool as_json)
{
	if (ctl_print_reply_error(reply)) {
		json_decref(reply);
		return CTL_USAGE;
	}
	if (!as_json)
		reply = ctl_make_printable(reply);
	if (as_json)
		ctl_print_json(reply);
	else
		print_explanation(reply);
	json_decref(reply);
	return CTL_OK;
}

static int
run_explain(const struct ctl *ctl, const struct explain_options *opts)
{
	char keys_error[CONFIG_ERROR_SIZE] = "", error[CONFINED_ERROR_SIZE];
	struct explain_request request = {
		.settings = ctl->settings,
		.keys_error = keys_error,
		.sender = opts->sender,
		.recipient = opts->recipient,
		.original = opts->original,
		.client = opts->client,
		.now = time(NULL),
	};
	char *hostname = find_postfix_hostname();
	int status = CTL_UNKNOWN;
	json_t *reply;

	request.hostname = hostname;
	request.keys = load_explain_keys(ctl->settings, keys_error, sizeof(keys_error));
	if (read_message_file(opts->message, &request)) {
		reply = explain_confined(&request, ctl_timeout(ctl, EXPLAIN_SECONDS), error);
		if (reply == NULL)
			ctl_print_error(error);
		else
			status = show_explanation(reply, opts->json);
	}
	free(request.message);
	free(hostname);
	srs_keys_free(&request.keys);
	return status;
}

int
ctl_explain(const struct ctl *ctl, const struct command_line *line)
{
	struct explain_options opts = { .message = NULL };
	int status = read_explain_options(&opts, line);

	if (status == CTL_OK && opts.message == NULL)
		status = explain_gate(ctl, line->arguments, (int)line->n, opts.json);
	else if (status == CTL_OK)
		status = run_explain(ctl, &opts);
	free_explain_options(&opts);
	return status;
}
