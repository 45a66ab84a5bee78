/* SPDX-License-Identifier: ISC */
/*
 * srsctl forward, srsctl reverse - ask a map for an address, and print its answer or the reason
 * for it. With "-", the addresses are those of standard input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/standard_files.h"
#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/input_line.h"
#include "srsd/ctl/reverse_details.h"

static void
print_map_reply(const json_t *reply)
{
	const char *address = json_string_value(json_object_get(reply, "address"));
	const char *secret = json_string_value(json_object_get(reply, "secret"));
	const char *reason = json_string_value(json_object_get(reply, "reason"));
	const char *hint = json_string_value(json_object_get(reply, "hint"));

	if (address != NULL)
		printf("%s%s%s%s\n", address, secret == NULL ? "" : "  signed with ",
		    secret == NULL ? "" : secret,
		    json_is_false(json_object_get(reply, "stored"))
			? "  alias of a sender that the map stores, and srsctl does not"
			: "");
	else
		printf("not rewritten: %s%s%s\n", reason == NULL ? "?" : reason,
		    hint == NULL ? "" : ": ", hint == NULL ? "" : hint);
}

static void
print_map_json(json_t *reply, const char *query, bool in_one_line)
{
	json_object_set_new(reply, "query", json_string(query));
	if (in_one_line)
		ctl_print_json_line(reply);
	else
		ctl_print_json(reply);
}

static void
show_map_reply(json_t *reply, const char *address, bool as_json, bool batch)
{
	if (as_json) {
		print_map_json(reply, address, batch);
		return;
	}
	if (batch)
		ctl_print_query(address);
	print_map_reply(reply);
	if (!batch && !json_is_string(json_object_get(reply, "address")))
		reverse_details_print(reply);
}

/* ask_about_address - batch: one of several addresses, each of which has one line of output */
static int
ask_about_address(
    const struct ctl *ctl, const char *map, const char *given, bool as_json, bool batch)
{
	char *address = address_argument_read("address", given, ADDRESS_ARGUMENT_SENDER);
	int status = CTL_USAGE;
	json_t *reply = NULL;

	if (address != NULL)
		status = ctl_ask_for(ctl, map, address, as_json ? CTL_AS_JSON : CTL_SHOWN, &reply);
	if (status == CTL_FAILED)
		status = CTL_UNKNOWN;
	if (status == CTL_OK) {
		show_map_reply(reply, address, as_json, batch);
		if (!json_is_string(json_object_get(reply, "address")))
			status = CTL_FAILED;
	}
	json_decref(reply);
	free(address);
	return status;
}

/* ask_about_lines - the status is that of the worst answer */
static int
ask_about_lines(const struct ctl *ctl, const char *map, bool as_json)
{
	struct input_line line = { .text = NULL };
	int all = CTL_OK, one;

	while (all != CTL_UNKNOWN && input_line_read(&line)) {
		one = ask_about_address(ctl, map, line.text, as_json, true);
		all = one > all ? one : all;
		if (!standard_files_flush_output())
			break;
	}
	input_line_free(&line);
	return all;
}

static int
run_lookup(const struct ctl *ctl, const char *map, const struct command_line *line)
{
	const char *address = command_line_argument(line, 0);
	bool as_json = command_line_has(line, "json");

	if (input_line_is_meant(address))
		return ask_about_lines(ctl, map, as_json);
	return ask_about_address(ctl, map, address, as_json, false);
}

int
ctl_forward(const struct ctl *ctl, const struct command_line *line)
{
	return run_lookup(ctl, "forward", line);
}

int
ctl_reverse(const struct ctl *ctl, const struct command_line *line)
{
	return run_lookup(ctl, "reverse", line);
}
