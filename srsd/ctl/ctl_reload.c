/* SPDX-License-Identifier: ISC */
/*
 * srsctl reload - have the daemon read its files anew, and tell what came of it.
 */
#include "srsd/ctl/ctl.h"

int
ctl_reload(const struct ctl *ctl, int argc, char **argv)
{
	json_t *reply;
	int status;

	(void)argv;
	if (argc != 1)
		return ctl_usage("reload");
	status = ctl_ask_for(ctl, "reload", NULL, CTL_SHOWN, &reply);
	json_decref(reply);
	return status;
}
