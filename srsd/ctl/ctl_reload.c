/* SPDX-License-Identifier: ISC */
/*
 * srsctl reload - make the daemon read its files again, and print its error if it refuses them.
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
