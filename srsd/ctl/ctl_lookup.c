/* SPDX-License-Identifier: ISC */
/*
 * srsctl forward, srsctl reverse - ask a map for an address, and print its answer or the reason
 * for it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "srsd/ctl/address_argument.h"
#include "srsd/ctl/ctl.h"
#include "srsd/ctl/reverse_details.h"

static int
print_map_answer(const struct ctl *ctl, const char *map, int argc, char **argv)
{
	const char *address, *secret, *reason, *hint;
	char usage[64];
	char *asked;
	json_t *reply;
	int status;

	snprintf(usage, sizeof(usage), "%s address", map);
	if (argc != 2)
		return ctl_usage(usage);
	asked = address_argument_read("address", argv[1], ADDRESS_ARGUMENT_SENDER);
	if (asked == NULL)
		return CTL_USAGE;
	status = ctl_ask_for(ctl, map, asked, CTL_SHOWN, &reply);
	free(asked);
	if (status != CTL_OK)
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
	if (address == NULL)
		reverse_details_print(reply);
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
