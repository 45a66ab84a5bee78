/* SPDX-License-Identifier: ISC */
/*
 * srsctl reload - have the daemon read its files anew, and tell what came of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "srsd/ctl.h"

int
ctl_reload(const struct ctl *ctl, int argc, char **argv)
{
	json_t *request, *reply;
	const char *error;
	int status = CTL_OK;

	(void)argv;
	if (argc != 1)
		return ctl_usage("reload");
	request = json_pack("{s:s}", "command", "reload");
	reply = ctl_ask(ctl, request, &error);
	if (reply == NULL) {
		ctl_say_unreachable(ctl, error);
		status = CTL_USAGE;
	} else if ((error = json_string_value(json_object_get(reply, "error"))) != NULL) {
		fprintf(stderr, "srsctl: %s\n", error);
		status = CTL_FAILED;
	}
	json_decref(request);
	json_decref(reply);
	return status;
}
