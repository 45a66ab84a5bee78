/* SPDX-License-Identifier: ISC */
/*
 * srsctl forward, srsctl reverse - ask a map for an address, and print its answer or the reason
 * for it.
 */
#include <stdio.h>
#include <string.h>

#include "srsd/ctl/ctl.h"

static int
print_map_answer(const struct ctl *ctl, const char *map, int argc, char **argv)
{
	const char *address, *secret, *reason, *hint;
	char usage[64];
	json_t *reply;

	snprintf(usage, sizeof(usage), "%s address", map);
	if (argc != 2)
		return ctl_usage(usage);
	if (ctl_ask_for(ctl, map, argv[1], CTL_SHOWN, &reply) != CTL_OK)
		return CTL_USAGE;
	address = json_string_value(json_object_get(reply, "address"));
	secret = json_string_value(json_object_get(reply, "secret"));
	reason = json_string_value(json_object_get(reply, "reason"));
	hint = json_string_value(json_object_get(reply, "hint"));
	if (address != NULL)
		printf("%s%s%s%s\n", address, secret == NULL ? "" : "  signed with ",
		    secret == NULL ? "" : secret,
		    json_is_false(json_object_get(reply, "stored"))
			? "  alias of a sender that the map stores, and srsctl does not"
			: "");
	else
		printf("not rewritten: %s%s%s\n", reason == NULL ? "?" : reason,
		    hint == NULL ? "" : ": ", hint == NULL ? "" : hint);
	json_decref(reply);
	return address == NULL ? CTL_FAILED : CTL_OK;
}

int
ctl_forward(const struct ctl *ctl, int argc, char **argv)
{
	return print_map_answer(ctl, "forward", argc, argv);
}

int
ctl_reverse(const struct ctl *ctl, int argc, char **argv)
{
	return print_map_answer(ctl, "reverse", argc, argv);
}
