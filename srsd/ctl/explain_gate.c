/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/explain_gate.h"

/* The arguments, as the daemon gets them. */
struct gate_arguments {
	char client[IPADDR_TEXT_SIZE];
	char *sender, *recipient;
	char *helo; /* NULL: none was given */
};

/* read_gate_arguments - false: one is wrong, and the error was printed */
static bool
read_gate_arguments(struct gate_arguments *read, char *const *arguments, int n)
{
	struct ipaddr client;

	if (!address_argument_client(&client, "client", arguments[0], arguments[1]))
		return false;
	ipaddr_format(&client, read->client);
	read->sender = address_argument_read("sender", arguments[1], ADDRESS_ARGUMENT_SENDER);
	if (read->sender == NULL)
		return false;
	read->recipient =
	    address_argument_read("recipient", arguments[2], ADDRESS_ARGUMENT_RECIPIENT);
	if (read->recipient == NULL || n < 4)
		return read->recipient != NULL;
	read->helo = address_argument_helo("helo", arguments[3]);
	return read->helo != NULL;
}

static void
print_gate_step(const json_t *step)
{
	printf("%-14s  %-16s  %s\n",
	    json_is_true(json_object_get(step, "applies")) ? "applies" : "does not apply",
	    ctl_text(step, "step"), ctl_text(step, "text"));
}

static void
print_gate_text(const json_t *reply, const char *name)
{
	if (json_object_get(reply, name) != NULL)
		printf("%-14s  %s\n", name, ctl_text(reply, name));
}

void
explain_gate_print(const json_t *reply)
{
	const json_t *step;
	size_t i;

	print_gate_text(reply, "client");
	print_gate_text(reply, "helo");
	printf("%-14s  <%s>\n", "sender", ctl_text(reply, "sender"));
	printf("%-14s  <%s>\n", "recipient", ctl_text(reply, "recipient"));
	print_gate_text(reply, "section");
	json_array_foreach (json_object_get(reply, "steps"), i, step)
		print_gate_step(step);
	print_gate_text(reply, "action");
	print_gate_text(reply, "reason");
	print_gate_text(reply, "would");
	print_gate_text(reply, "answer");
}

/* judge_gate_action - the exit status */
static int
judge_gate_action(const json_t *reply)
{
	const char *action = ctl_text(reply, "action");

	return strcmp(action, "reject") == 0 || strcmp(action, "defer") == 0 ? CTL_FAILED : CTL_OK;
}

static int
ask_gate(const struct ctl *ctl, const struct gate_arguments *read, bool as_json)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:s, s:s*}", "command", "explain", "client",
	    read->client, "sender", read->sender, "recipient", read->recipient, "helo", read->helo);
	json_t *reply;
	char error[CTL_ERROR_SIZE];
	int status = CTL_UNKNOWN;

	if (request == NULL) {
		ctl_print_error("an argument is not UTF-8");
		return CTL_USAGE;
	}
	reply = ctl_ask(ctl, request, as_json ? CTL_AS_JSON : CTL_SHOWN, error);
	if (reply == NULL) {
		ctl_print_error(error);
	} else if (!ctl_print_reply_error(reply)) {
		status = judge_gate_action(reply);
		if (as_json)
			ctl_print_json(reply);
		else
			explain_gate_print(reply);
	}
	json_decref(reply);
	json_decref(request);
	return status;
}

int
explain_gate(const struct ctl *ctl, char *const *arguments, int n, bool as_json)
{
	struct gate_arguments read = { .sender = NULL };
	int status = CTL_USAGE;

	if (read_gate_arguments(&read, arguments, n))
		status = ask_gate(ctl, &read, as_json);
	free(read.sender);
	free(read.recipient);
	free(read.helo);
	return status;
}
